# SPDX-License-Identifier: GPL-3.0-or-later
"""Plates solved on the device: the direct solver, exact answers, symmetry, what padding must not change."""

import logging

import jax
import numpy as np
import pytest
import scipy.linalg
import scipy.sparse as sp

from mesobayes.fem.errors import SolveError
from mesobayes.fem.jaxfem import element_kernels
from mesobayes.fem.plate.assembly import CURVED_DEGREE, element_stiffness, reduce_system
from mesobayes.fem.plate.coarse import bisect, coarse_spaces
from mesobayes.fem.plate.conjugate_gradients import (
    apply_stiffness,
    element_matrices,
    make_preconditioner,
    precondition,
)
from mesobayes.fem.plate.device import bucket, pad_meshes, solve_on_device
from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN, UNIT_STRAINS
from mesobayes.fem.plate.meshing import mesh_plate
from mesobayes.fem.plate.recovery import hoop_stress, recover_stress
from mesobayes.fem.plate.settings import MeshSettings, PlateSolver
from mesobayes.fem.plate.solution import displacements, solve_meshes
from mesobayes.geometry import Ellipse, Plate

COARSE = MeshSettings(3.0, 1.5)
ONE_PORE = Plate(21.0, (), (Ellipse(0.0, 0.0, 1.0, 1.0),))
TWO_PORES = Plate(10.0, (), (Ellipse(0.3, -0.2, 1.0, 1.0), Ellipse(3.0, 2.0, 1.0, 0.7, 20.0)))
RANDOM = Plate(
    20.0,
    (Ellipse(-4.0, 2.0, 3.0, 1.5, 30.0),),
    (Ellipse(3.0, 0.5, 1.0, 1.0), Ellipse(4.0, -2.3, 1.0, 1.0), Ellipse(-2.0, -4.0, 1.0, 1.0)),
)


@pytest.fixture(scope="module")
def meshes():
    """Without pores, with two and with three beside an ellipse: 464 to 940 cells."""
    made = [
        mesh_plate(RANDOM, False, COARSE),
        mesh_plate(TWO_PORES, True, COARSE),
        mesh_plate(RANDOM, True, COARSE),
    ]
    assert len({len(mesh.cells) for mesh in made}) == 3
    return made


def affine(mesh):
    return np.einsum("lij,nj->nil", UNIT_STRAINS, mesh.points)


def assembled(mesh):
    """Stiffness of the free degrees of freedom."""
    held = np.zeros((len(mesh.outer), 2, 1))
    lower = reduce_system(mesh, element_stiffness(mesh, UNIT_PLANE_STRAIN), held).lower
    return lower + sp.tril(lower, k=-1).T


def test_meshes_of_different_sizes_in_one_batch_agree_with_the_direct_solver(meshes):
    for mesh, found in zip(meshes, solve_on_device(meshes), strict=True):
        expected = displacements(mesh)
        size = np.linalg.norm(expected - affine(mesh))
        assert np.linalg.norm(found.checked(1e-8) - expected) < 1e-8 * size
        stresses = [recover_stress(mesh, u, UNIT_PLANE_STRAIN) for u in (found.displacement, expected)]
        assert np.max(np.abs(stresses[0] - stresses[1])) < 1e-7  # of the far stress; labels are known to 3e-3


def test_a_solution_depends_neither_on_its_batch_nor_on_its_padding(meshes):
    together = solve_on_device(meshes, tolerance=1e-11)[0]  # the smallest, half of whose cells are padding
    (alone,) = solve_on_device(meshes[:1], tolerance=1e-11)
    assert alone.iterations == together.iterations
    np.testing.assert_allclose(alone.displacement, together.displacement, rtol=0.0, atol=1e-10)


@pytest.mark.parametrize("order", [1, 2])
def test_patch_test_a_solid_plate_moves_as_its_edge(order):
    mesh = mesh_plate(Plate(8.0), True, MeshSettings(far_size=3.0, order=order))
    (found,) = solve_on_device([mesh])
    np.testing.assert_allclose(found.displacement, affine(mesh), rtol=0.0, atol=1e-12)


def test_operator_and_preconditioner_are_symmetric_and_positive_on_the_free_nodes(meshes):
    mesh = meshes[0]
    with jax.enable_x64(True):
        padded, coarse_points = pad_meshes([mesh])
    unknown = np.flatnonzero(np.repeat(padded.free[0], 2))
    columns = np.eye(2 * len(padded.free[0]))[:, unknown].reshape(-1, 2, len(unknown))

    def images(padded, columns):
        stiffness = element_matrices(padded, kernels)
        inverse = make_preconditioner(padded, stiffness, coarse_points)
        return apply_stiffness(padded, stiffness, columns), precondition(padded, inverse, columns)

    with jax.enable_x64(True):
        kernels = tuple(
            element_kernels(UNIT_PLANE_STRAIN, *kind).evaluate for kind in ((1, 0), (2, CURVED_DEGREE))
        )
        both = jax.jit(images)(jax.tree.map(lambda array: array[0], padded), columns)
        both = [np.asarray(image).reshape(-1, len(unknown)) for image in both]
    assert not any(np.any(np.delete(image, unknown, axis=0)) for image in both)  # held and padded nodes
    matrix, inverse = (image[unknown] for image in both)
    np.testing.assert_allclose(matrix, assembled(mesh).toarray(), rtol=0.0, atol=1e-13)
    np.testing.assert_allclose(inverse, inverse.T, rtol=0.0, atol=1e-12)
    assert scipy.linalg.eigvalsh(matrix)[0] > 0.0
    assert scipy.linalg.eigvalsh(inverse)[0] > 0.0
    values = scipy.linalg.eigvalsh(matrix, scipy.linalg.inv(inverse))
    assert values[-1] < 60.0 * values[0]
    assert values[-1] / values[0] < 0.05 * np.linalg.cond(matrix)


def test_iterations_hardly_grow_with_the_mesh():
    refined = [mesh_plate(TWO_PORES, True, COARSE.refined(factor)) for factor in (1.0, 3.0)]
    coarse, fine = (found.iterations for found in solve_on_device(refined))
    assert len(refined[1].points) > 5 * len(refined[0].points)
    assert max(coarse, fine) < 100
    assert fine < 1.3 * coarse


def test_hoop_stress_of_kirsch_is_3_and_minus_1():
    mesh = mesh_plate(ONE_PORE, True, MeshSettings(8.0))
    (solution,) = solve_meshes([mesh], solver=PlateSolver("device"))
    strain = np.linalg.solve(UNIT_PLANE_STRAIN.stress(np.eye(3)).T, [1.0, 0.0, 0.0])
    hoop = hoop_stress(mesh, solution().stress @ strain[:, None], 0, [0.0, 90.0, 270.0])[:, 0]
    np.testing.assert_allclose(hoop, [-1.0, 3.0, 3.0], rtol=0.01)


@pytest.mark.parametrize("tolerance", [1e-4, 1e-10])
def test_the_residual_asked_for_is_that_of_the_assembled_system(meshes, tolerance):
    for mesh, found in zip(meshes, solve_on_device(meshes, tolerance=tolerance), strict=True):
        matrix, far = assembled(mesh), affine(mesh)
        system = reduce_system(mesh, element_stiffness(mesh, UNIT_PLANE_STRAIN), far[mesh.outer])
        away = found.displacement - far
        assert not np.any(away[mesh.outer])
        load = system.load - matrix @ far.reshape(-1, 3)[system.free]
        residual = load - matrix @ away.reshape(-1, 3)[system.free]
        relative = np.linalg.norm(residual, axis=0) / np.linalg.norm(load, axis=0)
        assert np.all(relative < tolerance)
        np.testing.assert_allclose(relative, found.residual, rtol=1e-3)


def test_iterations_that_do_not_suffice_are_one_clear_error(meshes):
    solver = PlateSolver("device", iterations_max=3)
    with pytest.raises(SolveError, match=r"residual of .* after 3 iterations on .* unknowns, above 1e-08"):
        solve_meshes(meshes[:1], solver=solver)[0]()


def test_batches_of_one_bucket_share_a_program(caplog):
    places = (0.0, 0.1, 0.2, 0.3)
    plates = [Plate(10.0, (), (Ellipse(x, 0.1, 1.0, 1.0), Ellipse(x - 3.0, 1.0, 1.0, 1.0))) for x in places]
    made = [mesh_plate(plate, True, COARSE) for plate in plates]
    with jax.enable_x64(True):
        padded = [[array.shape for array in pad_meshes([mesh])[0]] for mesh in made]
    same = [mesh for mesh, shapes in zip(made, padded, strict=True) if shapes == padded[0]]
    assert len({len(mesh.points) for mesh in same}) > 1
    solve_on_device(same[:1])
    caplog.clear()
    with jax.log_compiles(True), caplog.at_level(logging.WARNING):
        for mesh in same[1:]:
            solve_on_device([mesh])
    assert not any("Compiling" in record.getMessage() for record in caplog.records)


def test_buckets_waste_at_most_a_quarter():
    sizes = np.arange(5000)
    buckets = np.array([bucket([size]) for size in sizes.tolist()])
    assert np.all((buckets >= sizes) & (buckets <= 1.25 * sizes))
    assert len(np.unique(buckets[1025:2049])) == 4


def test_coarser_spaces_hold_the_linear_fields(meshes):
    """Between vertices on straight edges, and between coarse points away from the held outer edge."""
    mesh = meshes[2]
    space = coarse_spaces(mesh)
    vertices = mesh.points[: len(space.weights)]
    straight = np.setdiff1d(np.arange(len(mesh.points)), mesh.hole_nodes)
    between = vertices[space.parents].mean(axis=1)
    np.testing.assert_allclose(between[straight], mesh.points[straight], rtol=0.0, atol=1e-12)

    assert np.all(space.weights > -1e-8)
    whole = np.isclose(space.weights.sum(axis=1), 1.0, rtol=0.0, atol=1e-12)
    assert np.mean(whole) > 0.5
    place = np.zeros((space.points, 2))
    on_point = whole & (space.weights.max(axis=1) > 1.0 - 1e-9)
    place[space.corners[on_point, space.weights[on_point].argmax(axis=1)]] = vertices[on_point]
    from_points = np.einsum("vk,vki->vi", space.weights, place[space.corners])
    np.testing.assert_allclose(from_points[whole], vertices[whole], rtol=0.0, atol=1e-9)


def test_bisection_makes_parts_of_equal_size():
    points = np.random.default_rng(0).standard_normal((1000, 2)) ** 3
    sizes = np.bincount(bisect(points, 5))
    assert len(sizes) == 32
    assert sizes.max() - sizes.min() <= 1
