# SPDX-License-Identifier: GPL-3.0-or-later
import math

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from mesobayes.metrics.learning_curve import (
    label_saving,
    labels_by_repeat,
    labels_to_reach,
    mean_and_band,
    saving_interval,
)

ADDED = np.array([0, 500, 1000, 1500, 2000, 2500])


def fresh_rng():
    return np.random.default_rng(0)


def curves(random: np.ndarray, chosen: np.ndarray) -> xr.Dataset:
    accuracy = np.stack([random, chosen])[None]
    return xr.Dataset(
        {
            "accuracy": (("network", "acquisition", "repeat", "query"), accuracy),
            "labelled": ("query", 2500 + ADDED),
        },
        coords={"network": ["printed"], "acquisition": ["random", "max_variance"]},
    )


def test_the_band_is_the_student_t_interval_of_the_mean():
    values = np.random.default_rng(0).normal(size=(5, 3))
    mean, half = mean_and_band(values)
    low, high = stats.t.interval(0.95, 4, loc=values.mean(0), scale=stats.sem(values, axis=0))
    np.testing.assert_allclose(mean - half, low)
    np.testing.assert_allclose(mean + half, high)


def test_the_plateau_is_reached_by_linear_interpolation_between_queries():
    accuracy = np.array([0.60, 0.64, 0.68, 0.72, 0.75, 0.75])
    assert labels_to_reach(accuracy, ADDED, 0.70) == pytest.approx(1250)
    assert labels_to_reach(accuracy, ADDED, 0.60) == 0
    assert math.isnan(labels_to_reach(accuracy, ADDED, 0.80))


def test_the_papers_curve_gives_the_papers_saving():
    jitter = np.linspace(-0.004, 0.004, 5)[:, None]
    random = np.array([0.66, 0.68, 0.70, 0.72, 0.735, 0.75]) + jitter
    chosen = np.array([0.66, 0.70, 0.73, 0.75, 0.755, 0.76]) + jitter
    saving = label_saving(curves(random, chosen), "printed", "max_variance", fresh_rng())
    assert saving.labels == pytest.approx(1500)
    assert saving.labels_random == pytest.approx(2500)
    assert saving.saving == pytest.approx(0.40)
    assert saving.advantage - saving.advantage_half_width > 0


def test_a_chain_that_loses_against_random_never_reaches_its_plateau():
    jitter = np.linspace(-0.01, 0.01, 3)[:, None]
    random = np.array([0.50, 0.60, 0.65, 0.70, 0.73, 0.75]) + jitter
    saving = label_saving(
        curves(random, random - np.array([0, 1, 1, 1, 1, 1]) * 0.05), "printed", "max_variance", fresh_rng()
    )
    assert saving.advantage == pytest.approx(-0.05)
    assert saving.as_dict()["labels"] is None
    assert saving.advantage + saving.advantage_half_width < 0


def test_an_advantage_within_the_spread_of_the_repeats_has_an_interval_that_holds_zero():
    random = np.array(
        [
            [0.5, 0.6, 0.65, 0.7, 0.73, 0.75],
            [0.5, 0.66, 0.7, 0.76, 0.79, 0.81],
            [0.5, 0.54, 0.6, 0.64, 0.67, 0.69],
        ]
    )
    chosen = np.tile([0.5, 0.62, 0.68, 0.72, 0.75, 0.76], (3, 1))
    saving = label_saving(curves(random, chosen), "printed", "max_variance", fresh_rng())
    assert saving.advantage > 0
    assert saving.advantage < saving.advantage_half_width


def test_labels_are_counted_repeat_by_repeat_and_a_chain_that_never_gets_there_counts_in_full():
    random = np.array([[0.5, 0.6, 0.7, 0.7, 0.7, 0.75], [0.5, 0.6, 0.6, 0.65, 0.7, 0.75]])
    chosen = np.array([[0.5, 0.75, 0.8, 0.8, 0.8, 0.8], [0.5, 0.6, 0.6, 0.6, 0.6, 0.7]])
    at_random, by_choice = labels_by_repeat(curves(random, chosen), "printed", "max_variance")
    np.testing.assert_allclose(at_random, [2500, 2500])
    np.testing.assert_allclose(by_choice, [500, 2500])


def test_the_saving_has_no_width_without_scatter_and_the_papers_value():
    random = np.tile([0.66, 0.68, 0.70, 0.72, 0.735, 0.75], (5, 1))
    chosen = np.tile([0.66, 0.70, 0.73, 0.75, 0.755, 0.76], (5, 1))
    assert saving_interval(random, chosen, ADDED, fresh_rng()) == pytest.approx((0.4, 0.4))


def test_the_interval_of_the_saving_holds_the_true_saving_of_noisy_repeats_as_often_as_it_says():
    rise = ADDED / 2500
    faster = rise / 0.6  # reaches every accuracy with 60 % of the labels
    rng = np.random.default_rng(1)
    held = []
    for _ in range(60):
        random, chosen = (0.5 + 0.3 * curve + 0.02 * rng.normal(size=(12, 6)) for curve in (rise, faster))
        low, high = saving_interval(random, chosen, ADDED, rng, resamples=200)
        held.append(low <= 0.4 <= high)
    assert 48 <= sum(held) < 60


def test_a_saving_that_some_resamples_never_reach_has_no_lower_end():
    random = np.array([[0.5, 0.6, 0.65, 0.7, 0.73, 0.75]] * 2 + [[0.5, 0.6, 0.65, 0.7, 0.73, 0.95]])
    chosen = random - np.array([0, 0, 0, 0, 0, 0.01])
    low, _ = saving_interval(random, chosen, ADDED, fresh_rng())
    assert math.isnan(low)
