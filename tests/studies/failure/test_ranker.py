# SPDX-License-Identifier: GPL-3.0-or-later
"""The listwise ranker, on data whose answer is known."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime

from mesobayes.studies.failure.place_settings import RankerSettings
from mesobayes.studies.failure.ranker import first_of_each, fit_ranker, listwise_loss, log_softmax

SETTINGS = RankerSettings(labels=(10,), penalty=1e-3)


def lists(rng, specimens=200, features=3, largest=30):
    """Features of random candidates and the specimen that each belongs to."""
    groups = np.repeat(np.arange(specimens), rng.integers(2, largest, specimens))
    return rng.standard_normal((len(groups), features)), groups


def highest(scores, groups):
    """True at the highest score of every specimen."""
    top = np.zeros(len(scores), bool)
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        top[rows[scores[rows].argmax()]] = True
    return top


def test_the_gradient_of_the_loss_is_that_of_finite_differences():
    rng = np.random.default_rng(0)
    terms, groups = lists(rng, specimens=9)
    failed = highest(rng.standard_normal(len(groups)), groups)
    arguments = terms, first_of_each(groups), failed, 0.01
    weights = rng.standard_normal(3)
    numerical = approx_fprime(weights, lambda w: listwise_loss(w, *arguments)[0], 1e-7)
    np.testing.assert_allclose(listwise_loss(weights, *arguments)[1], numerical, rtol=1e-5, atol=1e-7)


def test_without_weights_every_candidate_is_as_likely_and_the_loss_is_the_logarithm_of_their_number():
    rng = np.random.default_rng(1)
    terms, groups = lists(rng)
    failed = highest(terms[:, 0], groups)
    loss, _ = listwise_loss(np.zeros(3), terms, first_of_each(groups), failed, 1.0)
    assert loss == pytest.approx(np.log(np.bincount(groups)).mean())


def test_probabilities_of_a_specimen_sum_to_one_and_ignore_a_shift_of_its_scores():
    rng = np.random.default_rng(2)
    _, groups = lists(rng)
    starts, scores = first_of_each(groups), 300.0 * rng.standard_normal(len(groups))
    logarithm = log_softmax(scores, starts)
    np.testing.assert_allclose(np.add.reduceat(np.exp(logarithm), starts), 1.0)
    shift = rng.standard_normal(len(starts))[groups]
    np.testing.assert_allclose(log_softmax(scores + shift, starts), logarithm, atol=1e-9)


@pytest.mark.parametrize(
    "law", [lambda f: f @ [1.0, -2.0, 0.5], lambda f: f[:, 0] * f[:, 1] - f[:, 2] ** 2 + f[:, 0]]
)
def test_a_linear_or_quadratic_law_is_recovered_on_new_specimens(law):
    rng = np.random.default_rng(3)
    features, groups = lists(rng, specimens=600)
    ranker = fit_ranker(features, groups, highest(law(features), groups), SETTINGS)
    new, of = lists(rng, specimens=300)
    found, truth = highest(ranker.scores(new), of), highest(law(new), of)
    assert (found & truth).sum() >= 0.96 * 300


def test_a_law_with_noise_is_learned_with_its_probabilities():
    """Failed candidates drawn from the softmax of known scores: the weights come back."""
    rng = np.random.default_rng(4)
    features, groups = lists(rng, specimens=4000)
    true = features @ [1.5, -1.0, 0.0]
    failed = highest(true + rng.gumbel(size=len(true)), groups)  # a draw from the softmax
    scores = fit_ranker(features, groups, failed, SETTINGS).scores(features)
    slope = np.linalg.lstsq(np.c_[features, np.ones(len(features))], scores, rcond=None)[0]
    np.testing.assert_allclose(slope[:3], [1.5, -1.0, 0.0], atol=0.08)


def test_scores_do_not_depend_on_the_units_of_the_features():
    rng = np.random.default_rng(5)
    features, groups = lists(rng)
    failed = highest(features[:, 0], groups)
    scaled = features * [1e3, 1e-2, 7.0] + [5.0, 0.0, -1.0]
    one, other = fit_ranker(features, groups, failed, SETTINGS), fit_ranker(scaled, groups, failed, SETTINGS)
    np.testing.assert_allclose(one.scores(features), other.scores(scaled), rtol=1e-3, atol=0.1)


def test_a_specimen_without_a_failed_candidate_does_not_train():
    rng = np.random.default_rng(6)
    features, groups = lists(rng)
    failed = highest(features[:, 0], groups)
    unknown = groups == 7
    with_it = fit_ranker(features, groups, failed & ~unknown, SETTINGS)
    without = fit_ranker(features[~unknown], groups[~unknown], failed[~unknown], SETTINGS)
    np.testing.assert_array_equal(with_it.weights, without.weights)
    with pytest.raises(ValueError, match="nothing to learn"):
        fit_ranker(features, groups, np.zeros(len(groups), bool), SETTINGS)


def test_a_feature_far_off_what_was_seen_does_not_run_away():
    rng = np.random.default_rng(7)
    features, groups = lists(rng)
    ranker = fit_ranker(features, groups, highest(features[:, 0], groups), SETTINGS)
    far, farther = ranker.scores(np.array([[1e3, 0.0, 0.0], [1e6, 0.0, 0.0]]))
    assert far == farther
