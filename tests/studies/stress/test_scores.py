# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import xarray as xr

from mesobayes.metrics.learning_curve import chains_of
from mesobayes.studies.stress.selective.chain import join_queries
from mesobayes.studies.stress.selective.scores import learning_curves, mechanics_accuracy, score_correlation

PATCHES, DRAWS, POOL = 40, 8, 30


def fit_result(seed: int, labelled: int, with_scores: bool) -> xr.Dataset:
    rng = np.random.default_rng(seed)
    true = rng.uniform(1, 2, PATCHES)
    mean = true * rng.uniform(0.8, 1.2, PATCHES)
    result = xr.Dataset(
        {
            "labelled": ("label", np.arange(labelled)),
            "true_max": ("patch", true),
            "mean_max": ("patch", mean),
            "roi_max": (("draw", "patch"), mean + rng.normal(0, 0.2, (DRAWS, PATCHES))),
            "squared_error": ("patch", rng.uniform(0, 1, PATCHES)),
        },
        attrs={
            **{"fit_seconds": float(seed), "steps": 100, "batch": 16, "labelled_units": labelled},
            **{"query": (labelled - 10) // 5, "repeat": 0},
        },
    )
    if with_scores:
        error = rng.uniform(0, 1, POOL)
        result = result.assign(
            score_oracle=("pool_patch", error),
            score_oracle_squared=("pool_patch", error[::-1]),
            score_max_variance=("pool_patch", np.exp(3 * error)),
        )
    return result


@pytest.fixture
def results() -> dict:
    initial = {("printed", "initial", r): join_queries([fit_result(r, 10, True)]) for r in range(2)}
    later = {
        ("printed", name, r): join_queries(
            [fit_result(100 * q + 10 * r + i, 10 + 5 * q, False) for q in (1, 2)]
        )
        for i, name in enumerate(("random", "max_variance"))
        for r in range(2)
    }
    return initial | later


def test_every_score_comes_from_the_fit_of_its_chain_repeat_and_query(results):
    curves = learning_curves(results, 0.10)
    fit = results["printed", "max_variance", 1].sel(query=2)
    at = {"network": "printed", "acquisition": "max_variance", "repeat": 1, "query": 2}
    error = np.abs(fit["mean_max"] - fit["true_max"]) / fit["true_max"]
    assert float(curves["accuracy"].sel(at)) == pytest.approx(float((error < 0.1).mean()))
    assert float(curves["mse"].sel(at)) == pytest.approx(float(fit["squared_error"].mean()))
    half = 1.96 * fit["roi_max"].std("draw", ddof=1)
    inside = np.abs(fit["roi_max"].mean("draw") - fit["true_max"]) <= half
    assert float(curves["coverage"].sel(at)) == pytest.approx(float(inside.mean()), abs=1e-3)


def test_a_chain_holds_what_every_query_predicted_and_how_many_labels_it_had():
    chain = join_queries([fit_result(7, 15, False), fit_result(8, 20, False)])
    alone = fit_result(7, 15, False)
    np.testing.assert_array_equal(chain["roi_max"].sel(query=1), alone["roi_max"])
    np.testing.assert_array_equal(chain["true_max"], fit_result(8, 20, False)["true_max"])
    assert chain["labels"].values.tolist() == [15, 20]
    assert chain["fit_seconds"].values.tolist() == [7.0, 8.0]
    assert "fit_seconds" not in chain.attrs


def test_a_network_may_lack_an_acquisition(results):
    results |= {("modern", *key[1:]): fit for key, fit in results.items() if key[1] != "max_variance"}
    curves = learning_curves(results, 0.10)
    assert chains_of(curves, "printed") == ["random", "max_variance"]
    assert chains_of(curves, "modern") == ["random"]


def test_the_initial_fit_stands_at_the_start_of_every_chain_of_its_repeat(results):
    curves = learning_curves(results, 0.10)
    start = curves["accuracy"].sel(query=0)
    np.testing.assert_array_equal(start.sel(acquisition="random"), start.sel(acquisition="max_variance"))
    assert curves["labelled"].values.tolist() == [10, 15, 20]


def test_a_score_that_grows_with_the_true_error_has_rank_correlation_one(results):
    initial = results["printed", "initial", 0]
    assert score_correlation(initial, "max_variance", "relative") == pytest.approx(1.0)
    assert abs(score_correlation(initial, "max_variance", "squared")) < 0.6
    curves = learning_curves(results, 0.10)
    np.testing.assert_allclose(curves["correlation"].sel(error="relative"), 1.0)


def test_mechanics_is_scored_on_the_patches_that_networks_are_scored_on():
    mechanics = xr.Dataset(
        {
            "roi_max": (("mechanics", "patch"), [[1.0, 1.0, 1.0, 1.0], [1.05, 2.0, 1.0, 3.0]]),
            "true_max": ("patch", [1.0, 2.0, 3.0, 3.0]),
        },
        {"mechanics": ["macro", "whole"]},
    )
    found = mechanics_accuracy(mechanics, np.array([0, 1, 3]), 0.10)["mechanics_accuracy"]
    np.testing.assert_allclose(found, [1 / 3, 1.0])
