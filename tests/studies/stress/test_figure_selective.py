# SPDX-License-Identifier: GPL-3.0-or-later
import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from mesobayes.drawing.registry import read_registry
from mesobayes.jobs.fig_selective_learning import fig_selective_learning, printed_values
from mesobayes.record.errors import StoreError
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import write_store

REGISTRY = Path(__file__).parents[3] / "workflow" / "figures.yaml"
TARGET = read_registry(REGISTRY)["selective_learning"]
ORIGIN = Provenance("stress/selective", "small", "seed", "config", "code")
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
        },
        {
            "network": ["printed", "modern"],
            "acquisition": acquisitions,
            "repeat": range(3),
            "query": range(6),
        },
        {
            **{"scale": scale, "n_structures": 60, "validation_structures": 16, "validation_patches": 1000},
            **{"draws": 20, "fits": 126, "threshold": 0.1, "baseline_accuracy": 0.2, "baseline_mse": 0.1},
            **{"label_noise_accuracy": 0.99, "label_noise_p95": 0.015},
        },
    )


def draw(data, tmp_path, scale="small"):
    path = tmp_path / "curves.zarr.zip"
    origin = Provenance("stress/selective", data.attrs.pop("scale"), "seed", "config", "code")
    write_store(data, path, "stress/curves", origin)
    here = Provenance("stress/selective", scale, "seed", "config", "code")
    files = [tmp_path / f"fig.{ending}" for ending in ("pdf", "png", "json")]
    fig_selective_learning(path, REGISTRY, *files, here)
    return json.loads(files[2].read_text())


def verdicts(data):
    return {entry["key"]: (entry["ours"], entry["verdict"]) for entry in printed_values(TARGET, data)}


def test_a_saving_of_two_queries_in_five_is_the_printed_40_percent():
    found = verdicts(curves(lead=2.0))
    assert found["label_saving"] == (pytest.approx(0.4), "shown")
    assert found["patches_needed_maxunc"] == (pytest.approx(1500), "shown")
    assert found["patches_needed_random"] == (pytest.approx(2500), "shown")
    assert found["plateau_accuracy"][0] == pytest.approx(0.751)


def test_no_saving_is_not_shown_at_a_small_scale():
    assert verdicts(curves(lead=0.0))["label_saving"] == (pytest.approx(0.0), "not shown at this scale")


def test_worse_than_random_contradicts_the_paper_only_at_its_own_settings():
    assert verdicts(curves("small", lead=-1.0))["label_saving"] == (None, "not shown at this scale")
    assert verdicts(curves("paper", lead=-1.0))["label_saving"] == (None, "contradicts the paper")


def test_without_the_printed_acquisition_nothing_is_claimed():
    found = verdicts(curves(acquisitions=["random", "oracle"]))
    assert {ours for ours, _ in found.values()} == {None}
    assert {verdict for _, verdict in found.values()} == {"not shown at this scale"}


def test_a_chain_that_a_network_lacks_is_neither_drawn_nor_scored(tmp_path):
    data = curves()
    for name in ("accuracy", "mse", "coverage", "fit_seconds"):
        data[name].loc[{"network": "printed", "acquisition": ["relative_spread", "oracle"]}] = np.nan
    record = draw(data, tmp_path)
    chains = record["drawn"]["chains (repeat, query)"]
    assert set(chains) == {f"modern/{a}" for a in ACQUISITIONS} | {"printed/random", "printed/max_variance"}
    assert set(record["savings"]) == {name for name in chains if not name.endswith("random")}
    assert record["wall_time_s"]["fits"] == 3 * (2 + 5 * 6)


def test_the_training_time_counts_the_shared_first_fit_once(tmp_path):
    record = draw(curves(), tmp_path)
    assert record["wall_time_s"]["fits"] == 2 * 3 * (1 + 5 * 4)


def test_the_savings_of_every_acquisition_and_network_are_recorded(tmp_path):
    savings = draw(curves(lead=2.0), tmp_path)["savings"]
    assert set(savings) == {f"{n}/{a}" for n in ("printed", "modern") for a in ACQUISITIONS[1:]}
    assert savings["modern/max_variance"]["saving"] == pytest.approx(0.4)
    assert savings["modern/oracle"]["saving"] == pytest.approx(0.0)


def test_curves_of_another_scale_are_refused(tmp_path):
    with pytest.raises(StoreError, match="is of scale smoke, not small"):
        draw(curves("smoke"), tmp_path)
