# SPDX-License-Identifier: GPL-3.0-or-later
"""Accuracy against computing time, from stores with known scores."""

import numpy as np
import pytest
import xarray as xr

from mesobayes.drawing.style import drawing_style
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.places import (
    ALL,
    FULL,
    failure_ranking,
    failure_ranking_cost,
    reliability_of,
    summarise_places,
)

RUN = Run("failure", "smoke", "test")


def placed(model, ranks, labels=None, **attributes):
    """Six specimens in two folds with these ranks, and voxels searched as many."""
    ranks = np.array(ranks, np.int32)
    values = {
        "peak_rank": ranks,
        "voxels": ranks,
        "searched": ranks / 100,
        "cluster_rank": ranks,
        "distance": ranks - 1,
    }
    data = xr.Dataset({name: ("specimen", value) for name, value in values.items()})
    if labels is not None:
        data["probability"] = ("specimen", np.linspace(0.1, 0.9, 6))
        data = xr.concat(
            [data.assign(trained=("specimen", np.full(6, 40 if n == ALL else n))) for n in labels],
            dim=xr.DataArray(labels, dims="labels", name="labels"),
            data_vars="all",
        )
    return data.assign_coords(fold=("specimen", [0, 0, 0, 1, 1, 1])).assign_attrs(model=model, **attributes)


@pytest.fixture
def places():
    return [
        placed("baseline_t_uniform", [4, 2, 4, 4, 2, 4], n_train=40),
        placed("ranker_elastic", [1, 2, 1, 1, 1, 1], labels=[10, ALL]),
        placed("fast_0.002", [1, 1, 1, 2, 1, 1]),
        placed("fast_0.0005", [1, 1, 1, 1, 1, 1]),
    ]


@pytest.fixture
def times():
    models = ["baseline_t_uniform", "ranker_elastic", "fast_0.002", "fast_0.0005", FULL]
    return xr.Dataset(
        {"cpu_ms": (("repeat", "model"), [[1.0, 7, 14, 40, 190], [2.0, 6, 15, 41, 180]])},
        {"model": models},
        {"machine": "one core of 2", "specimens": 2},
    )


def test_scores_are_means_over_the_folds_with_their_deviation(places, times):
    rows = {(row["model"], row["labels"]): row for row in summarise_places(places, times)}
    baseline = rows["baseline_t_uniform", ALL]
    assert baseline["peaks"] == pytest.approx(1 / 3)
    assert baseline["peaks_sd"] == pytest.approx(0.0, abs=1e-12)
    assert (baseline["first"], baseline["three"]) == (0.0, pytest.approx(1 / 3))
    elastic = rows["ranker_elastic", ALL]
    assert elastic["peaks"] == pytest.approx((5 / 6 + 1) / 2)
    assert elastic["peaks_sd"] == pytest.approx(np.std([5 / 6, 1], ddof=1))
    assert (elastic["trained"], rows["ranker_elastic", 10]["trained"]) == (40, 10)
    assert elastic["cpu_ms"] == 6.0  # the least of the repeats
    assert rows[FULL, ALL]["voxels"] == 1.0


def test_the_figure_shows_every_model_and_says_on_which_machine(places, times):
    with drawing_style():
        drawing = failure_ranking_cost(places, times, RUN)
    note = drawing.figure.get_supxlabel()
    assert "one core of 2" in note
    assert "6 test specimens in 2 folds" in note
    assert drawing.drawn["machine"] == "one core of 2"
    texts = [text.get_text() for text in drawing.figure.legends[0].get_texts()]
    assert "ranking by pores and elastic stress" in texts
    assert "heteroencoder as printed" not in texts  # it is not there
    axes = drawing.figure.axes[0]
    assert next(line.get_xdata().tolist() for line in axes.get_lines() if len(line.get_xdata()) == 2) == [
        14,
        40,
    ]


def test_the_table_has_a_row_for_every_model_and_number_of_labels(places, times):
    other = placed("other size", [1, 1, 2, 2, 1, 1], shape=[20, 20, 80]).drop_vars("cluster_rank")
    other = other.expand_dims(ranker=["ranker_elastic"])
    heading, *body = failure_ranking(places, times, other, RUN).rows
    assert len(body) == len(places) + 1 + 1 + 1
    assert all(len(row) == len(heading) for row in body)
    assert [row[0] for row in body[-2:]] == [FULL, "ranker_elastic on 20 × 20 × 80"]


def test_reliability_holds_the_mean_probability_of_a_bin_against_what_was_observed():
    rng = np.random.default_rng(0)
    probability = rng.random(20000)
    points = reliability_of(probability, rng.random(20000) < probability)
    assert sum(point["specimens"] for point in points) == 20000
    assert all(point["low"] - 0.02 < point["probability"] < point["high"] + 0.02 for point in points)
    boast = reliability_of(np.full(100, 0.99), np.arange(100) < 55)
    assert [point["share"] for point in boast] == [0.55]
    assert boast[0]["high"] < 0.7
