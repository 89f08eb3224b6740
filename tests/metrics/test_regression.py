# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of predicted permeabilities on cases known in closed form."""

import numpy as np
import pytest

from mesobayes.metrics.regression import (
    anisotropy_r2,
    coverage_factor,
    coverage_within,
    fit_fraction_baseline,
    mape,
    r2,
    skill,
)


def test_scores_of_a_constant_factor_and_of_the_mean():
    truth = np.array([[1.0, 2.0], [2.0, 4.0], [4.0, 8.0]])
    np.testing.assert_allclose(mape(truth, 1.1 * truth), [0.1, 0.1])
    np.testing.assert_allclose(r2(truth, np.repeat(truth.mean(axis=0)[None], 3, axis=0)), [0.0, 0.0])
    np.testing.assert_allclose(r2(truth, truth), [1.0, 1.0])


def test_of_truths_that_do_not_differ_nothing_can_be_explained():
    truth = np.array([[0.1, 1.0], [0.1, 2.0], [0.1, 3.0]])  # the mean of three 0.1 is not 0.1
    np.testing.assert_array_equal(np.isnan(r2(truth, 1.01 * truth)), [True, False])


def test_the_baseline_recovers_a_cubic_and_its_noise():
    rng = np.random.default_rng(0)
    fraction = rng.uniform(0.05, 0.5, 4000)
    cubic = np.polyval([3.0, -1.0, 2.0, 0.1], fraction)[:, None]
    baseline = fit_fraction_baseline(fraction, cubic + rng.normal(0, 0.02, (4000, 2)))
    np.testing.assert_allclose(baseline.predict(fraction), cubic[:, 0], atol=0.004)
    assert baseline.spread == pytest.approx(0.02, rel=0.05)


def test_skill_is_zero_for_the_baseline_and_one_for_the_truth():
    truth, base = np.array([[0.1, 0.2], [0.3, 0.1]]), np.full((2, 2), 0.2)
    assert skill(truth, base, base) == 0.0
    assert skill(truth, truth, base) == 1.0
    assert skill(truth, 0.5 * (truth + base), base) == pytest.approx(0.75)


def test_the_anisotropy_score_does_not_see_a_common_error():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(50, 2))
    assert anisotropy_r2(truth, truth + rng.normal(size=(50, 1))) == pytest.approx(1.0)
    assert anisotropy_r2(truth, np.repeat(truth.mean(axis=1, keepdims=True), 2, axis=1)) < 0.05
    assert np.isnan(anisotropy_r2(truth[:, :1], truth[:, :1]))


def test_the_coverage_factor_is_infinite_where_too_few_values_calibrate_it():
    truth = np.arange(1.0, 20.0)[:, None]
    ones = np.ones_like(truth)
    assert coverage_factor(truth, 0 * ones, ones, 0.95) == 19.0  # the largest of nineteen
    assert coverage_factor(truth[1:], 0 * ones[1:], ones[1:], 0.95) == np.inf
    assert coverage_factor(truth[1:], 0 * ones[1:], ones[1:], 0.9) == 19.0


def test_the_coverage_factor_gives_its_level_on_new_data_whatever_the_scale_of_the_spreads():
    rng = np.random.default_rng(0)
    std = rng.uniform(0.5, 2.0, (4000, 2))
    truth = rng.normal(0, 3 * std)  # spreads are three times too small
    factor = coverage_factor(truth[:2000], np.zeros((2000, 2)), std[:2000], 0.95)
    assert factor == pytest.approx(3 * 1.96, rel=0.05)
    assert coverage_within(truth[2000:], np.zeros((2000, 2)), factor * std[2000:]) == pytest.approx(
        0.95, abs=0.012
    )
