# SPDX-License-Identifier: GPL-3.0-or-later
"""Every figure and table draws something, and has a number for every printed value and for nothing else."""

import numpy as np
import pytest
import xarray as xr

from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import drawing_style
from mesobayes.studies.permeability.figures import cells as families
from mesobayes.studies.permeability.figures import coverage as coverage_figure
from mesobayes.studies.permeability.figures import learning, mechanics, network, operations, tables

SLUGS = (
    *("convolution_gray", "convolution_rgb", "pooling", "mlp", "permeability_cnn"),
    *("microstructure_families", "sample_size_distributions", "permeability_mono", "transfer_poly"),
    *("transfer_overlap", "permeability_3d", "magnetic_materials", "permeability_mono_metrics"),
    *("permeability_timing", "transfer_poly_metrics", "permeability_tradeoff", "permeability_labels"),
    *("permeability_mechanics", "permeability_coverage"),
)


def curve(family):
    """Scores of made-up models that fall with the number of cells; no conductances where discs overlap."""
    models = [
        "volume fraction",
        "dipoles",
        "stopped 3",
        "stopped 8",
        *(["contacts"] if family != "overlap" else []),
    ]
    error = 0.1 / np.array([1, 2, 3, 5, 8])[: len(models), None, None] / np.array([1.0, 2.0])[:, None]
    scores = {"skill": 1 - error, "mape": error * [0.9, 1.1], "anisotropy_r2": 1 - error}
    dims = ("model", "cells", "repeat")
    bounds = {f"bound_{key}": ("step", np.geomspace(1, 0.01, 8)) for key in scores}
    return xr.Dataset(
        {key: (dims, np.broadcast_to(values, (len(models), 2, 2))) for key, values in scores.items()}
        | bounds,
        {"model": models, "cells": [10, 30], "step": np.arange(1, 9)},
        {"family": family, "n_test": 60, "components": 2},
    )


def costs(family):
    methods = ["finite elements", "dipoles", "contacts", "printed", "modern", "stopped 3", "stopped 8"]
    spent = np.array([[10.0, 1.0, 2.0, 1.0, 3.0, 1.0, 2.0]] * 2)
    attributes = {"family": family, "images": 8, "components": 2, "side": 32}
    return xr.Dataset({"milliseconds": (("repeat", "method"), spent)}, {"method": methods}, attributes)


def coverage():
    dims, shape = ("model", "family"), (2, 2)
    keys = ("coverage_nominal", "coverage_calibrated", "coverage_recalibrated", "half_width", "skill")
    shares = {key: (dims, np.full(shape, 0.9)) for key in keys}
    coordinates = {"model": ["modern", "contacts"], "family": ["mono", "overlap"]}
    labels = {"labels": (dims, np.array([[60, 60], [60, 0]]))}  # no conductances where discs overlap
    return xr.Dataset(shares | labels, coordinates, {"level": 0.95})


@pytest.fixture(scope="module")
def drawers(settings_of, run, fit, cells, mono, transfer):
    """Calls by the names of the targets, with small samples."""
    smoke = settings_of(gallery={"side": 64, "cells": 200})
    spheres = {"printed": fit(0.03, 1), "modern": fit(0.01), "contacts": fit(0.004)}
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
        "permeability_tradeoff": lambda: mechanics.permeability_tradeoff(
            *(curve("mono"), costs("mono"), fit(0.03), fit(0.005)),
            *(curve("spheres"), costs("spheres"), fit(0.03, 1), fit(0.01)),
            run=run,
        ),
        "permeability_labels": lambda: mechanics.permeability_labels([curve("mono"), curve("overlap")], run),
        "permeability_mechanics": lambda: tables.permeability_mechanics(
            [curve("mono"), curve("overlap")], [costs("mono")]
        ),
        "permeability_coverage": lambda: coverage_figure.permeability_coverage(coverage(), [fit(0.03)], run),
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
    assert bars == [2, 1]  # of bayes and of contacts
    assert "evidence 8, 8 draws" in drawings[0].figure.get_suptitle()
    assert "no calibrated interval" in drawings[1].figure.get_suptitle()
    assert "no calibrated interval" not in drawings[0].figure.get_suptitle()
