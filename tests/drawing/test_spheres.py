# SPDX-License-Identifier: GPL-3.0-or-later
"""Spheres in a cube: what hides what, what a face cuts, and copies across the edges."""

import numpy as np
from matplotlib.colors import to_rgb

from mesobayes.drawing.spheres import _view, render_spheres
from mesobayes.drawing.style import BLUE, SKY


def colour_at(point, centres, radii, side=10.0):
    """Colour where a point of space comes to lie on the page."""
    right, up, _ = _view()
    s, t = np.array([point @ right]), np.array([point @ up])
    return render_spheres(s, t, np.asarray(centres, float), np.asarray(radii, float), side)[0, 0]


def is_tone_of(colour, base):
    full = np.array(to_rgb(base))
    known = full > 0
    return np.all(colour[~known] == 0) and np.ptp(colour[known] / full[known]) < 1e-9


def test_a_sphere_inside_is_round_and_one_at_a_face_is_cut():
    middle = np.array([5.0, 5.0, 5.0])
    assert is_tone_of(colour_at(middle, [middle], [1.0]), SKY)
    front = np.array([5.0, 0.0, 5.0])  # half of it outside the face y = 0, which is seen
    assert is_tone_of(colour_at(front, [front], [1.0]), BLUE)


def test_the_nearer_sphere_hides_the_other_in_any_order():
    _, _, towards = _view()
    far, near = np.array([5.0, 5.0, 5.0]), np.array([5.0, 5.0, 5.0]) + 3 * towards
    one = colour_at(far, [far, near], [1.4, 0.7])
    other = colour_at(far, [near, far], [0.7, 1.4])
    np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(one, colour_at(far, [near], [0.7]))


def test_a_sphere_across_an_edge_is_seen_at_the_opposite_one():
    at = np.array([10.0, 5.0, 5.0])  # the face x = 10 is seen, the centre lies at x = 0
    np.testing.assert_array_equal(colour_at(at, [[0.0, 5.0, 5.0]], [1.0]), colour_at(at, [at], [1.0]))
    assert is_tone_of(colour_at(at, [[0.0, 5.0, 5.0]], [1.0]), BLUE)


def test_outside_the_cube_the_page_is_white():
    np.testing.assert_array_equal(colour_at(np.array([30.0, 5.0, 5.0]), [[5.0, 5.0, 5.0]], [1.0]), 1.0)
