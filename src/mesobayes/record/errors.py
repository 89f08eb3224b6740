# SPDX-License-Identifier: GPL-3.0-or-later
"""The project's own errors: each message says what is wrong, where, and what to do."""


class MesobayesError(Exception):
    """Base of the errors that a user can act on; the message is one clear sentence or two."""


class StoreError(MesobayesError):
    """A data store cannot be written, or holds something else than what its reader needs."""


class SettingsError(MesobayesError):
    """A key or a value of the configuration is wrong."""
