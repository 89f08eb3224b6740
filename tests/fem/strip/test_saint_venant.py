# SPDX-License-Identifier: GPL-3.0-or-later
"""The Saint Venant-Kirchhoff law against closed forms and differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN
from mesobayes.fem.strip.saint_venant import (
    UNIT_SAINT_VENANT,
    cauchy_stress,
    energy_density,
    free_edge_stress,
)

LAME, SHEAR = UNIT_SAINT_VENANT.lame
RANDOM = 0.3 * np.random.default_rng(0).standard_normal((20, 2, 2))


def first_piola(grad_u):
    with jax.enable_x64(True):
        return np.asarray(UNIT_SAINT_VENANT(jnp.asarray(grad_u)))


@pytest.mark.parametrize("stretch", [0.8, 1.0, 1.3])
def test_confined_stretch_has_the_closed_form(stretch):
    # F = diag(λ, 1): S_xx = (λ_L + 2μ)(λ² - 1)/2, S_yy = λ_L (λ² - 1)/2, σ = F S Fᵀ / λ
    grad_u = np.diag([stretch - 1.0, 0.0])
    strain = 0.5 * (stretch**2 - 1.0)
    expected = [(LAME + 2 * SHEAR) * strain * stretch, LAME * strain / stretch, 0.0]
    np.testing.assert_allclose(cauchy_stress(grad_u), expected, atol=1e-15)
    np.testing.assert_allclose(first_piola(grad_u)[0, 0], (LAME + 2 * SHEAR) * strain * stretch, atol=1e-15)


def test_first_piola_stress_is_the_derivative_of_the_energy():
    step = 1e-6
    for grad_u in RANDOM[:5]:
        stress = first_piola(grad_u)
        for i, j in np.ndindex(2, 2):
            change = np.zeros((2, 2))
            change[i, j] = step
            slope = (energy_density(grad_u + change) - energy_density(grad_u - change)) / (2 * step)
            assert abs(slope - stress[i, j]) < 1e-8


def test_cauchy_stress_belongs_to_the_first_piola_stress():
    # P = J σ F⁻ᵀ
    for grad_u in RANDOM:
        f = np.eye(2) + grad_u
        xx, yy, xy = cauchy_stress(grad_u)
        expected = np.linalg.det(f) * np.array([[xx, xy], [xy, yy]]) @ np.linalg.inv(f).T
        np.testing.assert_allclose(first_piola(grad_u), expected, atol=1e-13)


def test_rotated_bodies_carry_the_rotated_stress():
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    for grad_u in RANDOM:
        rotated = turn @ (np.eye(2) + grad_u) - np.eye(2)
        np.testing.assert_allclose(first_piola(rotated), turn @ first_piola(grad_u), atol=1e-13)
    np.testing.assert_allclose(first_piola(turn - np.eye(2)), 0.0, atol=1e-14)


def test_small_gradients_give_the_linear_law():
    # the difference is quadratic in the gradient
    errors = []
    for size in (1e-3, 1e-4):
        grad_u = size * RANDOM
        strain = 0.5 * (grad_u + np.swapaxes(grad_u, 1, 2))
        linear = UNIT_PLANE_STRAIN.stress(np.stack([strain[:, 0, 0], strain[:, 1, 1], strain[:, 0, 1]], -1))
        errors.append(np.max(np.abs(cauchy_stress(grad_u) - linear)))
    assert np.log10(errors[0] / errors[1]) == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize("stretch", [0.8, 0.999, 1.001, 1.2])
def test_an_edge_without_traction_has_the_stress_of_its_stretch(stretch):
    # find the stretch across by bisection so that S_NN vanishes, then compare with the law itself
    low, high = 0.5, 1.5
    for _ in range(60):
        across = 0.5 * (low + high)
        force = first_piola(np.diag([stretch - 1.0, across - 1.0]))[1, 1]
        low, high = (across, high) if force < 0 else (low, across)
    expected = cauchy_stress(np.diag([stretch - 1.0, across - 1.0]))
    value = free_edge_stress(np.array(stretch), np.array([1.0, 0.0]))
    np.testing.assert_allclose(value, expected, atol=1e-12)


def test_an_edge_stretched_beyond_the_law_has_no_stress():
    assert np.all(np.isnan(free_edge_stress(np.array(2.0), np.array([1.0, 0.0]))))
