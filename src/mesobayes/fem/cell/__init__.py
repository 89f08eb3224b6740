# SPDX-License-Identifier: GPL-3.0-or-later
"""Apparent permeability of periodic two-phase cells."""
