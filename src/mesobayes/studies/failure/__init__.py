# SPDX-License-Identifier: GPL-3.0-or-later
"""Failure of porous bars (Bridgman et al. 2022)."""
