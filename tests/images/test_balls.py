# SPDX-License-Identifier: GPL-3.0-or-later
"""Discs and spheres found in images that were painted from known ones, and their contacts counted by hand."""

import numpy as np
import pytest

from mesobayes.geometry.inclusions import InclusionCell, sample_cell
from mesobayes.geometry.neighbours import neighbours
from mesobayes.geometry.settings import InclusionFamily
from mesobayes.images.balls import Balls, find_balls
from mesobayes.images.contacts import contact_counts

FAMILIES = {
    "discs": InclusionFamily("discs", 64, 2, 8.0, 8.0, fraction_max=0.5),
    "spheres": InclusionFamily("spheres", 32, 3, 5.0, 5.0, fraction_max=0.35),
    "sizes": InclusionFamily("sizes", 96, 2, 4.0, 12.0, fraction_max=0.6),
}


def distances(found, centres, edges):
    apart = found[:, None] - centres
    apart -= edges * np.round(apart / edges)
    return np.linalg.norm(apart, axis=-1)


@pytest.mark.parametrize(("name", "error"), [("discs", 0.2), ("spheres", 0.12), ("sizes", 0.35)])
def test_every_inclusion_is_found_where_it_was_painted(name, error):
    family, rng = FAMILIES[name], np.random.default_rng(0)
    for fraction in np.linspace(family.fraction_min, family.fraction_max, 6):
        cell = sample_cell(family, rng, float(fraction))
        balls = find_balls(cell.image(), family.radius_min, family.radius_max)
        assert len(balls.radii) == len(cell.radii)
        apart = distances(balls.centres, cell.centres, family.side)
        assert apart.min(axis=1).max() < error
        np.testing.assert_allclose(balls.radii, cell.radii[apart.argmin(axis=1)], atol=0.25)
        assert balls.misfit < 0.05
        np.testing.assert_array_equal(balls.owner >= 0, cell.image())


@pytest.mark.parametrize("centre", [(0.0, 0.0), (63.7, 30.0), (31.4, 0.2)])
def test_a_disc_across_the_edge_of_the_cell_is_one_disc(centre):
    cell = InclusionCell(np.array([centre]), np.array([8.0]), 64, 0.05, 0.05, False)
    balls = find_balls(cell.image(), 8.0, 8.0)
    assert len(balls.radii) == 1
    assert distances(balls.centres, np.array([centre]), 64).max() < 0.1


def test_centres_move_with_the_image():
    image = sample_cell(FAMILIES["discs"], np.random.default_rng(1), 0.4).image()
    still = find_balls(image, 8.0, 8.0)
    moved = find_balls(np.roll(image, (5, 11), (0, 1)), 8.0, 8.0)
    apart = distances(moved.centres, still.centres + np.array([11, 5]), 64)
    assert np.sort(apart.min(axis=1)).max() < 1e-9


def test_overlapping_discs_and_noise_are_not_what_separate_discs_explain():
    overlap = InclusionFamily("overlap", 64, 2, 8.0, 8.0, overlap=True, fraction_max=0.9)
    image = sample_cell(overlap, np.random.default_rng(0), 0.6).image()
    assert find_balls(image, 8.0, 8.0).misfit > 0.1
    assert find_balls(np.random.default_rng(0).random((64, 64)) < 0.3, 8.0, 8.0).misfit > 0.9
    assert find_balls(np.zeros((64, 64), bool), 8.0, 8.0).misfit == 0.0


def test_contacts_of_two_squares_are_counted_by_hand():
    """Squares of 2 x 2 pixels side by side share two edges and two corners; one pixel down: one and two."""
    for lower, expected in ((1, [2, 2]), (2, [1, 2]), (3, [0, 1])):
        owner = np.full((8, 8), -1, np.int32)
        owner[1:3, 1:3] = 0
        owner[lower : lower + 2, 3:5] = 1
        centres = np.array([[2.0, 2.0], [4.0, lower + 1.0]])
        balls = Balls(centres, np.array([1.0, 1.0]), owner, 0.0)
        pairs = neighbours(centres, balls.radii, np.array([8.0, 8.0]), 1.0)
        assert contact_counts(balls, pairs).tolist() == [expected]


def test_contacts_across_the_edge_belong_to_that_image_of_the_neighbour():
    owner = np.full((8, 8), -1, np.int32)
    owner[1:3, 0:2] = 0
    owner[1:3, 6:8] = 1
    centres = np.array([[1.0, 2.0], [7.0, 2.0]])
    balls = Balls(centres, np.array([1.2, 1.2]), owner, 0.0)
    pairs = neighbours(centres, balls.radii, np.array([8.0, 8.0]), 2.0)
    counts = contact_counts(balls, pairs)
    across = np.flatnonzero((pairs.shift == [-1, 0]).all(axis=1))
    assert counts[across].tolist() == [[2, 2]]
    assert counts.sum() == 4


def test_cubes_of_two_voxels_touch_by_faces_edges_and_corners():
    owner = np.full((8, 8, 8), -1, np.int32)
    owner[1:3, 1:3, 1:3] = 0
    owner[1:3, 1:3, 3:5] = 1
    centres = np.array([[2.0, 2.0, 2.0], [4.0, 2.0, 2.0]])
    balls = Balls(centres, np.array([1.0, 1.0]), owner, 0.0)
    pairs = neighbours(centres, balls.radii, np.full(3, 8.0), 1.0)
    assert contact_counts(balls, pairs).tolist() == [[4, 8, 4]]  # 4 faces, (2 + 2) · 2 edges, 4 corners
