# SPDX-License-Identifier: GPL-3.0-or-later
"""Stress in porous plates (Krokos et al. 2022)."""
