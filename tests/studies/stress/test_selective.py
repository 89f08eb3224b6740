# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import xarray as xr

from mesobayes.learning.acquisition import batchbald, max_variance, relative_spread, take_best
from mesobayes.studies.stress.selective.choose import choose_sets, label_next, units_of
from mesobayes.studies.stress.settings import ChainSettings

CHAIN = ChainSettings(initial=20, pool=40, validation=15, query_rate=10, queries=3, draws=4, unit="patch")
SPLIT = np.repeat([0, 1], [100, 30]).astype(np.uint8)
PATCHES = np.arange(130)


def previous_query(labelled, pool, score) -> xr.Dataset:
    return xr.Dataset(
        {
            "labelled": ("label", labelled),
            "pool": ("pool_patch", pool),
            "score_max_variance": ("pool_patch", score),
        }
    )


def test_the_sets_of_a_repeat_are_disjoint_and_the_validation_set_is_shared():
    first, second = (choose_sets(SPLIT, PATCHES, CHAIN, repeat, "study") for repeat in (0, 1))
    assert len(np.unique(np.concatenate([first.initial, first.pool]))) == 60
    assert (SPLIT[first.initial] == 0).all()
    assert (SPLIT[first.pool] == 0).all()
    assert (SPLIT[first.validation] == 1).all()
    np.testing.assert_array_equal(first.validation, second.validation)
    assert not np.array_equal(first.initial, second.initial)


def test_the_sets_depend_on_names_only():
    np.testing.assert_array_equal(
        choose_sets(SPLIT, PATCHES, CHAIN, 2, "study").pool,
        choose_sets(SPLIT, PATCHES, CHAIN, 2, "study").pool,
    )
    assert not np.array_equal(
        choose_sets(SPLIT, PATCHES, CHAIN, 2, "study").pool,
        choose_sets(SPLIT, PATCHES, CHAIN, 2, "other").pool,
    )


def test_a_data_set_that_is_too_small_is_refused_with_both_numbers():
    with pytest.raises(ValueError, match="60 patches of training structures, the data set has 50"):
        choose_sets(SPLIT[50:], PATCHES[50:], CHAIN, 0, "study")


def test_maximum_variance_labels_the_top_of_the_score_and_keeps_what_was_labelled():
    sets = choose_sets(SPLIT, PATCHES, CHAIN, 0, "study")
    score = np.random.default_rng(0).permutation(40).astype(float)
    labelled = label_next(
        previous_query(sets.initial, sets.pool, score), PATCHES, "max_variance", CHAIN, 0, 1, "study"
    )
    np.testing.assert_array_equal(labelled[:20], sets.initial)
    assert set(labelled[20:]) == set(sets.pool[score >= 30])


def test_random_labels_new_patches_and_differs_between_repeats_and_queries():
    sets = choose_sets(SPLIT, PATCHES, CHAIN, 0, "study")
    previous = previous_query(sets.initial, sets.pool, np.zeros(40))
    drawn = [
        label_next(previous, PATCHES, "random", CHAIN, repeat, query, "study")[20:]
        for repeat, query in [(0, 1), (0, 2), (1, 1)]
    ]
    for new in drawn:
        assert set(new) <= set(sets.pool)
        assert len(set(new)) == 10
    assert len({tuple(sorted(new)) for new in drawn}) == 3


STRUCTURES = ChainSettings(
    initial=2, pool=5, validation=15, query_rate=2, queries=2, draws=4, unit="structure"
)
OF_TEN = PATCHES // 10  # structures of ten patches each


def test_structures_come_with_all_their_patches():
    patches = xr.Dataset({"structure": ("patch", OF_TEN.astype(np.int32))})
    np.testing.assert_array_equal(units_of(patches, STRUCTURES), OF_TEN)
    np.testing.assert_array_equal(units_of(patches, CHAIN), PATCHES)
    sets = choose_sets(SPLIT, OF_TEN, STRUCTURES, 0, "study")
    assert (len(sets.initial), len(sets.pool), len(sets.validation)) == (20, 50, 15)
    assert not set(OF_TEN[sets.initial]) & set(OF_TEN[sets.pool])
    assert (SPLIT[np.concatenate([sets.initial, sets.pool])] == 0).all()


def test_the_structures_whose_patches_score_highest_on_average_are_solved_next():
    sets = choose_sets(SPLIT, OF_TEN, STRUCTURES, 0, "study")
    of_pool = OF_TEN[sets.pool]
    wanted = np.unique(of_pool)[[3, 1]]
    score = np.select([of_pool == wanted[0], of_pool == wanted[1]], [0.5, 0.4], 0.0)
    score[of_pool == np.setdiff1d(of_pool, wanted)[0]] = [1.0, *[0.0] * 9]  # one high patch is not enough
    previous = previous_query(sets.initial, sets.pool, score)
    labelled = label_next(previous, OF_TEN, "max_variance", STRUCTURES, 0, 1, "study")
    np.testing.assert_array_equal(OF_TEN[labelled[20:]], np.repeat(wanted, 10))
    by_chance = label_next(previous, OF_TEN, "random", STRUCTURES, 0, 1, "study")
    assert len(by_chance) == 40
    assert len(np.unique(OF_TEN[by_chance])) == 4


def test_too_few_structures_are_refused_with_both_numbers():
    with pytest.raises(ValueError, match="7 training structures, the data set has 5"):
        choose_sets(SPLIT[50:], OF_TEN[50:], STRUCTURES, 0, "study")


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
