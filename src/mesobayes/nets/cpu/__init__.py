# SPDX-License-Identifier: GPL-3.0-or-later
"""Equal forms of the plain convolutions that XLA computes faster on a CPU."""
