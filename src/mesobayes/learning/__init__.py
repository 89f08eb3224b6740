# SPDX-License-Identifier: GPL-3.0-or-later
"""Fitting networks and predicting with them. Import from the modules."""
