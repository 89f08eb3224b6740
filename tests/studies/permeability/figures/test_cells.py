# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 6, 7 and 13 show the families in use."""

import pytest

from mesobayes.studies.permeability.figures.cells import (
    microstructure_families,
    microstructures_3d,
    sample_size_distributions,
)


def test_the_families_of_figure_6_reach_the_printed_range_with_overlap_only(settings_of, run):
    settings = settings_of("paper")
    drawing = microstructure_families(settings.families, settings.gallery, run)
    drawn = drawing.drawn["volume_fraction"]
    assert drawn["overlap"][-1] == pytest.approx(0.95, abs=0.003)
    assert max(drawn["mono"]) < 0.55
    assert min(map(min, drawn.values())) == pytest.approx(0.05, abs=0.01)
    assert drawing.numbers["vf_min"].value == 0.05
    assert drawing.numbers["vf_max"].value == max(drawn["mono"])


def test_figures_follow_the_families_of_the_configuration(settings_of, run):
    changed = settings_of(
        families={
            "mono": {"sampler": "exponential", "fraction_min": 0.1},
            "overlap": {"fraction_max": 0.6},
            "spheres": {"radius_min": 3.0, "radius_max": 3.0},
        },
        gallery={"side": 64, "side_volume": 24, "cells": 50},
    )
    squares = microstructure_families(changed.families, changed.gallery, run).drawn["volume_fraction"]
    assert max(squares["overlap_poly"]) == pytest.approx(0.6, abs=0.05)
    laws = sample_size_distributions(changed.families, changed.gallery, run)
    assert laws.numbers["choice"].value == "exponential"
    assert laws.drawn["bins"][0] == 0.1
    small, usual = (
        microstructures_3d(settings.families, changed.gallery, run).drawn["spheres"]
        for settings in (changed, settings_of())
    )
    assert min(a - b for a, b in zip(small, usual, strict=True)) > 0
