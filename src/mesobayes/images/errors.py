# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be wrong with a user's image."""

from mesobayes.record.errors import MesobayesError


class ImageError(MesobayesError):
    """A user's image cannot be used; the message says why and what to do."""
