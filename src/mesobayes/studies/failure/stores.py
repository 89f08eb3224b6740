# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts of the stores of the failure study: who reads one need not load what writes it."""

SPECIMENS = "failure/specimens"
HISTORIES = "failure/histories"
PERTURBED = "failure/perturbed"
READING = "failure/reading"
FIT = "failure/fit"
SCORES = "failure/scores"
REFERENCE = "failure/reference"
CANDIDATES = "failure/candidates"
RANKED = "failure/ranked"
PLACES = "failure/places"
PLACE_TIMES = "failure/place_times"
