# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips at finite strain (section 4.2): solved, merged and cut like the plates."""
