# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between a plate and its stress image."""


class MeshError(RuntimeError):
    """A plate could not be meshed."""


class SolveError(RuntimeError):
    """A linear system was singular or its solution missed the accuracy asked for."""
