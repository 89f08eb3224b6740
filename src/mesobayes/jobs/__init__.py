# SPDX-License-Identifier: GPL-3.0-or-later
"""One module per rule of the workflow: read stores, call the study, write a store or a figure.

Each function takes paths and settings explicitly and knows nothing of Snakemake, so that a rule can be
repeated from a notebook.
"""
