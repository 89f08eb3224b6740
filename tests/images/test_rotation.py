# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.images.rotation import rotate_images, rotate_quarter
from mesobayes.images.tensor import rotate_components, tresca

SIDE = 41
ROWS, COLUMNS = np.meshgrid(np.arange(SIDE) - 20.0, np.arange(SIDE) - 20.0, indexing="ij")
INNER = np.hypot(ROWS, COLUMNS) < 19


def test_four_quarter_turns_are_the_identity():
    stress = np.random.default_rng(0).normal(size=(3, 6, 6))
    turned = stress
    for _ in range(4):
        turned = rotate_quarter(turned, 1)
    np.testing.assert_allclose(turned, stress, atol=1e-14)


def test_a_quarter_turn_moves_the_right_edge_to_the_top():
    stress = np.zeros((3, 5, 5))
    stress[0, 2, 4] = 1.0  # xx stress at the middle of the right edge
    turned = rotate_quarter(stress, 1)
    assert turned[1, 4, 2] == pytest.approx(1.0)
    assert np.abs(turned).sum() == pytest.approx(1.0)


def test_rotation_by_a_right_angle_equals_the_exact_quarter_turn():
    stress = np.random.default_rng(1).normal(size=(3, SIDE, SIDE))
    turned, solid = rotate_images(stress, np.ones((SIDE, SIDE), bool), 90.0)
    inner = slice(1, -1)
    assert solid[inner, inner].all()
    np.testing.assert_allclose(
        turned[:, inner, inner], rotate_quarter(stress, 1)[:, inner, inner], atol=1e-12
    )


@pytest.mark.parametrize("degrees", [30.0, 60.0, 210.0])
def test_a_linear_stress_field_is_turned_exactly(degrees):
    gradient = np.random.default_rng(2).normal(size=(3, 3))
    field = lambda y, x: np.einsum("ck,kyx->cyx", gradient, np.stack([np.ones_like(x), x, y]))  # noqa: E731
    turned, _ = rotate_images(field(ROWS, COLUMNS), np.ones((SIDE, SIDE), bool), degrees)
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    expected = rotate_components(field(c * ROWS - s * COLUMNS, s * ROWS + c * COLUMNS), degrees)
    np.testing.assert_allclose(turned[:, INNER], expected[:, INNER], atol=1e-10)


def test_no_value_from_a_void_enters_the_material():
    solid = np.hypot(ROWS - 3, COLUMNS + 5) > 6
    stress = np.stack([np.full((SIDE, SIDE), v) for v in (2.0, 0.5, 0.3)]) * solid
    turned, mask = rotate_images(stress, solid, 37.0)
    inside = mask & INNER
    np.testing.assert_allclose(tresca(turned)[inside], tresca(np.array([2.0, 0.5, 0.3])), rtol=1e-12)
    assert (turned[:, ~mask] == 0).all()
