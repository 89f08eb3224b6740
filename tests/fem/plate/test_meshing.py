# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes of perforated plates."""

from pathlib import Path

import gmsh
import numpy as np
import pytest
import yaml

from mesobayes.fem.errors import MeshError
from mesobayes.fem.plate.meshing import mesh_plate
from mesobayes.fem.plate.refinement import refinements
from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.fem.plate.triangles import NODES, shape_gradients, shape_values
from mesobayes.geometry import Ellipse, Plate
from mesobayes.geometry.sampling import sample_plate
from mesobayes.geometry.settings import PlateFamily
from mesobayes.record.seeds import rng_from_name

PLATE = Plate(
    20.0, (Ellipse(-4.0, 1.0, 3.0, 1.5, 30.0),), (Ellipse(3.0, 0.0, 1.0, 1.0), Ellipse(0.0, -5.0, 1.0, 1.0))
)
_POINTS, _WEIGHTS = (
    np.array([[1 / 6, 1 / 6], [2 / 3, 1 / 6], [1 / 6, 2 / 3]]),
    np.full(3, 1 / 6),
)  # exact to degree 2, that of the determinant of a quadratic triangle


def area(mesh):
    gradients = shape_gradients(mesh.order, _POINTS)
    jacobian = np.einsum("cni,qnj->cqij", mesh.points[mesh.cells], gradients)
    return np.sum(np.linalg.det(jacobian) @ _WEIGHTS)


def exact_area(plate, settings):
    return (settings.domain_factor * plate.side) ** 2 - sum(hole.area for hole in plate.holes())


def test_curved_edges_integrate_the_area_at_fourth_order():
    # a parabola through three points of a smooth arc misses its area by O(h⁴)
    errors = []
    for elements in (4.0, 8.0):
        settings = MeshSettings(elements_per_radius=elements, ellipse_elements_per_radius=0.5 * elements)
        errors.append(abs(area(mesh_plate(PLATE, True, settings)) - exact_area(PLATE, settings)))
    assert np.log2(errors[0] / errors[1]) > 3.5


def test_straight_edges_integrate_the_area_at_second_order_only():
    errors = []
    for elements in (4.0, 8.0):
        settings = MeshSettings(elements, 0.5 * elements, curved=False)
        errors.append(abs(area(mesh_plate(PLATE, True, settings)) - exact_area(PLATE, settings)))
    assert 1.5 < np.log2(errors[0] / errors[1]) < 2.5


def test_every_hole_node_lies_on_its_ellipse():
    mesh = mesh_plate(PLATE)
    for k, hole in enumerate(mesh.holes):
        nodes = mesh.points[mesh.hole_nodes[mesh.hole_index == k]]
        assert len(nodes) > 20
        np.testing.assert_allclose(hole.level(nodes[:, 0], nodes[:, 1]), 1.0, atol=1e-9)


def test_macro_mesh_has_no_pores():
    mesh = mesh_plate(PLATE, pores=False)
    assert mesh.holes == PLATE.ellipses
    np.testing.assert_array_equal(np.unique(mesh.hole_index), [0])


def test_edge_lengths_on_holes_follow_the_settings():
    mesh = mesh_plate(PLATE, True, MeshSettings(elements_per_radius=6.0))
    on_pore = np.count_nonzero(mesh.hole_index == 1) / 2  # half of the nodes are mid-edge nodes
    assert 6.0 <= on_pore / (2.0 * np.pi) <= 7.0


def test_the_same_plate_gives_the_same_mesh_whatever_was_meshed_before():
    first = mesh_plate(PLATE)
    mesh_plate(PLATE.rotated90())
    again = mesh_plate(PLATE)
    np.testing.assert_array_equal(first.points, again.points)
    np.testing.assert_array_equal(first.cells, again.cells)


def test_a_gmsh_session_of_the_caller_survives():
    gmsh.initialize(readConfigFiles=False, interruptible=False)
    try:
        gmsh.model.add("mine")
        mesh_plate(PLATE, pores=False)
        assert gmsh.isInitialized()
        assert gmsh.model.getCurrent() == "mine"
    finally:
        gmsh.finalize()


def test_overlapping_holes_are_named():
    plate = Plate(20.0, (), (Ellipse(0, 0, 1, 1), Ellipse(1.5, 0, 1, 1)))
    with pytest.raises(MeshError, match=r"Holes 0 .* and 1 .* overlap or touch"):
        mesh_plate(plate)


@pytest.mark.parametrize("gap", [0.0, 9e-4])
def test_touching_holes_are_refused_with_advice(gap):
    pair = tuple(Ellipse(side * (1.0 + 0.5 * gap), 0.0, 1.0, 1.0) for side in (-1, 1))
    with pytest.raises(MeshError, match=r"overlap or touch .*; move them apart by more than 0.001 R"):
        mesh_plate(Plate(24.0, (), pair))


def test_holes_too_flat_or_too_small_to_be_meshed_are_refused_with_advice():
    for a, b in ((2.0, 0.01), (1e-4, 1e-4)):
        with pytest.raises(MeshError, match="make it rounder or larger"):
            mesh_plate(Plate(24.0, (), (Ellipse(0.0, 0.0, a, b),)))


@pytest.mark.parametrize("family", ["ellipse1", "ellipse3", "ellipse3_ood"])
def test_plates_of_the_studies_are_meshed_as_without_refinement(family):
    configuration = yaml.safe_load((Path(__file__).parents[3] / "config.yaml").read_text("utf-8"))["stress"]
    law, mesh = (
        PlateFamily(family, **configuration["families"][family]),
        MeshSettings(**configuration["mesh"]),
    )
    assert mesh == MeshSettings()  # the default, whose edges count as usual
    for index in range(5):
        plate = sample_plate(law, rng_from_name("refinement", family, index))
        usual = [1 / 3] * len(plate.ellipses) + [1 / 7] * len(plate.pores)
        assert refinements(plate.holes(), usual, usual) == {}


def test_the_shapes_at_the_limits_of_the_studies_need_no_refinement():
    oval = Ellipse(0.0, 0.0, 2**0.5, 0.5**0.5)  # aspect ratio 2, area of a unit disc
    large = [Ellipse(x, 9.0, 10.0, 4.0) for x in (-10.25, 10.25)]  # 0.5 R apart
    usual = [1 / 7, 1 / 3, 1 / 3]
    assert refinements((oval, *large), usual, usual) == {}
    flat = Ellipse(0.0, 0.0, 2.0, 0.6)
    points = np.concatenate([points for _, points in refinements((flat,), [1 / 7], [1 / 7])[0]])
    assert np.abs(points[:, 0]).min() > 1.0  # at its tips only


def test_a_finer_mesh_is_finer_where_it_is_refined_too():
    flat = Plate(24.0, (), (Ellipse(0.0, 0.0, 1.0, 0.1),))
    counts = [len(mesh_plate(flat, True, MeshSettings().refined(factor)).hole_nodes) for factor in (1.0, 2.0)]
    assert 1.6 < counts[1] / counts[0] < 2.2


def test_a_hole_outside_the_domain_is_named():
    with pytest.raises(MeshError, match="leaves the domain"):
        mesh_plate(Plate(10.0, (), (Ellipse(20.0, 0, 1, 1),)))


@pytest.mark.parametrize("bad", [{"growth": 0.0}, {"order": 3}, {"domain_factor": 1.0}])
def test_impossible_settings_are_refused(bad):
    with pytest.raises(ValueError, match="MeshSettings"):
        MeshSettings(**bad)


@pytest.mark.parametrize("order", [1, 2])
def test_shape_functions_are_one_at_their_node_and_their_gradients_match_differences(order):
    nodes = NODES[: 3 * order]
    np.testing.assert_allclose(shape_values(order, nodes), np.eye(3 * order), atol=1e-15)
    local, step = np.array([[0.2, 0.3]]), 1e-6
    for axis in range(2):
        shift = step * np.eye(2)[axis]
        slope = (shape_values(order, local + shift) - shape_values(order, local - shift)) / (2.0 * step)
        np.testing.assert_allclose(shape_gradients(order, local)[..., axis], slope, atol=1e-9)
