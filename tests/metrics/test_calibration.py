# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrated half widths on made-up structures, and scores of intervals by hand."""

import numpy as np
import pytest
from scipy.stats import binom

from mesobayes.metrics.calibration import (
    calibration_factors,
    halvings,
    structure_band,
    structure_means,
    structure_weights,
)
from mesobayes.metrics.intervals import interval_score
from mesobayes.metrics.regression import coverage_factor

LEVELS = (0.5, 0.8, 0.95)


def correlated(structures: int, patches: int, rng: np.random.Generator):
    """Heavy-tailed errors whose size is that of their structure, and scales that know half of it."""
    size = np.exp(0.6 * rng.normal(size=structures)).repeat(patches)
    scale = np.exp(rng.normal(size=structures * patches))
    error = size * scale * rng.standard_t(4, size=structures * patches)
    return error, scale, np.arange(structures).repeat(patches)


def test_a_new_structure_is_covered_as_often_as_promised():
    rng, trials = np.random.default_rng(0), 2000
    inside = np.zeros(len(LEVELS))
    for _ in range(trials):
        error, scale, structure = correlated(40, 6, rng)
        factors = calibration_factors(error, scale, structure, LEVELS)
        assert factors.guaranteed
        assert factors.structures == 40
        new, its_scale, _ = correlated(1, 1, rng)
        inside += np.abs(new[0]) <= factors.values * its_scale[0]
    for level, count in zip(LEVELS, inside, strict=True):
        assert count >= binom.ppf(0.001, trials, level)
        assert count <= binom.ppf(0.999, trials, level + 1 / 41)


def test_estimated_factors_of_few_structures_hold_their_level_but_for_a_structure():
    rng, trials = np.random.default_rng(1), 2000
    inside = np.zeros(len(LEVELS))
    for _ in range(trials):
        error, scale, structure = correlated(12, 6, rng)
        factors = calibration_factors(error, scale, structure, LEVELS)
        assert not factors.guaranteed
        new, its_scale, _ = correlated(1, 1, rng)
        inside += np.abs(new[0]) <= factors.values * its_scale[0]
    share = inside / trials
    assert np.all(share > np.array(LEVELS) - 1 / 13 - 0.03)
    assert np.all(share < np.array(LEVELS) + 0.05)


def test_every_structure_has_the_same_mass_whatever_its_patches():
    error = np.concatenate([np.full(1000, 1.0), np.full(3, 2.0), np.full(10, 3.0)])
    structure = np.array([7] * 1000 + [2] * 3 + [5] * 10)
    factors = calibration_factors(error, np.ones(1013), structure, [0.3, 0.4, 0.66, 0.7, 1.0])
    np.testing.assert_array_equal(factors.values, [1, 2, 2, 3, 3])
    weights, count = structure_weights(structure)
    assert count == 3
    assert weights.sum() == pytest.approx(1)
    np.testing.assert_array_equal(structure_means(error, structure), [2, 3, 1])


def test_a_set_too_small_for_a_guarantee_gives_an_infinite_interval():
    error, scale, structure = correlated(18, 50, np.random.default_rng(2))
    factors = calibration_factors(error, scale, structure, LEVELS, guaranteed=True)
    assert np.isfinite(factors.values[:2]).all()
    assert np.isinf(factors.values[2])
    nineteen = calibration_factors(np.arange(1.0, 20), np.ones(19), np.arange(19), 0.95, guaranteed=True)
    assert nineteen.values[0] == 19  # rank ⌈0.95 · 20⌉


def test_without_structures_inside_it_is_the_split_conformal_rank():
    rng = np.random.default_rng(3)
    error, scale = rng.normal(size=57), np.exp(rng.normal(size=57))
    ratio = np.sort(np.abs(error) / scale)
    for level in (0.1, 0.5, 0.9):
        rank = int(np.ceil(level * 58))
        assert coverage_factor(error, np.zeros(57), scale, level) == ratio[rank - 1]


def test_an_interval_without_width_is_never_wide_enough_for_an_error():
    factors = calibration_factors(np.array([0.0, 1.0]), np.zeros(2), np.arange(2), [0.5, 0.9])
    np.testing.assert_array_equal(factors.values, [0, np.inf])


def test_interval_score_by_hand():
    low, high = np.zeros(3), np.full(3, 2.0)
    score = interval_score(np.array([1.0, -0.5, 3.0]), (low, high), 0.8)
    np.testing.assert_allclose(score, [2, 2 + 10 * 0.5, 2 + 10 * 1.0])


def test_interval_score_is_least_for_the_quantiles():
    rng = np.random.default_rng(4)
    truth = rng.normal(size=200_000)
    scores = [interval_score(truth, (-half, half), 0.95).mean() for half in (1.7, 1.96, 2.2)]
    assert scores[1] < min(scores[0], scores[2])


def test_the_band_knows_structures_and_not_patches():
    rng = np.random.default_rng(5)
    few = np.repeat(rng.normal(size=25), 400)
    low, high = structure_band(structure_means(few, np.arange(25).repeat(400)), rng, draws=4000)
    expected = 2 * 1.96 * few.std() / np.sqrt(25)
    assert high - low == pytest.approx(expected, rel=0.1)
    assert low < few.mean() < high


def test_halves_are_made_of_whole_structures():
    structure = np.repeat([3, 1, 4, 15, 9], [2, 7, 1, 8, 2])
    halves = list(halvings(structure, 20, np.random.default_rng(6)))
    for calibrate, test in halves:
        assert np.array_equal(calibrate, ~test)
        assert not set(structure[calibrate]) & set(structure[test])
        assert len(set(structure[calibrate])) == 3
    assert len({calibrate.tobytes() for calibrate, _ in halves}) > 5
    with pytest.raises(ValueError, match="halved"):
        next(halvings(np.zeros(4, int), 1, np.random.default_rng(0)))
