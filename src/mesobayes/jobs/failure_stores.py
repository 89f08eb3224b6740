# SPDX-License-Identifier: GPL-3.0-or-later
"""Layouts of the stores of the failure study: a job that reads one need not import the job that writes it."""

SPECIMENS = "failure/specimens"
HISTORIES = "failure/histories"
PERTURBED = "failure/perturbed"
READING = "failure/reading"
FIT = "failure/fit"
SCORES = "failure/scores"
REFERENCE = "failure/reference"
