# SPDX-License-Identifier: GPL-3.0-or-later
"""Slots, strips and their random family."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesobayes.geometry.plate import Ellipse
from mesobayes.geometry.sampling import PlacementError
from mesobayes.geometry.settings import StripFamily
from mesobayes.geometry.strip import Slot, Strip
from mesobayes.geometry.strip_sampling import sample_strip

FIGURE_26 = Slot.between(0.76, 0.06, 2.45, 0.035)
RADII = st.floats(0.02, 0.2)


def hull_distance(slot, x, y, count=4001):
    """Unsigned distance from the sampled edge: discs that grow or shrink from one end to the other."""
    share = np.linspace(0.0, 1.0, count)
    centre, radius = slot.x1 + share * (slot.x2 - slot.x1), slot.r1 + share * (slot.r2 - slot.r1)
    return np.min(np.hypot(x - centre, y - slot.y) - radius)


@settings(max_examples=60, deadline=None)
@given(RADII, RADII, st.floats(0.3, 2.0), st.floats(-0.5, 3.0), st.floats(0.0, 1.0))
def test_outside_the_slot_the_distance_is_that_from_the_discs_between_its_ends(r1, r2, length, x, y):
    slot = Slot(0.5, r1, 0.5 + length, r2)
    distance = float(slot.signed_distance(x, y))
    if distance > 0.0:
        assert abs(distance - hull_distance(slot, x, y)) < 1e-4


def test_a_slot_of_equal_discs_is_a_stadium():
    slot = Slot(1.0, 0.1, 2.0, 0.1)
    assert slot.area == pytest.approx(0.2 + np.pi * 0.01)
    np.testing.assert_allclose(slot.signed_distance([1.5, 0.8, 2.2], [0.7, 0.5, 0.5]), [0.1, 0.1, 0.1])
    np.testing.assert_allclose(slot.tangent_points()[0], [[1.0, 0.6], [1.0, 0.4]])


def test_the_area_of_a_slot_is_that_of_its_interior():
    slot = Slot(0.5, 0.3, 1.4, 0.1)
    x, y = np.meshgrid((np.arange(2000) + 0.5) / 1000, (np.arange(1000) + 0.5) / 1000)
    assert np.mean(slot.contains(x, y)) * 2.0 == pytest.approx(slot.area, rel=1e-4)


def test_tangent_points_lie_on_both_the_disc_and_the_tangent():
    (first, _), (second, _) = FIGURE_26.tangent_points()
    np.testing.assert_allclose(FIGURE_26.signed_distance(*np.array([first, second]).T), 0.0, atol=1e-15)
    normal = np.array(FIGURE_26.slope)
    assert abs((second - first) @ normal) < 1e-15


def test_projected_points_lie_on_the_edge():
    points = np.random.default_rng(0).uniform((0.5, 0.3), (2.8, 0.7), (200, 2))
    np.testing.assert_allclose(FIGURE_26.signed_distance(*FIGURE_26.project(points).T), 0.0, atol=1e-14)


def test_the_ends_of_a_slot_lie_where_they_were_asked_for():
    assert FIGURE_26.signed_distance(0.76, 0.5) == pytest.approx(0.0, abs=1e-15)
    assert FIGURE_26.signed_distance(2.45, 0.5) == pytest.approx(0.0, abs=1e-15)


def test_disc_within_disc_is_no_slot():
    with pytest.raises(ValueError, match="hold the other"):
        Slot(1.0, 0.5, 1.2, 0.1)


def test_elliptical_pores_are_refused():
    with pytest.raises(ValueError, match="circles"):
        Strip(FIGURE_26, (Ellipse(3.0, 0.5, 0.1, 0.2),))


@pytest.mark.parametrize("seed", range(4))
def test_pores_keep_their_gaps(seed):
    family = StripFamily("strip")
    strip = sample_strip(family, np.random.default_rng(seed))
    centres = np.array([(pore.cx, pore.cy) for pore in strip.pores])
    radius = family.pore_radius
    between = np.linalg.norm(centres[:, None] - centres[None], axis=2)[np.triu_indices(len(centres), 1)]
    assert family.n_pores_min <= len(centres) <= family.n_pores_max
    assert np.min(between) >= (2.0 + family.gap_min) * radius
    assert np.min(strip.slot.signed_distance(*centres.T)) >= (1.0 + family.gap_min) * radius
    to_faces = np.minimum(centres, [strip.length, strip.height] - centres)
    assert np.min(to_faces) >= (1.0 + family.face_gap_min) * radius


def test_pores_without_room_are_refused_with_advice():
    with pytest.raises(PlacementError, match="lower n_pores_max"):
        sample_strip(StripFamily("full", n_pores_min=3000, n_pores_max=3000), np.random.default_rng(0))


def test_a_family_whose_slot_leaves_the_strip_is_refused():
    with pytest.raises(ValueError, match="inside the strip"):
        StripFamily("long", slot_end_max=6.0)
