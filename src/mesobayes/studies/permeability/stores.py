# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts of the stores of the permeability study: who reads one need not load what writes it."""

CELLS = "permeability/cells"  # of batches and of the whole data set
FIT = "permeability/fit"
TIMING = "permeability/timing"
MECHANICS = "permeability/mechanics"
STOPPED = "permeability/stopped"
CURVE = "permeability/curve"
COSTS = "permeability/costs"
COVERAGE = "permeability/coverage"
