# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures and tables of Aldakheel et al. 2023."""
