# SPDX-License-Identifier: GPL-3.0-or-later
"""Permeability of two-phase cells (Aldakheel et al. 2023)."""
