# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of periodic balls, each once, with every image that is near."""

import numpy as np
import pytest

from mesobayes.geometry.neighbours import neighbours


def test_a_pair_across_the_edge_of_the_cell_is_found_once():
    pairs = neighbours(np.array([[1.0, 5.0], [19.0, 5.0]]), np.array([0.8, 0.8]), np.array([20.0, 20.0]), 1.0)
    assert pairs.first.tolist() == [0]
    np.testing.assert_allclose(pairs.vector, [[-2.0, 0.0]])
    np.testing.assert_array_equal(pairs.shift, [[-1, 0]])
    np.testing.assert_allclose(pairs.gap, [0.4])


def test_a_ball_in_the_middle_of_eight_is_a_neighbour_of_eight_images():
    pairs = neighbours(np.array([[0.0, 0, 0], [8.0, 8, 8]]), np.array([5.0, 5.0]), np.full(3, 16.0), 4.0)
    assert len(pairs.gap) == 8
    np.testing.assert_allclose(pairs.gap, 8 * np.sqrt(3) - 10)
    assert len({tuple(vector) for vector in pairs.vector}) == 8


def test_balls_of_two_sizes_are_as_near_as_their_surfaces():
    pairs = neighbours(np.array([[5.0, 5.0], [15.0, 5.0]]), np.array([6.0, 3.0]), np.array([40.0, 40.0]), 4.0)
    np.testing.assert_allclose(pairs.gap, [1.0])


def test_a_cell_in_which_a_ball_would_meet_itself_is_refused():
    with pytest.raises(ValueError, match="its own neighbour"):
        neighbours(np.array([[5.0, 5.0]]), np.array([4.0]), np.array([10.0, 30.0]), 4.0)
