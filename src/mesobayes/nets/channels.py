# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels of the inputs of stress networks: macroscopic stress, solid mask, solid area fraction."""

STRESS_CHANNELS = slice(0, 3)  # sxx, syy, sxy in units of the patch scale
SOLID_CHANNEL = 3  # 1 in material, 0 in void
COVERAGE_CHANNEL = 4  # solid area fraction of the pixel, in [0, 1]
CHANNELS = 5

# The network `local` sees the pixels of the region of interest only. Its first five channels mean the same,
# with the stress in the frame of the nearest edge (snn, stt, snt); then come eight more numbers on edges, and
# what the pores add by mechanics.
FEATURE_CHANNELS = slice(4, 13)
SINE_CHANNEL = 5  # of the angle between the normals of the two nearest edges
PRIOR_CHANNELS = slice(13, 16)  # what the pores add to the stress, in the same frame and unit
LOCAL_CHANNELS = 16
