# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.metrics.peaks import peak_rank


@pytest.fixture
def field():
    """A bar of ten voxels with peaks 9 at z = 1, 7 at z = 5 and 6 at z = 9, 8 beside the first."""
    return np.array([0.0, 9, 8, 1, 2, 7, 3, 0, 5, 6]).reshape(1, 1, 10)


@pytest.mark.parametrize(
    ("z", "rank"),
    [(1, 1), (0, 1), (2, 1), (5, 2), (4, 2), (6, 2), (9, 3), (8, 3)],
)
def test_the_rank_of_a_place_is_that_of_the_first_peak_within_one_voxel(field, z, rank):
    assert peak_rank(field, (0, 0, z)) == rank


def test_what_is_high_only_beside_a_peak_is_no_peak(field):
    assert peak_rank(field, (0, 0, 3), reach=0) == 0  # left out with the first peak
    assert peak_rank(field, (0, 0, 2), reach=0, suppressed=0) == 2


def test_only_the_largest_peaks_are_looked_at(field):
    assert peak_rank(field, (0, 0, 9), largest=2) == 0
    assert peak_rank(field, (0, 0, 9), largest=3) == 3


def test_a_place_where_no_peak_can_be_is_not_found():
    field = np.full((3, 3, 9), -np.inf)
    field[1, 1, 1] = 1.0
    assert peak_rank(field, (1, 1, 7)) == 0


def test_neighbours_count_across_edges_and_corners():
    field = np.zeros((4, 4, 4))
    field[1, 1, 1] = 1.0
    assert peak_rank(field, (2, 2, 2)) == 1
    assert peak_rank(field, (3, 1, 1), largest=1) == 0


def test_a_wide_plateau_has_many_peaks_where_a_cluster_is_one():
    plateau = np.ones((1, 1, 30))
    ranks = [peak_rank(plateau, (0, 0, z)) for z in range(30)]
    assert max(ranks) >= 9


def test_the_rank_does_not_change_under_a_growing_function_of_the_field(field):
    for z in range(10):
        assert peak_rank(np.exp(field), (0, 0, z)) == peak_rank(field, (0, 0, z))


def test_the_field_is_left_as_it_was(field):
    before = field.copy()
    peak_rank(field, (0, 0, 9))
    np.testing.assert_array_equal(field, before)
