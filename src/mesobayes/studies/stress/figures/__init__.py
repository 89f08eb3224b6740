# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of Krokos et al. 2022."""
