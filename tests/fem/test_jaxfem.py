# SPDX-License-Identifier: GPL-3.0-or-later
"""The adapter against JAX-FEM itself, and what it must not do: compile again, print, change global state."""

import logging
import subprocess
import sys

import jax
import numpy as np
import pytest
import scipy.sparse as sp

from mesobayes.fem.jaxfem import element_kernels, make_problem
from mesobayes.fem.plate.assembly import element_stiffness
from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN
from mesobayes.fem.plate.meshing import mesh_plate
from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.fem.plate.solution import solve_nodal_stress
from mesobayes.geometry import Ellipse, Plate

COARSE = MeshSettings(elements_per_radius=3.0, ellipse_elements_per_radius=1.5)


def small_plate(radius=1.0):
    return Plate(10.0, (), (Ellipse(0.3, -0.2, radius, radius), Ellipse(3.0, 2.0, 1.0, 0.7, 20.0)))


@pytest.mark.parametrize(("order", "degree"), [(1, 0), (2, 2), (2, 4)])
def test_kernels_equal_a_fresh_problem_to_1e_10(order, degree):
    mesh = mesh_plate(small_plate(), True, MeshSettings(3.0, 1.5, order=order))
    displacement = np.random.default_rng(0).standard_normal(mesh.points.shape)
    residuals, tangents = element_kernels(UNIT_PLANE_STRAIN, order, degree).residuals_and_tangents(
        mesh.points[mesh.cells], displacement[mesh.cells]
    )
    dofs = (2 * mesh.cells[:, :, None] + np.arange(2)).reshape(len(mesh.cells), -1)
    residual = np.zeros(2 * len(mesh.points))
    np.add.at(residual, dofs, residuals)
    rows, columns = np.broadcast_arrays(dofs[:, :, None], dofs[:, None, :])
    size = (len(residual), len(residual))
    tangent = sp.coo_matrix((tangents.ravel(), (rows.ravel(), columns.ravel())), shape=size).tocsr()

    with jax.enable_x64(True):
        problem = make_problem(UNIT_PLANE_STRAIN, mesh.points, mesh.cells, degree)
        (expected,) = problem.newton_update([displacement])
        expected_tangent = sp.coo_matrix((np.asarray(problem.V), (problem.I, problem.J)), shape=size).tocsr()
        expected = np.asarray(expected).ravel()
    assert np.max(np.abs(expected)) > 1.0
    np.testing.assert_allclose(residual, expected, atol=1e-10)
    assert abs(tangent - expected_tangent).max() < 1e-10


def test_straight_quadratic_cells_follow_from_linear_ones_to_1e_10():
    mesh = mesh_plate(small_plate(), True, COARSE)
    stiffness = element_stiffness(mesh, UNIT_PLANE_STRAIN)
    direct = element_kernels(UNIT_PLANE_STRAIN, 2, 2).tangents(mesh.points[mesh.cells])
    np.testing.assert_allclose(stiffness[~mesh.curved], direct[~mesh.curved], atol=1e-10)
    six_points = element_kernels(UNIT_PLANE_STRAIN, 2, 4).tangents(mesh.points[mesh.cells])
    np.testing.assert_array_equal(stiffness[mesh.curved], six_points[mesh.curved])


def count_compilations(caplog, work):
    caplog.clear()
    with jax.log_compiles(True), caplog.at_level(logging.WARNING):
        work()
    return sum("Compiling" in record.getMessage() for record in caplog.records)


def test_new_meshes_compile_nothing_after_the_first(caplog):
    solve_nodal_stress(small_plate(), True, COARSE)
    sizes = set()

    def work():
        for radius in np.linspace(0.6, 1.4, 8):
            sizes.add(len(solve_nodal_stress(small_plate(radius), True, COARSE).mesh.cells))

    assert count_compilations(caplog, work) == 0
    assert len(sizes) > 4  # meshes of many different sizes

    def fresh():
        with jax.enable_x64(True):
            make_problem(UNIT_PLANE_STRAIN, *_two_triangles(), 2)

    assert count_compilations(caplog, fresh) > 0  # the counter does count


def _two_triangles():
    points = np.array(
        [[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0], [1, 0.5], [0.5, 0.5], [0.5, 1], [0, 0.5]], float
    )
    return points, np.array([[0, 1, 2, 4, 5, 6], [0, 2, 3, 6, 7, 8]])


def test_double_precision_is_not_switched_on_for_everyone():
    solve_nodal_stress(small_plate(), True, COARSE)
    assert jax.numpy.ones(1).dtype == np.float32


def test_importing_jax_fem_is_silent_and_leaves_loggers_and_printing_alone():
    script = (
        "import logging, numpy as np\n"
        "before = (np.get_printoptions(), logging.getLogger('jax').level)\n"
        "from mesobayes.fem.jaxfem import import_jax_fem\n"
        "import_jax_fem()\n"
        "assert before == (np.get_printoptions(), logging.getLogger('jax').level)\n"
        "assert not logging.getLogger('jax_fem').handlers\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
