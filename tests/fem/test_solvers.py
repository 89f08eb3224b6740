# SPDX-License-Identifier: GPL-3.0-or-later
"""Sparse direct solvers: agreement, and the message for each way to fail."""

import numpy as np
import pytest
import scipy.sparse as sp

from mesobayes.fem.errors import SolveError
from mesobayes.fem.plate.assembly import element_stiffness, reduce_system
from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN
from mesobayes.fem.plate.meshing import mesh_plate
from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.fem.solvers import cholmod_installed, solve_spd
from mesobayes.geometry import Ellipse, Plate

INSTALLED = ["cholespy", "superlu"] + ["cholmod"] * (cholmod_installed())


@pytest.fixture(scope="module")
def system():
    mesh = mesh_plate(Plate(10.0, (), (Ellipse(0, 0, 1, 1),)), True, MeshSettings(elements_per_radius=3.0))
    prescribed = np.random.default_rng(1).standard_normal((len(mesh.outer), 2, 3))
    return mesh, reduce_system(mesh, element_stiffness(mesh, UNIT_PLANE_STRAIN), prescribed)


@pytest.mark.parametrize("solver", INSTALLED)
def test_every_solver_gives_the_dense_solution(system, solver):
    _, reduced = system
    lower = reduced.lower.toarray()
    dense = np.linalg.solve(lower + np.tril(lower, -1).T, reduced.load)
    np.testing.assert_allclose(solve_spd(reduced.lower, reduced.load, solver), dense, atol=1e-10)


def test_reduced_system_leaves_no_force_on_free_nodes(system):
    mesh, reduced = system
    displacement = reduced.expand(solve_spd(reduced.lower, reduced.load))
    stiffness = element_stiffness(mesh, UNIT_PLANE_STRAIN)
    dofs = (2 * mesh.cells[:, :, None] + np.arange(2)).reshape(len(mesh.cells), -1)
    force = np.zeros((2 * len(mesh.points), 3))
    np.add.at(force, dofs, np.einsum("cij,cjl->cil", stiffness, displacement.reshape(-1, 3)[dofs]))
    assert np.max(np.abs(force[reduced.free])) < 1e-11
    assert np.max(np.abs(force[~reduced.free])) > 0.1
    np.testing.assert_array_equal(displacement[mesh.outer], reduced.prescribed[mesh.outer])


@pytest.mark.parametrize("solver", INSTALLED)
def test_indefinite_matrix_is_refused(solver):
    lower = sp.csc_matrix(np.array([[1.0, 0.0, 0.0], [2.0, 1.0, 0.0], [0.0, 0.5, 3.0]]))
    with pytest.raises(SolveError, match="3 unknowns"):
        solve_spd(lower, np.ones((3, 1)), solver)


@pytest.mark.parametrize("solver", INSTALLED)
def test_a_free_floating_body_is_singular(system, solver):
    mesh, _ = system
    stiffness = element_stiffness(mesh, UNIT_PLANE_STRAIN)
    dofs = (2 * mesh.cells[:, :, None] + np.arange(2)).reshape(len(mesh.cells), -1)
    rows, columns = np.broadcast_arrays(dofs[:, :, None], dofs[:, None, :])
    floating = sp.coo_matrix((stiffness.ravel(), (rows.ravel(), columns.ravel()))).tocsc()
    load = np.random.default_rng(2).standard_normal((floating.shape[0], 1))  # not in equilibrium
    with pytest.raises(SolveError, match="unknowns"):
        solve_spd(sp.tril(floating).tocsc(), load, solver)


def test_nan_is_caught_before_the_factorisation():
    with pytest.raises(SolveError, match="NaN"):
        solve_spd(sp.csc_matrix(np.array([[np.nan]])), np.ones((1, 1)))


@pytest.mark.skipif(cholmod_installed(), reason="scikit-sparse is installed")
def test_cholmod_without_its_extra_says_what_to_install():
    with pytest.raises(ModuleNotFoundError, match="install the extra 'cholmod'"):
        solve_spd(sp.csc_matrix(np.eye(2)), np.ones((2, 1)), "cholmod")


def test_unknown_solver_lists_the_known_ones():
    with pytest.raises(ValueError, match="cholespy, cholmod, superlu"):
        solve_spd(sp.csc_matrix(np.eye(2)), np.ones((2, 1)), "petsc")
