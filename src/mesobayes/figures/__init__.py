# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures and tables of the papers: one module per paper, one style, one registry."""
