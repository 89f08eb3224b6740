# SPDX-License-Identifier: GPL-3.0-or-later
"""Homogenised permeability against exact solutions, bounds and symmetries."""

from itertools import pairwise

import numpy as np
import pytest

from mesobayes.fem.cell.bounds import violates_bounds
from mesobayes.fem.cell.homogenisation import effective_permeability, homogenise
from mesobayes.fem.cell.magnetic_field import magnetic_field
from mesobayes.geometry.inclusions import sample_cell
from mesobayes.geometry.settings import InclusionFamily

MATRIX, INCLUSION = 1.0, 250.0
MONO = InclusionFamily("mono", 64)


def cell(seed, fraction, family=MONO):
    return sample_cell(family, np.random.default_rng(seed), fraction).image()


@pytest.mark.parametrize("shape", [(7, 12), (33, 8), (5, 4, 9)], ids=str)
@pytest.mark.parametrize("value", [1.0, 0.1, 250.0])
def test_a_homogeneous_image_returns_its_value_at_every_size(shape, value):
    tensor = effective_permeability(np.ones(shape, bool), inclusion=value)
    np.testing.assert_array_equal(tensor, value * np.eye(len(shape)))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_laminate_has_the_arithmetic_mean_along_and_the_harmonic_mean_across(axis):
    image = np.zeros((8, 10, 6), bool)
    np.moveaxis(image, axis, 0)[: image.shape[axis] // 2] = True
    expected = np.full(3, 0.5 * (MATRIX + INCLUSION))
    expected[2 - axis] = 2.0 / (1.0 / MATRIX + 1.0 / INCLUSION)  # 1.992
    np.testing.assert_allclose(effective_permeability(image), np.diag(expected), rtol=1e-7, atol=1e-6)


@pytest.mark.parametrize(("seed", "fraction"), [(0, 0.1), (1, 0.3), (2, 0.5)])
def test_keller_duality_holds_as_a_bound_on_every_random_image(seed, fraction):
    """μ_xx(m1, m2) μ_yy(m2, m1) ≥ m1 m2 with conforming elements, equal in the limit (Keller 1964)."""
    image = cell(seed, fraction)
    direct, swapped = effective_permeability(image), effective_permeability(image, INCLUSION, MATRIX)
    for i in range(2):
        ratio = direct[i, i] * swapped[1 - i, 1 - i] / (MATRIX * INCLUSION)
        assert 1.0 - 1e-9 <= ratio < 1.35


def test_keller_duality_becomes_an_equality_under_refinement():
    image, excess = cell(3, 0.3), []
    for factor in (1, 2, 4):
        fine = image.repeat(factor, 0).repeat(factor, 1)
        direct, swapped = effective_permeability(fine), effective_permeability(fine, INCLUSION, MATRIX)
        # the dual tensor is the cofactor over the determinant, turned by 90°
        excess.append(direct[0, 0] * np.linalg.det(swapped) / swapped[0, 0] / (MATRIX * INCLUSION) - 1.0)
    assert excess[0] > 1.8 * excess[1] > 1.8**2 * excess[2] > 0


@pytest.mark.parametrize("dimension", [2, 3])
def test_labels_lie_between_the_bounds_of_wiener_and_of_murat_and_tartar(dimension):
    family = InclusionFamily("balls", 64 if dimension == 2 else 24, dimension, 5, 5)
    images = [cell(seed, 0.1 + 0.05 * seed, family) for seed in range(4)]
    tensors = np.stack([effective_permeability(image) for image in images])
    fractions = np.array([image.mean() for image in images])
    assert not violates_bounds(tensors, fractions, MATRIX, INCLUSION, dimension).any()


def test_a_laminate_attains_the_bounds_and_anything_beyond_them_is_found():
    f = np.array([0.4])
    laminate = np.diag([0.4 * INCLUSION + 0.6 * MATRIX, 1.0 / (0.4 / INCLUSION + 0.6 / MATRIX)])[None]
    assert not violates_bounds(laminate, f, MATRIX, INCLUSION, 2).any()
    assert violates_bounds(1.01 * laminate, f, MATRIX, INCLUSION, 2).all()
    assert violates_bounds(0.99 * laminate, f, MATRIX, INCLUSION, 2).all()
    hashin_shtrikman = MATRIX + 0.4 / (1 / (INCLUSION - MATRIX) + 0.6 / (2 * MATRIX))
    assert not violates_bounds(1.001 * hashin_shtrikman * np.eye(2)[None], f, MATRIX, INCLUSION, 2).any()
    assert violates_bounds(0.99 * hashin_shtrikman * np.eye(2)[None], f, MATRIX, INCLUSION, 2).all()
    assert violates_bounds(np.full((1, 2, 2), np.nan), f, MATRIX, INCLUSION, 2).all()


def test_symmetries_of_the_image_are_symmetries_of_the_tensor():
    image = cell(0, 0.35)
    tensor = effective_permeability(image)
    flip = np.diag([-1.0, 1.0])
    swap = np.array([[0.0, 1.0], [1.0, 0.0]])
    close = {"rtol": 1e-9, "atol": 1e-9}
    np.testing.assert_allclose(effective_permeability(image.T), swap @ tensor @ swap, **close)
    np.testing.assert_allclose(effective_permeability(image[:, ::-1]), flip @ tensor @ flip, **close)
    np.testing.assert_allclose(effective_permeability(np.roll(image, (13, -29), (0, 1))), tensor, **close)
    np.testing.assert_allclose(effective_permeability(np.tile(image, (1, 2))), tensor, **close)
    assert tensor[0, 1] == tensor[1, 0]


def test_the_mean_induction_of_the_field_is_the_column_of_the_tensor():
    image = cell(0, 0.3)
    tensor = effective_permeability(image)
    for load in range(2):
        field, induction = magnetic_field(image, load)
        np.testing.assert_allclose(field.mean(axis=(1, 2)), np.eye(2)[load], atol=1e-12)
        np.testing.assert_allclose(induction.mean(axis=(1, 2)), tensor[load], rtol=1e-6, atol=1e-6)


def test_order_toward_the_exact_square_array_of_square_inclusions():
    """Inclusions on a quarter of the area: μ* = μ1 √((μ1 + 3 μ2)/(3 μ1 + μ2)) (Obnosov 1999).

    The field is singular at the corners like r^(γ - 1), cos(γ π/2) = (κ - 1)/(2 (κ + 1)) for the contrast
    κ, and the energy of bilinear elements converges with the order 2 γ.
    """
    contrast = INCLUSION / MATRIX
    exact = np.sqrt((1 + 3 * contrast) / (3 + contrast))
    gamma = 2 / np.pi * np.arccos((contrast - 1) / (2 * (contrast + 1)))
    errors = []
    for n in (16, 32, 64, 128):
        image = np.zeros((n, n), bool)
        image[: n // 2, : n // 2] = True
        errors.append(homogenise(image, loads=(0,)).permeability[0, 0] - exact)
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all(np.array(errors) > 0)  # conforming elements are too stiff
    assert orders[-1] == pytest.approx(2 * gamma, abs=0.03)


def rayleigh_square_array(fraction, contrast):
    """Square array of discs in a matrix of permeability 1, to the second multipole (Rayleigh 1892)."""
    beta = (contrast - 1) / (contrast + 1)
    return 1 + 2 * fraction / (1 / beta - fraction - beta * (0.305827 * fraction**4 + 0.013363 * fraction**8))


def test_staircase_discs_approach_the_analytic_square_array():
    fraction, errors = 0.4, []
    exact = rayleigh_square_array(fraction, INCLUSION / MATRIX)
    for n in (24, 48, 96):
        radius, values = n * np.sqrt(fraction / np.pi), []
        for offset in np.random.default_rng(0).random((6, 2)):  # an order is erratic on one pixel offset
            y, x = np.mgrid[0:n, 0:n] + 0.5 - n / 2 - offset[:, None, None]
            values.append(homogenise(x**2 + y**2 <= radius**2, loads=(0,)).permeability[0, 0])
        errors.append(np.mean(values) / exact - 1)
    assert errors[0] > errors[1] > errors[2] > 0
    assert errors[2] < 0.02
    assert np.log2(errors[0] / errors[2]) / 2 > 0.8  # first order: what a staircase can give


@pytest.mark.parametrize("fraction", [0.2, 0.45])
def test_dirichlet_conditions_bound_the_periodic_tensor_from_above_and_neumann_from_below(fraction):
    image = cell(5, fraction)
    tensors = [homogenise(image, boundary=kind).permeability for kind in ("neumann", "periodic", "dirichlet")]
    for small, large in pairwise(tensors):
        assert np.linalg.eigvalsh(large - small).min() > -1e-7
