# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels of the inputs of stress networks: macroscopic stress, solid mask, solid area fraction."""

STRESS_CHANNELS = slice(0, 3)  # sxx, syy, sxy in units of the patch scale
SOLID_CHANNEL = 3  # 1 in material, 0 in void
COVERAGE_CHANNEL = 4  # solid area fraction of the pixel, in [0, 1]
CHANNELS = 5
