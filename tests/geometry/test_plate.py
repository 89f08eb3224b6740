# SPDX-License-Identifier: GPL-3.0-or-later
"""Ellipses, distances and plates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesobayes.geometry import Ellipse, Plate
from mesobayes.geometry.distance import gap, signed_distance

sizes = st.floats(0.3, 10.0)
places = st.floats(-15.0, 15.0)
ellipses = st.builds(Ellipse, places, places, sizes, sizes, st.floats(0.0, 180.0))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(ellipses, places, places)
def test_distance_to_an_ellipse_is_that_to_its_nearest_sampled_point(ellipse, x, y):
    edge = ellipse.point(np.linspace(0.0, 2.0 * np.pi, 20001))
    sampled = np.min(np.hypot(edge[:, 0] - x, edge[:, 1] - y))
    distance = float(signed_distance(ellipse, x, y))
    assert abs(distance) == pytest.approx(sampled, abs=2e-3)
    assert abs(distance) <= sampled + 1e-5
    if abs(distance) > 1e-9:
        assert (distance < 0.0) == (float(ellipse.level(x, y)) < 1.0)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(ellipses, ellipses)
def test_gap_is_symmetric_and_negative_only_for_overlap(first, second):
    there, back = gap(first, second), gap(second, first)
    assert (there <= 0.0) == (back <= 0.0)
    if there > 0.0:
        assert there == pytest.approx(back, abs=1e-3)
        edge = first.point(np.linspace(0.0, 2.0 * np.pi, 400))
        assert not np.any(second.contains(edge[:, 0], edge[:, 1]))


def test_gap_between_circles_is_centre_distance_less_radii():
    assert gap(Ellipse(0, 0, 1, 1), Ellipse(3, 4, 2, 2)) == pytest.approx(2.0)


def test_an_ellipse_inside_another_has_a_negative_gap():
    assert gap(Ellipse(0, 0, 9, 5), Ellipse(1, 1, 1.0, 0.5, 20)) < 0.0


def test_normals_are_unit_vectors_across_the_edge():
    ellipse = Ellipse(1.0, -2.0, 3.0, 1.0, 35.0)
    t = np.linspace(0.0, 2.0 * np.pi, 50)
    tangent = (ellipse.point(t + 1e-6) - ellipse.point(t - 1e-6)) / 2e-6
    normal = ellipse.normal(t)
    np.testing.assert_allclose(np.sum(normal * tangent, axis=1), 0.0, atol=1e-8)
    np.testing.assert_allclose(np.linalg.norm(normal, axis=1), 1.0)
    outside = ellipse.point(t) + 1e-3 * normal
    assert not np.any(ellipse.contains(outside[:, 0], outside[:, 1]))


def test_bounding_box_touches_the_ellipse():
    ellipse = Ellipse(0.5, 0.25, 4.0, 1.5, 30.0)
    edge = ellipse.point(np.linspace(0.0, 2.0 * np.pi, 40001)) - (0.5, 0.25)
    np.testing.assert_allclose(np.max(edge, axis=0), ellipse.half_extent, rtol=1e-6)


def test_solid_is_everything_outside_the_holes():
    plate = Plate(20.0, (Ellipse(-4, 0, 3, 2, 45),), (Ellipse(4, 0, 1, 1),))
    assert plate.solid(0.0, 0.0)
    assert not plate.solid(4.5, 0.0)
    assert not plate.solid(-4.0, 0.0)
    assert plate.solid(4.5, 0.0, pores=False)


def test_turning_a_plate_four_times_restores_it():
    plate = Plate(20.0, (Ellipse(-4, 1, 3, 2, 45),), (Ellipse(4, 0, 1, 1),))
    turned = plate.rotated90().rotated90().rotated90().rotated90()
    x, y = np.random.default_rng(0).uniform(-10.0, 10.0, (2, 500))
    np.testing.assert_array_equal(turned.solid(x, y), plate.solid(x, y))
    np.testing.assert_array_equal(plate.rotated90().solid(-y, x), plate.solid(x, y))


@pytest.mark.parametrize("bad", [(0, 0, -1, 1), (0, 0, 1, 0), (np.nan, 0, 1, 1)])
def test_impossible_ellipses_are_refused(bad):
    with pytest.raises(ValueError, match="Ellipse"):
        Ellipse(*bad)
