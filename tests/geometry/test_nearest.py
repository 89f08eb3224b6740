# SPDX-License-Identifier: GPL-3.0-or-later
"""Distances and normals of the nearest holes, and stresses in the frame of an edge."""

import numpy as np
import pytest

from mesobayes.geometry import Ellipse
from mesobayes.geometry.distance import signed_distance
from mesobayes.geometry.nearest import nearest_edges
from mesobayes.geometry.pores import Edge, Pores

NO_EDGE = Edge(np.zeros(0, complex), np.zeros(0, complex))


@pytest.fixture(scope="module")
def points():
    rng = np.random.default_rng(0)
    return rng.uniform(-6, 6, 400) + 1j * rng.uniform(-6, 6, 400)


@pytest.mark.parametrize("ellipse", [Ellipse(0.3, -0.2, 1.5, 1.5), Ellipse(0.3, -0.2, 2.0, 1.0, 35.0),
                                     Ellipse(-1.0, 0.5, 1.0, 2.5, 10.0)])  # fmt: skip
def test_the_distance_from_a_pore_is_that_of_the_exact_foot(ellipse, points):
    expected = signed_distance(ellipse, points.real, points.imag)
    outside = expected > -0.2
    distance, normal = Pores.of((ellipse,)).nearest(points)
    np.testing.assert_allclose(distance[0, outside], expected[outside], atol=1e-6)
    foot = points - distance[0] * normal[0]
    np.testing.assert_allclose(ellipse.level(foot.real, foot.imag)[outside], 1.0, atol=1e-5)
    np.testing.assert_allclose(np.abs(normal), 1.0)


def test_the_two_nearest_holes_come_in_order(points):
    pores = Pores.of((Ellipse(0.0, 0.0, 1.0, 1.0), Ellipse(3.0, 0.0, 1.0, 1.0), Ellipse(0.0, 4.0, 1.0, 1.0)))
    found = nearest_edges(points, pores, NO_EDGE)
    each = np.sort(np.abs(points[None] - pores.centre[:, None]) - 1.0, axis=0)
    np.testing.assert_allclose(found.distance, each[:2])
    assert found.pore.all()


def test_near_an_edge_its_tangent_counts_and_far_from_it_its_points():
    theta = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    edge = Edge(5 * np.exp(1j * theta), np.exp(1j * theta))
    found = nearest_edges(np.array([5.3 + 0.1j, 9.0 + 0j, 4.6 + 0j]), Pores.of(()), edge)
    np.testing.assert_allclose(found.distance[0], [0.3, 4.0, -0.4], atol=0.01)
    np.testing.assert_allclose(found.normal[0], 1.0, atol=0.02)
    assert not found.pore[0].any()
    assert np.isinf(found.distance[1]).all()


def test_thinned_points_keep_their_distance_and_leave_no_room():
    rng = np.random.default_rng(1)
    edge = Edge(rng.uniform(0, 10, 200) + 1j * rng.uniform(0, 10, 200), np.ones(200, complex))
    kept = edge.point[edge.thinned(1.0)]
    apart = np.abs(kept[:, None] - kept[None])
    assert apart[~np.eye(len(kept), dtype=bool)].min() >= 1.0
    assert np.abs(edge.point[:, None] - kept[None]).min(axis=1).max() < 1.0
