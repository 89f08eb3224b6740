# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import xarray as xr

from mesobayes.studies.failure.baseline import fit_pore_baseline
from mesobayes.studies.failure.fit_settings import WeightSettings
from mesobayes.studies.failure.loss_weights import weight_table
from mesobayes.studies.failure.scores import score_fold
from mesobayes.studies.failure.settings import ScoreSettings
from mesobayes.studies.failure.target import transform_damage

RNG = np.random.default_rng(0)
SHAPE = (6, 8, 8, 16)
PORES = RNG.random(SHAPE) < 0.05
SOLID = ~PORES
TARGET = transform_damage(np.where(PORES, 0.0, RNG.random(SHAPE) ** 4).astype(np.float32), SOLID, "g")
SCORES = ScoreSettings(cluster_specimens=6)
CURVES = ("recall", "precision", "cluster_recall", "cluster_precision")


def fit_of(mean):
    axes = ("specimen", "x", "y", "z")
    return xr.Dataset(
        {
            "mean": (axes, mean.astype(np.float32)),
            "target": (axes, TARGET),
            "pores": (axes, PORES.astype(np.uint8)),
            "rank": ("specimen", np.ones(len(mean), int)),
            "peak": (("specimen", "cluster"), np.ones((len(mean), 1))),
            "share": (("specimen", "cluster"), np.ones((len(mean), 1))),
            "validation_rank": ("validation", np.ones(2, int)),
            "validation_peak": (("validation", "cluster"), np.ones((2, 1))),
            "validation_share": (("validation", "cluster"), np.ones((2, 1))),
            "failed_voxel": (("specimen", "axis"), [np.argwhere(s)[0] for s in SOLID]),
        }
    )


def predicted():
    noise = RNG.normal(0.0, 0.1, SHAPE)
    return np.where(SOLID, TARGET + noise, 0.0).astype(np.float32)


def test_normalised_scores_do_not_change_when_a_specimen_is_stretched_and_shifted():
    mean = predicted()
    slope, shift = RNG.uniform(0.1, 3.0, (6, 1, 1, 1)), RNG.normal(0.0, 1.0, (6, 1, 1, 1))
    one, other = (score_fold(fit_of(f), SCORES) for f in (mean, np.where(SOLID, slope * mean + shift, 0.0)))
    for what in CURVES:
        np.testing.assert_allclose(
            other[what].sel(scaling="normalised"), one[what].sel(scaling="normalised"), atol=0.01
        )
        assert not np.allclose(other[what].sel(scaling="raw"), one[what].sel(scaling="raw"), atol=0.05)


def test_a_shrunken_truth_is_found_when_it_is_normalised_and_lost_as_it_is():
    scores = score_fold(fit_of(0.7 * TARGET), SCORES).sel(cluster_threshold=0.8, method="nearest")
    assert float(scores["cluster_recall"].sel(scaling="normalised")) == 1.0
    assert float(scores["cluster_precision"].sel(scaling="normalised")) == 1.0
    assert float(scores["cluster_recall"].sel(scaling="raw")) == 0.0
    assert np.isnan(float(scores["cluster_precision"].sel(scaling="raw")))  # nothing is predicted


def test_a_constant_prediction_finds_nothing_at_any_threshold_once_it_is_normalised():
    scores = score_fold(fit_of(np.where(SOLID, 0.9, 0.0)), SCORES)
    assert (scores["cluster_recall"].sel(scaling="normalised") == 0.0).all()


def test_a_floor_of_the_weights_changes_the_scores_that_are_compared():
    found = []
    for floor in (0.0, 0.2):
        table = weight_table("IH", TARGET, SOLID, WeightSettings(bins=10, floor=floor))
        baseline = fit_pore_baseline(PORES, TARGET, table.weights(TARGET, np.arange(6)), 1e-6)
        found.append(score_fold(fit_of(baseline.predict(PORES)), SCORES))
    without, with_floor = (
        float(s["recall"].sel(scaling="raw").sel(threshold=0.5, method="nearest")) for s in found
    )
    assert without > with_floor + 0.3  # it takes the weight of rare values, and with it the recall


def test_the_weights_of_the_baseline_are_those_of_its_loss():
    pores, target = PORES[:2], TARGET[:2]
    weights = np.ones(pores.shape)
    weights[1] = 0.0
    both = fit_pore_baseline(pores, target, weights, 1e-9)
    # the features are standardised over all specimens, so the first one is shown twice
    twice = fit_pore_baseline(pores, np.stack([target[0], 9.0 + target[1]]), weights, 1e-9)
    np.testing.assert_array_equal(both.weights, twice.weights)
    assert float(np.abs(both.weights).max()) == pytest.approx(float(np.abs(twice.weights).max()))
