# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of Bridgman et al. 2022; pure functions from data sets to matplotlib figures."""
