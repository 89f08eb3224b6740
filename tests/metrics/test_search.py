# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.metrics.search import searched_share

SHAPE = (6, 6, 20)
PLACE = (3, 2, 11)


@pytest.fixture
def solid():
    pores = np.random.default_rng(0).random(SHAPE) < 0.05
    pores[PLACE] = False
    return ~pores


def test_a_prediction_with_its_maximum_at_the_place_needs_one_voxel(solid):
    field = np.zeros(SHAPE)
    field[PLACE] = 1.0
    assert searched_share(field, solid, PLACE) == pytest.approx(1 / solid.sum())


def test_a_constant_prediction_needs_the_whole_specimen(solid):
    assert searched_share(np.full(SHAPE, 0.3), solid, PLACE) == 1.0


def test_without_reach_a_random_prediction_needs_half_of_it_on_average(solid):
    rng = np.random.default_rng(1)
    shares = [searched_share(rng.random(SHAPE), solid, PLACE, reach=0) for _ in range(400)]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)


def test_it_depends_on_the_order_of_the_values_only_and_not_on_the_voids(solid):
    rng = np.random.default_rng(2)
    field = rng.random(SHAPE)
    share = searched_share(field, solid, PLACE)
    assert searched_share(np.exp(5 * field), solid, PLACE) == share
    assert searched_share(np.where(solid, field, 9.0), solid, PLACE) == share


def test_it_works_in_a_corner(solid):
    field = np.arange(np.prod(SHAPE), dtype=float).reshape(SHAPE)
    assert 0 < searched_share(field, np.ones(SHAPE, bool), (5, 5, 19)) <= 1 / np.prod(SHAPE)
