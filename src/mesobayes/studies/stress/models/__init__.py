# SPDX-License-Identifier: GPL-3.0-or-later
"""The fits behind the figures: what each learns from, how it is told to the loop, what it predicts."""
