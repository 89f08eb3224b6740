# SPDX-License-Identifier: GPL-3.0-or-later
"""Intervals of predicted stresses: calibrated on held-out structures, tested on others."""
