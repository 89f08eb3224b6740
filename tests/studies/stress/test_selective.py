# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import xarray as xr

from mesobayes.learning.acquisition import batchbald, max_variance, relative_spread, take_best
from mesobayes.studies.stress.selective import choose_sets, label_next
from mesobayes.studies.stress.settings import ChainSettings

CHAIN = ChainSettings(initial=20, pool=40, validation=15, query_rate=10, queries=3, draws=4)
SPLIT = np.repeat([0, 1], [100, 30]).astype(np.uint8)


def previous_query(labelled, pool, score) -> xr.Dataset:
    return xr.Dataset(
        {
            "labelled": ("label", labelled),
            "pool": ("pool_patch", pool),
            "score_max_variance": ("pool_patch", score),
        }
    )


def test_the_sets_of_a_repeat_are_disjoint_and_the_validation_set_is_shared():
    first, second = (choose_sets(SPLIT, CHAIN, repeat, "study") for repeat in (0, 1))
    assert len(np.unique(np.concatenate([first.initial, first.pool]))) == 60
    assert (SPLIT[first.initial] == 0).all()
    assert (SPLIT[first.pool] == 0).all()
    assert (SPLIT[first.validation] == 1).all()
    np.testing.assert_array_equal(first.validation, second.validation)
    assert not np.array_equal(first.initial, second.initial)


def test_the_sets_depend_on_names_only():
    np.testing.assert_array_equal(
        choose_sets(SPLIT, CHAIN, 2, "study").pool, choose_sets(SPLIT, CHAIN, 2, "study").pool
    )
    assert not np.array_equal(
        choose_sets(SPLIT, CHAIN, 2, "study").pool, choose_sets(SPLIT, CHAIN, 2, "other").pool
    )


def test_a_data_set_that_is_too_small_is_refused_with_both_numbers():
    with pytest.raises(ValueError, match="60 patches of training structures, the data set has 50"):
        choose_sets(SPLIT[50:], CHAIN, 0, "study")


def test_maximum_variance_labels_the_top_of_the_score_and_keeps_what_was_labelled():
    sets = choose_sets(SPLIT, CHAIN, 0, "study")
    score = np.random.default_rng(0).permutation(40).astype(float)
    labelled = label_next(
        previous_query(sets.initial, sets.pool, score), "max_variance", CHAIN, 0, 1, "study"
    )
    np.testing.assert_array_equal(labelled[:20], sets.initial)
    assert set(labelled[20:]) == set(sets.pool[score >= 30])


def test_random_labels_new_patches_and_differs_between_repeats_and_queries():
    sets = choose_sets(SPLIT, CHAIN, 0, "study")
    previous = previous_query(sets.initial, sets.pool, np.zeros(40))
    drawn = [
        label_next(previous, "random", CHAIN, repeat, query, "study")[20:]
        for repeat, query in [(0, 1), (0, 2), (1, 1)]
    ]
    for new in drawn:
        assert set(new) <= set(sets.pool)
        assert len(set(new)) == 10
    assert len({tuple(sorted(new)) for new in drawn}) == 3


def test_maximum_variance_looks_at_solid_pixels_only():
    std = np.array([[[3.0, 1.0]], [[0.5, 2.0]]])
    mask = np.array([[[False, True]], [[True, True]]])
    np.testing.assert_array_equal(max_variance(std, mask), [1.0, 4.0])


def test_relative_spread_is_scale_free_and_guards_against_a_predicted_maximum_of_zero():
    draws = np.random.default_rng(1).uniform(1, 2, size=(50, 3))
    draws[:, 2] = 0.0
    spread = relative_spread(draws)
    np.testing.assert_allclose(relative_spread(7 * draws)[:2], spread[:2])
    assert spread[2] == 0.0


def test_ties_go_to_the_earlier_patch():
    np.testing.assert_array_equal(take_best(np.array([1.0, 2.0, 2.0, 0.0]), 3), [1, 2, 0])


def information(covariance: np.ndarray, noise: float) -> float:
    return 0.5 * np.linalg.slogdet(np.eye(len(covariance)) + covariance / noise)[1]


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_choice_of_batchbald_adds_most_to_the_log_determinant_of_the_batch(seed):
    rng = np.random.default_rng(seed)
    draws = rng.normal(size=(12, 4)) @ rng.normal(size=(4, 9)) + 0.3 * rng.normal(size=(12, 9))
    covariance, noise = np.cov(draws, rowvar=False), 0.4
    chosen: list[int] = []
    for _ in range(4):
        gains = {
            one: information(covariance[np.ix_([*chosen, one], [*chosen, one])], noise)
            for one in range(9)
            if one not in chosen
        }
        chosen.append(max(gains, key=lambda one: gains[one]))
    np.testing.assert_array_equal(take_best(batchbald(draws, noise, 4), 4), chosen)


def test_batchbald_does_not_take_the_same_information_twice():
    rng = np.random.default_rng(3)
    strong, weak = 2 * rng.normal(size=50), rng.normal(size=50)
    draws = np.stack([strong, strong, weak], axis=1)  # the second patch repeats the first
    assert set(take_best(batchbald(draws, 0.01, 2), 2)) != {0, 1}
    assert set(take_best(draws.var(axis=0), 2)) == {0, 1}


def test_the_batch_of_batchbald_is_as_large_as_asked_also_without_any_spread():
    score = batchbald(np.ones((5, 6)), 0.1, 4)
    assert np.count_nonzero(score) == 4
