# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.images.tensor import in_frame, principal_stresses, principal_sum, rotate_components, tresca

rng = np.random.default_rng(0)
STRESS = rng.normal(size=(3, 7, 5))


def test_principal_stresses_are_the_eigenvalues_of_the_tensor():
    s11, s22, s12 = STRESS
    matrices = np.stack([np.stack([s11, s12], -1), np.stack([s12, s22], -1)], -2)
    low, high = np.moveaxis(np.linalg.eigvalsh(matrices), -1, 0)
    largest, smallest = principal_stresses(STRESS)
    np.testing.assert_allclose(largest, high, atol=1e-14)
    np.testing.assert_allclose(smallest, low, atol=1e-14)


def test_tresca_is_half_the_difference_of_the_principal_stresses():
    largest, smallest = principal_stresses(STRESS)
    np.testing.assert_allclose(tresca(STRESS), (largest - smallest) / 2, atol=1e-14)


def test_the_output_scale_is_the_sum_of_the_absolute_principal_stresses():
    largest, smallest = principal_stresses(STRESS)
    np.testing.assert_allclose(principal_sum(STRESS), np.abs(largest) + np.abs(smallest), atol=1e-14)


@pytest.mark.parametrize(("stress", "scaled"), [([1, 0, 0], 0.5), ([1, 1, 0], 0.0), ([0, 0, 1], 0.5)])
def test_scaled_tresca_of_uniaxial_equibiaxial_and_shear_stress(stress, scaled):
    stress = np.array(stress, float)
    assert tresca(stress) / principal_sum(stress) == pytest.approx(scaled)


@pytest.mark.parametrize("degrees", [17.0, 90.0, -123.0])
def test_rotation_agrees_with_the_matrix_product_and_keeps_invariants(degrees):
    angle = np.deg2rad(degrees)
    q = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    s11, s22, s12 = rotate_components(STRESS, degrees)
    for i, j in [(0, 0), (3, 4)]:
        t = np.array([[STRESS[0, i, j], STRESS[2, i, j]], [STRESS[2, i, j], STRESS[1, i, j]]])
        np.testing.assert_allclose(q @ t @ q.T, [[s11[i, j], s12[i, j]], [s12[i, j], s22[i, j]]], atol=1e-14)
    np.testing.assert_allclose(tresca(np.stack([s11, s22, s12])), tresca(STRESS), atol=1e-14)


def test_the_component_axis_may_be_the_last_one():
    last = np.moveaxis(STRESS, 0, -1)
    np.testing.assert_array_equal(tresca(last, axis=-1), tresca(STRESS))
    np.testing.assert_array_equal(
        rotate_components(last, 30, axis=-1), np.moveaxis(rotate_components(STRESS, 30), 0, -1)
    )


def test_components_in_the_frame_of_a_normal_turn_with_the_body():
    rng = np.random.default_rng(4)
    stress, normal = rng.normal(size=(3, 7)), np.exp(2j * np.pi * rng.random(7))
    frame = in_frame(stress, normal)
    np.testing.assert_allclose(frame[0], np.einsum("in,ijn,jn->n", *_traction(stress, normal)), atol=1e-12)
    turned = in_frame(rotate_components(stress, 30.0), normal * np.exp(1j * np.pi / 6))
    np.testing.assert_allclose(turned, frame, atol=1e-12)
    mirrored = in_frame(stress * np.array([1, 1, -1])[:, None], -normal.conj())
    np.testing.assert_allclose(mirrored, frame * np.array([1, 1, -1])[:, None], atol=1e-12)


def _traction(stress, normal):
    n = np.stack([normal.real, normal.imag])
    return n, np.array([[stress[0], stress[2]], [stress[2], stress[1]]]), n
