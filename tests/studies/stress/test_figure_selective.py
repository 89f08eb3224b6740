# SPDX-License-Identifier: GPL-3.0-or-later
import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mesobayes.drawing.target import make_target
from mesobayes.record.errors import StoreError
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.stress.figures.learning_curves import spread_out
from mesobayes.studies.stress.figures.query_rates import query_rate, selective_learning_full

REGISTRY = Path(__file__).parents[3] / "workflow" / "figures.yaml"
ACQUISITIONS = ["random", "max_variance", "relative_spread", "oracle"]


def curves(scale="small", acquisitions=ACQUISITIONS, lead=0.0):
    """Chains on which maximum variance is ahead of random by so many queries, without noise."""
    added = np.arange(6) * 500.0
    repeats = 1e-3 * np.arange(3)[:, None]
    accuracy = np.empty((2, len(acquisitions), 3, 6))
    for i, acquisition in enumerate(acquisitions):
        ahead = lead * 500 if acquisition == "max_variance" else 0.0
        accuracy[:, i] = 0.5 + 0.1 * np.minimum(added + ahead * (added > 0), 2500) / 1000 + repeats
    dims = ("network", "acquisition", "repeat", "query")
    return xr.Dataset(
        {
            "accuracy": (dims, accuracy),
            "mse": (dims, 1 / accuracy),
            "coverage": (dims, accuracy),
            "fit_seconds": (dims, np.ones_like(accuracy)),
            "labelled": ("query", 2500 + added.astype(int)),
            "steps": ("network", [100, 640]),
            "batch": ("network", [32, 16]),
            "mechanics_accuracy": ("mechanics", [0.26, 0.68, 0.77, 0.92, 0.99]),
            "correlation": (("network", "score", "repeat", "error"), np.full((2, 1, 3, 2), 0.5)),
        },
        {
            "network": ["printed", "modern"],
            "acquisition": acquisitions,
            "repeat": range(3),
            "query": range(6),
            "mechanics": ["macro", "superposition", "pores", "edges", "whole"],
            "score": ["max_variance"],
            "error": ["squared", "relative"],
        },
        {
            **{"scale": scale, "n_structures": 60, "validation_structures": 16, "validation_patches": 1000},
            **{"draws": 20, "fits": 126, "threshold": 0.1, "baseline_accuracy": 0.2, "baseline_mse": 0.1},
            **{"label_noise_accuracy": 0.99, "label_noise_p95": 0.015},
        },
    )


def draw(data, tmp_path, scale="small", overrides=()):
    path = tmp_path / "curves.zarr.zip"
    write_store(data, path, "stress/curves", Run("stress", data.attrs.pop("scale"), "seed"))
    files = {ending: tmp_path / f"fig.{ending}" for ending in ("pdf", "png", "json")}
    make_target(
        "selective_learning",
        "mesobayes.studies.stress.figures.selective:selective_learning",
        {},
        REGISTRY,
        {"curves": path},
        files,
        Run("stress", scale, "seed", overrides=overrides),
    )
    return json.loads(files["json"].read_text())


def verdicts(record):
    return {entry["key"]: (entry["ours"], entry["verdict"]) for entry in record["printed"]}


def test_a_saving_of_two_queries_in_five_is_the_printed_40_percent(tmp_path):
    found = verdicts(draw(curves(lead=2.0), tmp_path))
    assert found["label_saving"] == (pytest.approx(0.4), "shown")
    assert found["patches_needed_maxunc"] == (pytest.approx(1500), "shown")
    assert found["patches_needed_random"] == (pytest.approx(2500), "shown")
    assert found["plateau_accuracy"][0] == pytest.approx(0.751)


def test_no_saving_is_not_shown_at_a_small_scale(tmp_path):
    found = verdicts(draw(curves(lead=0.0), tmp_path))
    assert found["label_saving"] == (pytest.approx(0.0), "not shown at this scale")


@pytest.mark.parametrize(
    ("scale", "overrides", "verdict"),
    [
        ("small", (), "not shown at this scale"),
        ("paper", (), "contradicts the paper"),
        ("paper", ("stress.selective.repeats",), "not shown at this scale"),
        ("smoke", (), "no verdict"),
    ],
)
def test_worse_than_random_contradicts_the_paper_only_at_its_own_settings(
    tmp_path, scale, overrides, verdict
):
    found = verdicts(draw(curves(scale, lead=-1.0), tmp_path, scale, overrides))
    assert found["label_saving"] == (0.0, verdict)


def test_without_the_printed_acquisition_nothing_is_claimed(tmp_path):
    found = verdicts(draw(curves(acquisitions=["random", "oracle"]), tmp_path))
    assert {ours for ours, _ in found.values()} == {None}
    assert {verdict for _, verdict in found.values()} == {"not shown at this scale"}


def test_a_chain_that_a_network_lacks_is_neither_drawn_nor_scored(tmp_path):
    data = curves()
    for name in ("accuracy", "mse", "coverage", "fit_seconds"):
        data[name].loc[{"network": "printed", "acquisition": ["relative_spread", "oracle"]}] = np.nan
    record = draw(data, tmp_path)
    chains = record["drawn"]["chains (repeat, query)"]
    assert set(chains) == {f"modern/{a}" for a in ACQUISITIONS} | {"printed/random", "printed/max_variance"}
    assert set(record["drawn"]["savings"]) == {name for name in chains if not name.endswith("random")}
    assert record["drawn"]["fit_seconds"] == 3 * (2 + 5 * 6)


def test_the_training_time_counts_the_shared_first_fit_once(tmp_path):
    record = draw(curves(), tmp_path)
    assert record["drawn"]["fit_seconds"] == 2 * 3 * (1 + 5 * 4)


def test_the_savings_of_every_acquisition_and_network_are_recorded(tmp_path):
    savings = draw(curves(lead=2.0), tmp_path)["drawn"]["savings"]
    assert set(savings) == {f"{n}/{a}" for n in ("printed", "modern") for a in ACQUISITIONS[1:]}
    assert savings["modern/max_variance"]["saving"] == pytest.approx(0.4)
    assert savings["modern/oracle"]["saving"] == pytest.approx(0.0)


def test_curves_of_another_scale_are_refused(tmp_path):
    with pytest.raises(StoreError, match="is of scale smoke, not small"):
        draw(curves("smoke"), tmp_path)


def full_curves():
    """One network whose accuracy rises by ten points a query until the third and then stays."""
    data = curves().sel(acquisition=["random", "max_variance"])
    accuracy = np.broadcast_to(0.5 + 0.1 * np.minimum(np.arange(6.0), 3), data["accuracy"].shape)
    return data.assign(accuracy=(data["accuracy"].dims, accuracy.copy()))


def test_the_plateau_of_all_patches_is_where_the_curve_comes_within_a_point_of_its_end():
    numbers = selective_learning_full(full_curves(), Run("stress", "small", "seed")).numbers
    assert numbers["plateau_iteration"].value == pytest.approx(2.9)
    assert numbers["plateau_at_patches"].value == pytest.approx(2500 + 2.9 * 500)
    assert numbers["label_saving"].value == pytest.approx(1 - (2500 + 2.9 * 500) / 5000)


@pytest.mark.parametrize(("middle", "sign"), [(0.02, 1), (-0.02, -1)])
def test_the_middle_query_rate_is_compared_with_the_better_of_the_others(middle, sign):
    base = full_curves()
    low, high = (base.assign(accuracy=base["accuracy"] + shift) for shift in (0.0, -0.05))
    better = base.assign(accuracy=base["accuracy"] + middle)
    drawing = query_rate(low, better, high, Run("stress", "small", "seed"))
    assert drawing.numbers["best_query_rate"].value == pytest.approx(sign * 0.02)


def test_labels_of_levels_keep_their_distance_and_their_order():
    places = spread_out(np.array([92.0, 26.0, 93.0, 91.0]), 5.0)
    assert np.diff(np.sort(places)).min() >= 5.0 - 1e-6
    np.testing.assert_array_equal(np.argsort(places), [1, 3, 0, 2])
