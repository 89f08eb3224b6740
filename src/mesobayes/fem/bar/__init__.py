# SPDX-License-Identifier: GPL-3.0-or-later
"""Porous bars of a viscoplastic metal, pulled to failure."""
