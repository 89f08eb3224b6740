# SPDX-License-Identifier: GPL-3.0-or-later
"""Residual, tangent and paths of equilibria of a coarse strip."""

import numpy as np
import pytest

from mesobayes.fem.plate.assembly import element_stiffness
from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN
from mesobayes.fem.plate.meshing import Mesh
from mesobayes.fem.plate.triangles import shape_gradients
from mesobayes.fem.strip.assembly import prepare_assembly
from mesobayes.fem.strip.equilibrium import correct, find_equilibrium, solve_linear
from mesobayes.fem.strip.meshing import mesh_strip
from mesobayes.fem.strip.saint_venant import UNIT_SAINT_VENANT, energy_density
from mesobayes.fem.strip.settings import StripMeshSettings, StripSolverSettings
from mesobayes.geometry.plate import Ellipse
from mesobayes.geometry.strip import Slot, Strip

COARSE = StripMeshSettings(elements_per_radius=2.0, side_size=3.0, far_size=10.0, growth=1.2)
STRIP = Strip(
    Slot.between(1.0, 0.06, 2.5, 0.04), tuple(Ellipse(x, y, 0.02, 0.02) for x, y in ((0.7, 0.4), (3.0, 0.6)))
)


@pytest.fixture(scope="module")
def assembly():
    return prepare_assembly(mesh_strip(STRIP, True, COARSE), UNIT_SAINT_VENANT)


def test_confined_stretch_is_in_equilibrium_and_its_force_is_that_of_the_closed_form(assembly):
    # u = (ε x, 0): P is constant, so only nodes on edges carry forces, those of the right end P_xx in all
    mesh, stretch = assembly.mesh, 1.2
    displacement = np.zeros_like(mesh.points)
    displacement[:, 0] = (stretch - 1.0) * mesh.points[:, 0]
    force = assembly.linearise(displacement).residual
    x, y = mesh.points.T
    inside = (np.minimum(x, 5 - x) > 1e-9) & (np.minimum(y, 1 - y) > 1e-9)
    inside[np.concatenate(mesh.loops)] = False
    lam, mu = UNIT_SAINT_VENANT.lame
    assert np.max(np.abs(force[inside])) < 1e-14
    expected = (lam + 2 * mu) * 0.5 * (stretch**2 - 1) * stretch
    assert np.sum(force[mesh.moved, 0]) == pytest.approx(expected, rel=1e-12)


def test_tangent_is_the_derivative_of_the_residual_and_symmetric(assembly):
    points = assembly.mesh.points
    # smooth, so that no cell is turned inside out
    displacement = 0.1 * np.stack([np.sin(2 * points[:, 0]), np.cos(points[:, 0] + points[:, 1])], axis=1)
    direction, step = np.stack([np.cos(3 * points[:, 1]), np.sin(points[:, 0])], axis=1), 1e-5
    tangents = assembly.linearise(displacement).tangents
    plus, minus = (assembly.linearise(displacement + s * step * direction).residual for s in (1, -1))
    change = assembly.force_of(tangents, direction)
    np.testing.assert_allclose(change, (plus - minus) / (2 * step), rtol=0, atol=1e-8 * np.abs(change).max())
    np.testing.assert_allclose(tangents, np.swapaxes(tangents, 1, 2), atol=1e-14)


def test_the_reduced_matrix_is_the_sum_of_the_element_tangents(assembly):
    tangents = assembly.linearise(np.zeros_like(assembly.mesh.points)).tangents
    lower = assembly.matrix(tangents)
    increment = np.zeros(assembly.free.size)
    increment[assembly.free] = np.random.default_rng(1).standard_normal(assembly.size)
    force = assembly.force_of(tangents, increment.reshape(-1, 2)).reshape(-1)[assembly.free]
    full = lower + lower.T
    full.setdiag(lower.diagonal())
    np.testing.assert_allclose(full @ increment[assembly.free], force, atol=1e-12)


def test_at_rest_the_tangent_is_the_stiffness_of_the_plate(assembly):
    mesh = assembly.mesh
    nothing = np.zeros(0, dtype=np.int64)
    plate = Mesh(
        mesh.points, mesh.cells, nothing, mesh.curved, (), nothing, nothing, np.zeros(0), np.zeros((0, 2))
    )
    tangents = assembly.linearise(np.zeros_like(mesh.points)).tangents
    np.testing.assert_allclose(tangents, element_stiffness(plate, UNIT_PLANE_STRAIN), atol=1e-12)


def test_small_loads_give_the_linear_solution_with_an_error_of_second_order(assembly):
    unit = solve_linear(assembly)
    errors = []
    for load in (1e-2, 1e-3):
        state = find_equilibrium(assembly, load)
        np.testing.assert_allclose(state.linear, load * unit)
        errors.append(np.max(np.abs(state.displacement - load * unit)))
    assert np.log10(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.1)


def test_newton_converges_quadratically(assembly):
    residuals = correct(assembly, 0.3 * solve_linear(assembly), 1e-11, 12).residuals
    orders = [
        np.log(c / b) / np.log(b / a)
        for a, b, c in zip(residuals, residuals[1:], residuals[2:], strict=False)
    ]
    assert max(orders) > 1.7, residuals


@pytest.fixture(scope="module")
def bent(assembly):
    return find_equilibrium(assembly, 1.0, StripSolverSettings(tolerance=1e-11))


def test_forces_and_moments_of_the_ends_balance_in_the_deformed_strip(assembly, bent):
    force = assembly.linearise(bent.displacement).residual
    x, y = (assembly.mesh.points + bent.displacement).T
    size = np.abs(force[assembly.mesh.moved]).sum()
    assert bent.reached == 1.0
    assert np.max(np.abs(force.sum(axis=0))) < 1e-10 * size
    assert abs(np.sum(x * force[:, 1] - y * force[:, 0])) < 1e-9 * size


def test_the_work_of_the_end_force_is_the_stored_energy(assembly, bent):
    # dW/dd = -F_y at the right end, W by the tangent's own quadrature: W(b) - W(a) is the integral of F
    ends = [
        assembly.linearise(
            find_equilibrium(assembly, d, StripSolverSettings(tolerance=1e-11)).displacement
        ).residual
        for d in (0.98, 1.0, 1.02)
    ]
    forces = [-force[assembly.mesh.moved, 1].sum() for force in ends]
    work = 0.04 / 6 * (forces[0] + 4 * forces[1] + forces[2])
    assert work == pytest.approx(stored(assembly, 1.02) - stored(assembly, 0.98), rel=2e-3)


def stored(assembly, load):
    """Energy at an end displacement, with one quadrature for all cells."""
    a, b, c, d = 0.445948490915965, 0.091576213509771, 0.223381589678011, 0.109951743655322
    points = np.array([[a, a], [1 - 2 * a, a], [a, 1 - 2 * a], [b, b], [1 - 2 * b, b], [b, 1 - 2 * b]])
    weights = np.array([c, c, c, d, d, d]) / 2  # exact to degree 4
    mesh, state = assembly.mesh, find_equilibrium(assembly, load, StripSolverSettings(tolerance=1e-11))
    gradients = shape_gradients(2, points)
    jacobian = np.einsum("cni,qnj->cqij", mesh.points[mesh.cells], gradients)
    physical = np.einsum("qnj,cqji->cqni", gradients, np.linalg.inv(jacobian))
    grad_u = np.einsum("cni,cqnj->cqij", state.displacement[mesh.cells], physical)
    return np.sum(energy_density(grad_u) * np.linalg.det(jacobian) * weights)


def test_load_steps_do_not_change_the_state(assembly, bent):
    many = find_equilibrium(assembly, 1.0, StripSolverSettings(step=0.1, step_max=0.1, tolerance=1e-11))
    assert many.steps > bent.steps
    np.testing.assert_allclose(many.displacement, bent.displacement, atol=1e-9)


def test_a_strip_turned_by_half_a_turn_bends_into_the_turned_shape():
    # the ends change places: subtract the translation of the moved end
    slot = Slot.between(1.0, 0.06, 2.5, 0.04)
    turned = Slot(5 - slot.x2, slot.r2, 5 - slot.x1, slot.r1)
    forces = []
    for one in (slot, turned):
        prepared = prepare_assembly(mesh_strip(Strip(one), True, COARSE.refined(2.0)), UNIT_SAINT_VENANT)
        state = find_equilibrium(prepared, 0.8)
        forces.append(prepared.linearise(state.displacement).residual[prepared.mesh.moved].sum(axis=0))
    np.testing.assert_allclose(forces[0], forces[1], rtol=2e-3)


def test_a_path_that_loses_its_stability_says_how_far_it_got():
    # compressed beyond what Saint Venant-Kirchhoff bears at an end of the slot near the clamp
    strip = Strip(Slot(0.5, 0.06, 2.45, 0.035))
    prepared = prepare_assembly(mesh_strip(strip, True, COARSE), UNIT_SAINT_VENANT)
    state = find_equilibrium(prepared, 2.5, StripSolverSettings(step_min=0.1))
    assert 1.0 < state.reached < 2.5
    assert "not positive definite" in state.reason
    residual = prepared.linearise(state.displacement).residual.reshape(-1)
    assert np.linalg.norm(residual[prepared.free]) < 1e-3 * np.linalg.norm(residual[~prepared.free])
