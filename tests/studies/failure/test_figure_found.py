# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 12 on made-up specimens whose clusters are known."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb

from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.found import (
    FALSE,
    FOUND,
    HIT,
    MISSED,
    cnn_vs_sensitivity,
    compare_clusters,
)
from mesobayes.studies.failure.settings import SCALINGS, FigureSettings

SHAPE = (4, 4, 12)
THRESHOLDS = np.linspace(0.5, 0.95, 10)
HIT_AT, MISSED_AT, FALSE_AT, SPOT = (0, 0, 1), (0, 0, 6), (0, 0, 10), (3, 0, 0)


def fields(peak=1.0):
    """True damage with two clusters; the prediction finds one, at some peak, and a false one."""
    true, predicted = np.zeros((2, *SHAPE), np.float32)
    true[HIT_AT] = true[MISSED_AT] = 1.0
    predicted[HIT_AT] = predicted[FALSE_AT] = peak
    predicted[0, 0, 2] = 0.9 * peak
    return predicted, true


def figure(peak=1.0):
    predicted, true = (np.stack([f] * 12) for f in fields(peak))
    axes = ("specimen", "x", "y", "z")
    fit = xr.Dataset(
        {"mean": (axes, predicted), "target": (axes, true), "pores": (axes, np.zeros_like(true))},
        attrs={"realizations": list(range(12)), "n_train": 4},
    )
    copies = xr.Dataset(
        {
            "realization": ("perturbation", np.arange(12)),
            "status": ("perturbation", np.zeros(12, int)),
            "failed_voxel": (("perturbation", "axis"), [SPOT] * 12),
        }
    )
    share = (("fold", "scaling", "cluster_threshold"), np.full((2, 2, 10), 0.5))
    scores = xr.Dataset(
        {"cluster_recall": share, "cluster_precision": share},
        {"scaling": list(SCALINGS), "cluster_threshold": THRESHOLDS},
        {"variant": "point_t_IHpr"},
    )
    return cnn_vs_sensitivity(
        fit, [copies], [scores], FigureSettings(), 0.05, Run("failure", "paper", "test")
    )


def colours(axes):
    """Colours of the faces that look to the reader, which are not shaded."""
    (faces,) = (artist for artist in axes.collections if isinstance(artist, PolyCollection))
    return {tuple(np.round(colour[:3], 3)) for colour in faces.get_facecolors()}


def rounded(colour):
    return tuple(np.round(to_rgb(colour), 3))


def test_hit_and_missed_clusters_of_the_drawing_have_different_colours():
    raw = colours(figure().figure.axes[0])
    assert {rounded(c) for c in (HIT, MISSED, FALSE, FOUND)} <= raw
    assert rounded(HIT) != rounded(MISSED)


def test_a_shrunken_prediction_misses_as_it_is_and_hits_normalised():
    drawing = figure(peak=0.5)
    as_it_is, normalised = drawing.figure.axes[0], drawing.figure.axes[1]
    assert rounded(HIT) not in colours(as_it_is)
    assert rounded(HIT) in colours(normalised)
    counts = drawing.drawn["a"]
    assert counts["raw"] == {"hit": 0, "missed": 2, "found": 0, "false": 0}
    assert counts["normalised"] == {"hit": 1, "missed": 1, "found": 1, "false": 1}


def test_voxels_are_told_apart_by_the_cluster_they_are_in():
    regions, counts = compare_clusters(*fields(), np.ones(SHAPE, bool), 0.8)
    for name, places in (
        ("hit", [HIT_AT]),
        ("missed", [MISSED_AT]),
        ("found", [(0, 0, 2)]),
        ("false", [FALSE_AT]),
    ):
        assert list(map(tuple, np.argwhere(regions[name]))) == places, name
    assert counts == {"hit": 1, "missed": 1, "found": 1, "false": 1}


def test_the_numbers_compared_are_those_of_predictions_as_they_are():
    number = figure().numbers["cluster_recall"]
    assert number.value == pytest.approx(0.5)
    assert "predictions as they are" in number.note
    assert "normalised by eq. 8" in number.note
