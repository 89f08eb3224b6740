# SPDX-License-Identifier: GPL-3.0-or-later
"""Selective learning (section 4.3): what is labelled next, chains of fits, learning curves."""
