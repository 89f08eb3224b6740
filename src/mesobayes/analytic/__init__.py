# SPDX-License-Identifier: GPL-3.0-or-later
"""Plane elasticity around holes in closed and semi-analytic form. Import from the modules."""
