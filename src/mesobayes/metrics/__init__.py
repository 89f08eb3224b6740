# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores, intervals and baselines, on plain arrays."""
