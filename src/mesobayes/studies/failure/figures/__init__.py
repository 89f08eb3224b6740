# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures and tables of Bridgman et al. 2022."""
