# SPDX-License-Identifier: GPL-3.0-or-later
"""Every figure and table draws something, and has a number for every printed value and for nothing else."""

import numpy as np
import pytest
import xarray as xr

from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import drawing_style
from mesobayes.studies.permeability.figures import cells as families
from mesobayes.studies.permeability.figures import learning, network, operations, tables

SLUGS = (
    *("convolution_gray", "convolution_rgb", "pooling", "mlp", "permeability_cnn"),
    *("microstructure_families", "sample_size_distributions", "permeability_mono", "transfer_poly"),
    *("transfer_overlap", "permeability_3d", "magnetic_materials", "permeability_mono_metrics"),
    *("permeability_timing", "transfer_poly_metrics"),
)


@pytest.fixture(scope="module")
def drawers(settings_of, run, fit, cells, mono, transfer):
    """Calls by the names of the targets, with small samples."""
    smoke = settings_of(gallery={"side": 64, "cells": 200})
    spheres = {"printed": fit(0.03, 1), "modern": fit(0.01, 1)}
    seconds = (("repeat", "method"), np.array([[1.0, 2.0, 3.0], [2.0, 2.0, 3.0]]))
    timing = xr.Dataset(
        {"seconds": seconds},
        {"method": ["finite elements", "printed", "modern"]},
        {"images": 8, "side": 32},
    )
    plain = (operations.convolution_gray, operations.convolution_rgb, operations.pooling, operations.mlp)
    return {
        **{function.__name__: function for function in plain},
        "permeability_cnn": lambda: network.permeability_cnn(smoke.network_of("mono_printed"), run),
        "microstructure_families": lambda: families.microstructure_families(
            smoke.families, smoke.gallery, run
        ),
        "sample_size_distributions": lambda: families.sample_size_distributions(
            smoke.families, smoke.gallery, run
        ),
        "permeability_mono": lambda: learning.permeability_mono(cells(), **mono, run=run),
        "transfer_poly": lambda: learning.transfer_poly(cells(), **transfer, run=run),
        "transfer_overlap": lambda: learning.transfer_overlap(cells(), **transfer, run=run),
        "permeability_3d": lambda: learning.permeability_3d(cells(3, side=8), **spheres, run=run),
        "magnetic_materials": lambda: tables.magnetic_materials(smoke.materials),
        "permeability_mono_metrics": lambda: tables.permeability_mono_metrics(**mono),
        "permeability_timing": lambda: tables.permeability_timing(timing),
        "transfer_poly_metrics": lambda: tables.transfer_poly_metrics(**transfer),
    }


@pytest.mark.parametrize("slug", SLUGS)
def test_a_target_shows_something_and_answers_every_printed_value(slug, drawers, registry):
    with drawing_style():
        result = drawers[slug]()
    assert set(result.numbers) == {value.key for value in registry[slug].printed}
    if isinstance(result, Drawing):
        parts = [axes.has_data() or axes.texts or axes.patches or axes.tables for axes in result.figure.axes]
        assert parts
        assert all(parts)
    else:
        assert len({len(row) for row in result.rows}) == 1


def test_intervals_without_a_calibration_are_not_drawn_and_said_to_be_missing(cells, mono, fit, run):
    bayes = fit(0.006)
    bayes.attrs |= {"interval_factor": np.inf, "coverage_calibrated": np.nan}
    drawings = [
        learning.permeability_mono(cells(), **{**mono, "bayes": one}, run=run)
        for one in (mono["bayes"], bayes)
    ]
    bars = [sum(len(axes.containers) for axes in drawing.figure.axes) for drawing in drawings]
    assert bars == [2, 0]
    assert "evidence 8, 8 draws" in drawings[0].figure.get_suptitle()
    assert "no calibrated interval" in drawings[1].figure.get_suptitle()
    assert "no calibrated interval" not in drawings[0].figure.get_suptitle()
