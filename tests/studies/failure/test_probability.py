# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.studies.failure.probability import PlaceLogit, fit_place_logit, reliability

TRUE = PlaceLogit(peak=6.0, share=1.0, elsewhere=3.0)


def specimens(n, seed, confident=0.0):
    """Clusters, places of failure with known frequencies, and shares of draws that may be too sure."""
    rng = np.random.default_rng(seed)
    peak = rng.uniform(0.5, 1.0, (n, 4))
    peak[:, 0] = 1.0
    peak[rng.random((n, 4)) < [0.0, 0.2, 0.4, 0.6]] = np.nan
    logits = np.where(np.isnan(peak), -np.inf, (4.0 + confident) * peak)
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    share = np.where(np.isnan(peak), np.nan, share)
    p = np.nan_to_num(TRUE.probability(peak, share))
    p = np.concatenate([1.0 - p.sum(axis=1, keepdims=True), p], axis=1)
    rank = (rng.random((n, 1)) > np.cumsum(p, axis=1)).sum(axis=1)
    return peak, share, rank


def z_scores(probability, rank):
    """By bin: failures minus expected ones, in deviations of the binomial law."""
    found = reliability(probability, rank, 8)
    some = found.clusters > 30
    mean = found.predicted[some] / found.clusters[some]
    deviation = np.sqrt(np.maximum(found.clusters[some] * mean * (1 - mean), 1.0))
    return (found.failed[some] - found.predicted[some]) / deviation


def test_the_calibrated_probability_is_the_frequency_with_which_unseen_specimens_fail_there():
    logit = fit_place_logit(*specimens(4000, 0))
    peak, share, rank = specimens(4000, 1)
    assert np.abs(z_scores(logit.probability(peak, share), rank)).max() < 4.0


def test_a_share_of_draws_that_is_too_sure_is_no_probability_and_is_calibrated():
    peak, share, rank = specimens(4000, 2, confident=40.0)
    assert np.abs(z_scores(share, rank)).max() > 10.0
    logit = fit_place_logit(*specimens(4000, 3, confident=40.0))
    assert np.abs(z_scores(logit.probability(peak, share), rank)).max() < 4.0


def test_probabilities_of_all_clusters_and_of_elsewhere_sum_to_one():
    peak, share, _ = specimens(50, 4)
    p = TRUE.probability(peak, share)
    sure = PlaceLogit(6.0, 1.0, -50.0).probability(peak, share)
    assert (np.nansum(p, axis=1) < 1.0).all()
    np.testing.assert_allclose(np.nansum(sure, axis=1), 1.0)
    np.testing.assert_array_equal(np.isnan(p), np.isnan(peak))


def test_every_cluster_and_every_failure_is_counted_once():
    probability = np.array([[0.9, 0.1], [1.0, np.nan], [0.5, 0.5]])
    found = reliability(probability, np.array([1, 0, 2]), 2)
    np.testing.assert_array_equal(found.clusters, [1, 4])
    np.testing.assert_array_equal(found.failed, [0, 2])
    assert found.predicted.sum() == pytest.approx(3.0)


def test_specimens_that_all_fail_in_their_first_cluster_leave_finite_coefficients():
    peak, share, _ = specimens(20, 5)
    logit = fit_place_logit(peak, share, np.ones(20, int))
    assert np.isfinite(logit).all()
    assert np.median(logit.probability(peak, share)[:, 0]) > 0.9
