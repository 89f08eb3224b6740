# SPDX-License-Identifier: GPL-3.0-or-later
"""The three conditions on the edge of a cell that satisfy the Hill-Mandel condition."""

from typing import Literal

Boundary = Literal["periodic", "dirichlet", "neumann"]
"""Aldakheel et al. 2023, section 2.2: periodic fluctuations (1b), none (1a), uniform normal flux (2)."""
