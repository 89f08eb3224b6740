# SPDX-License-Identifier: GPL-3.0-or-later
"""Periodic dipoles against lattices whose answer is known, and their symmetries."""

import numpy as np
import pytest

from mesobayes.analytic.dipoles import dipole_permeability, interaction

CONTRAST = 250.0


def maxwell_garnett(fraction, dimension):
    beta = (CONTRAST - 1) / (CONTRAST - 1 + dimension)
    return 1 + dimension * fraction * beta / (1 - fraction * beta)


def lattice_fraction(radius, edge, dimension):
    return (np.pi * radius**2 if dimension == 2 else 4 / 3 * np.pi * radius**3) / edge**dimension


@pytest.mark.parametrize("dimension", [2, 3])
def test_one_ball_in_a_square_or_cubic_cell_is_the_formula_of_maxwell_and_garnett(dimension):
    edges, radius = np.full(dimension, 10.0), 3.0
    found = dipole_permeability(np.full((1, dimension), 2.3), np.array([radius]), edges, CONTRAST)
    expected = maxwell_garnett(lattice_fraction(radius, 10.0, dimension), dimension)
    np.testing.assert_allclose(found, expected * np.eye(dimension), atol=3e-6)


def test_the_square_lattice_leaves_out_what_rayleigh_adds_from_the_fifth_power_of_the_fraction_on():
    """Rayleigh (1892): μ = 1 + 2 f / (1/β - f - 0.305827 β f⁴ - ...), so the dipoles err by 0.61 β³ f⁵."""
    beta = (CONTRAST - 1) / (CONTRAST + 1)
    left_out = []
    for radius in (2.0, 3.0):
        f = lattice_fraction(radius, 10.0, 2)
        rayleigh = 1 + 2 * f / (1 / beta - f - 0.305827 * beta * f**4)
        dipoles = dipole_permeability(np.array([[1.0, 7.0]]), np.array([radius]), np.full(2, 10.0), CONTRAST)
        left_out.append((rayleigh - dipoles[0, 0]) * (1 - beta * f) ** 2 / (0.611654 * beta**3 * f**5))
    np.testing.assert_allclose(left_out, 1.0, rtol=0.02)


@pytest.mark.parametrize("dimension", [2, 3])
def test_a_lattice_is_the_same_in_a_cell_of_twice_the_length(dimension):
    one = dipole_permeability(
        np.full((1, dimension), 4.0), np.array([3.0]), np.full(dimension, 10.0), CONTRAST
    )
    centres = np.full((2, dimension), 4.0)
    centres[1, -1] += 10.0
    edges = np.array([10.0] * (dimension - 1) + [20.0])
    np.testing.assert_allclose(dipole_permeability(centres, np.full(2, 3.0), edges, CONTRAST), one, atol=1e-4)


@pytest.mark.parametrize("dimension", [2, 3])
def test_the_tensor_turns_and_is_mirrored_with_the_cell_and_does_not_see_shifts(dimension):
    rng = np.random.default_rng(0)
    edges = np.array([20.0, 24.0, 28.0])[:dimension]
    centres, radii = rng.uniform(0, edges, (5, dimension)), rng.uniform(1, 2, 5)
    found = dipole_permeability(centres, radii, edges, CONTRAST)
    shifted = dipole_permeability((centres + 7.3) % edges, radii, edges, CONTRAST)
    turned = dipole_permeability(centres[:, ::-1], radii, edges[::-1], CONTRAST)
    mirrored = dipole_permeability(centres * [-1] + 0.0, radii, edges, CONTRAST)
    np.testing.assert_allclose(shifted, found, atol=1e-5)
    np.testing.assert_allclose(turned, found[::-1, ::-1], atol=1e-5)
    np.testing.assert_allclose(mirrored, found, atol=1e-5)


def test_two_dipoles_far_from_all_images_see_the_field_of_free_space():
    tensors = interaction(np.array([[50.0, 50.0, 50.0], [52.0, 50.0, 50.0]]), np.full(3, 100.0))
    np.testing.assert_allclose(tensors[0, 1], np.diag([2.0, -1.0, -1.0]) / 8.0, atol=1e-5)


def test_no_inclusions_leave_the_matrix():
    np.testing.assert_array_equal(
        dipole_permeability(np.zeros((0, 2)), np.zeros(0), np.full(2, 8.0), 250.0), np.eye(2)
    )
