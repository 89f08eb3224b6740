# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores, intervals and the baseline against brute force."""

import numpy as np
import pytest

from mesobayes.metrics.baseline import macro_maximum, tuned_baseline
from mesobayes.metrics.intervals import (
    coverage,
    interval_of_maximum,
    noise_at_maximum,
    normal_interval,
    quantile_interval,
)
from mesobayes.metrics.scores import (
    accuracy_at,
    coefficient_of_determination,
    masked_mse,
    mean_absolute_percentage_error,
    relative_error,
)

RNG = np.random.default_rng(0)


def test_accuracy_counts_relative_errors_below_the_threshold():
    true, predicted = RNG.uniform(0.5, 2, 200), RNG.uniform(0.5, 2, 200)
    count = sum(abs(p - t) / t < 0.1 for p, t in zip(predicted, true, strict=True))
    assert accuracy_at(predicted, true, 0.1) == count / 200
    assert accuracy_at(true, true) == 1.0


def test_relative_error_of_an_empty_region_is_zero_or_infinite():
    np.testing.assert_array_equal(relative_error(np.array([0.0, 1.0]), np.zeros(2)), [0.0, np.inf])


def test_mse_averages_over_solid_pixels_only():
    predicted, true = RNG.normal(size=(2, 3, 4, 4))
    mask = RNG.random((3, 4, 4)) > 0.5
    total = [
        (predicted[i] - true[i]) ** 2 for i in np.ndindex(mask.shape) if mask[i]
    ]  # one pixel after the other
    assert masked_mse(predicted, true, mask) == pytest.approx(np.mean(total))
    predicted[~mask] = np.nan
    assert np.isfinite(masked_mse(predicted, true, mask))


def test_regression_scores_of_known_cases():
    true = np.array([1.0, 2.0, 4.0])
    assert coefficient_of_determination(true, true) == 1.0
    assert coefficient_of_determination(np.full(3, true.mean()), true) == pytest.approx(0.0)
    assert mean_absolute_percentage_error(1.02 * true, true) == pytest.approx(2.0)


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_intervals_of_a_calibrated_gaussian_cover_at_their_level(level):
    mean, std = RNG.normal(size=20_000), RNG.uniform(0.5, 2, 20_000)
    noise = 0.7
    true = mean + np.hypot(std, noise) * RNG.normal(size=20_000)
    assert coverage(true, normal_interval(mean, std, level, noise)) == pytest.approx(level, abs=0.015)
    pushed_forward = coverage(true, normal_interval(mean, std, level))
    assert pushed_forward < level - 0.02  # without the likelihood's noise the interval is too short


def test_interval_of_maxima_is_made_of_the_draws():
    draws = RNG.normal(3.0, 0.5, (4000, 6))
    low, high = interval_of_maximum(draws)
    np.testing.assert_allclose(high - low, 2 * 1.96 * 0.5, rtol=0.1)
    np.testing.assert_allclose(quantile_interval(draws), (low, high), rtol=0.1)
    wide = interval_of_maximum(draws, noise_std=np.full(6, 1.2))
    np.testing.assert_allclose(wide[1] - wide[0], 2 * 1.96 * 1.3, rtol=0.1)


def test_coverage_keeps_to_its_mask_and_noise_to_the_largest_solid_pixel():
    true = np.array([[[0.0, 9.0]]])
    interval = (true - 1, np.array([[[1.0, 8.0]]]))
    assert coverage(true, interval) == 0.5
    assert coverage(true, interval, np.array([[[True, False]]])) == 1.0
    mean, noise = np.array([[[5.0, 9.0], [1.0, 2.0]]]), np.array([[[0.1, 0.2], [0.3, 0.4]]])
    mask = np.array([[[True, False], [True, True]]])
    assert noise_at_maximum(mean, noise, mask) == pytest.approx([0.1])


def test_macro_maximum_is_the_largest_solid_tresca_stress():
    inputs = RNG.normal(size=(3, 6, 6, 5))
    mask = RNG.random((3, 2, 2)) > 0.3
    expected = [
        max(
            (
                np.hypot(
                    (inputs[n, 2 + i, 2 + j, 0] - inputs[n, 2 + i, 2 + j, 1]) / 2, inputs[n, 2 + i, 2 + j, 2]
                )
                for i, j in np.ndindex(2, 2)
                if mask[n, i, j]
            ),
            default=0.0,
        )
        for n in range(3)
    ]
    np.testing.assert_allclose(macro_maximum(inputs, mask), expected)


def test_tuned_factor_beats_every_factor_of_a_fine_grid():
    macro = RNG.uniform(0.2, 1, 150)
    true = macro * RNG.lognormal(0.5, 0.3, 150)
    best = accuracy_at(tuned_baseline(macro, true).predict(macro), true)
    grid = [accuracy_at(factor * macro, true) for factor in np.linspace(0.5, 5, 5000)]
    assert best == max(grid)
    median = accuracy_at(np.median(true / macro) * macro, true)
    assert best >= median
