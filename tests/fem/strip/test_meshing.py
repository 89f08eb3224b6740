# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes of slotted strips."""

from dataclasses import replace

import numpy as np
import pytest

from mesobayes.fem.errors import MeshError
from mesobayes.fem.plate.triangles import shape_gradients
from mesobayes.fem.strip.meshing import mesh_strip
from mesobayes.fem.strip.settings import DEFAULT_STRIP_MESH
from mesobayes.geometry.plate import Ellipse
from mesobayes.geometry.strip import Slot, Strip

STRIP = Strip(
    Slot.between(1.0, 0.06, 2.5, 0.04), tuple(Ellipse(x, y, 0.02, 0.02) for x, y in ((0.7, 0.4), (3.0, 0.6)))
)
_POINTS = np.array([[1 / 6, 1 / 6], [2 / 3, 1 / 6], [1 / 6, 2 / 3]])  # exact to degree 2


def area_error(settings):
    mesh = mesh_strip(STRIP, True, settings)
    jacobian = np.einsum("cni,qnj->cqij", mesh.points[mesh.cells], shape_gradients(2, _POINTS))
    exact = STRIP.length * STRIP.height - sum(hole.area for hole in mesh.holes)
    return abs(np.sum(np.linalg.det(jacobian)) / 6 - exact)


def test_curved_edges_integrate_the_area_at_fourth_order():
    errors = [area_error(replace(DEFAULT_STRIP_MESH, elements_per_radius=n)) for n in (3.0, 6.0)]
    assert np.log2(errors[0] / errors[1]) > 3.5


def test_loops_run_once_around_each_hole_on_its_edge():
    mesh = mesh_strip(STRIP)
    assert len(mesh.loops) == 3
    slot, *pores = mesh.loops
    np.testing.assert_allclose(STRIP.slot.signed_distance(*mesh.points[slot].T), 0.0, atol=1e-12)
    for pore, loop in zip(STRIP.pores, pores, strict=True):
        offset = mesh.points[loop] - (pore.cx, pore.cy)
        np.testing.assert_allclose(np.linalg.norm(offset, axis=1), pore.a, atol=1e-12)
        turns = np.unwrap(np.arctan2(offset[:, 1], offset[:, 0]))
        assert np.all(np.diff(turns) < 0.0)  # material to the left: clockwise
        assert abs(turns[0] - turns[-1]) < 2 * np.pi


def test_the_two_ends_are_whole_faces():
    mesh = mesh_strip(STRIP)
    for nodes, x in ((mesh.clamped, 0.0), (mesh.moved, 5.0)):
        np.testing.assert_allclose(mesh.points[nodes, 0], x, atol=1e-12)
        assert mesh.points[nodes, 1].min() == pytest.approx(0.0)
        assert mesh.points[nodes, 1].max() == pytest.approx(1.0)


def test_the_macro_mesh_has_the_slot_alone():
    assert mesh_strip(STRIP, pores=False).holes == (STRIP.slot,)


@pytest.mark.parametrize(
    ("places", "problem"),
    [(((1.5, 0.55),), "overlap"), (((3.0, 0.2), (3.03, 0.2)), "overlap"), (((4.99, 0.5),), "leaves")],
)
def test_holes_that_overlap_or_leave_the_strip_are_refused(places, problem):
    with pytest.raises(MeshError, match=problem):
        mesh_strip(Strip(STRIP.slot, tuple(Ellipse(x, y, 0.02, 0.02) for x, y in places)))
