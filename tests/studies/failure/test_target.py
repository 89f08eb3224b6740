# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.studies.failure.target import (
    N_SYMMETRIES,
    PRINTED_SYMMETRIES,
    apply_symmetry,
    gaussian_filter,
    softmax,
    transform_damage,
)

RNG = np.random.default_rng(0)
PORES = RNG.random((4, 4, 4, 8)) < 0.1
DAMAGE = np.where(PORES, 0.0, 0.16 + 0.8 * RNG.random(PORES.shape) ** 3).astype(np.float32)
SOLID = ~PORES


def test_the_normalised_filter_keeps_a_uniform_field_beside_voids_and_faces():
    uniform = np.where(SOLID, 0.7, 0.0)
    np.testing.assert_allclose(gaussian_filter(uniform, SOLID, 1.5)[SOLID], 0.7, rtol=1e-4)


def test_the_filter_is_a_mean_so_it_stays_within_the_range_and_moves_with_the_field():
    smooth = gaussian_filter(DAMAGE, SOLID, 1.5)
    assert DAMAGE[SOLID].min() <= smooth[SOLID].min()
    assert smooth[SOLID].max() <= DAMAGE[SOLID].max()
    mirrored = gaussian_filter(DAMAGE[:, ::-1], SOLID[:, ::-1], 1.5)
    np.testing.assert_allclose(mirrored, smooth[:, ::-1], atol=1e-6)


def test_softmax_keeps_the_order_and_inverts_to_the_damage():
    soft = softmax(DAMAGE, SOLID, 5.0)
    np.testing.assert_allclose(soft.sum(axis=(1, 2, 3)), 1.0, rtol=1e-5)
    for field, raised, solid in zip(DAMAGE, soft, SOLID, strict=True):
        back = np.log(raised[solid]) / 5.0
        np.testing.assert_allclose(back - back.max(), field[solid] - field[solid].max(), atol=1e-5)


@pytest.mark.parametrize("name", ["id", "sigma", "g", "t"])
def test_targets_reach_from_zero_to_one_in_the_solid_and_vanish_in_voids(name):
    target = transform_damage(DAMAGE, SOLID, name)
    assert (target[PORES] == 0.0).all()
    for field, solid in zip(target, SOLID, strict=True):
        assert field[solid].min() == 0.0
        assert field[solid].max() == 1.0


def test_transforms_compose_and_only_the_filter_changes_the_order():
    smooth = gaussian_filter(DAMAGE, SOLID, 1.5)
    both, filtered = transform_damage(DAMAGE, SOLID, "t"), transform_damage(DAMAGE, SOLID, "g")
    assert (np.argsort(both[0][SOLID[0]]) == np.argsort(smooth[0][SOLID[0]])).mean() > 0.99
    assert np.abs(filtered - both).max() > 0.01
    plain, soft = transform_damage(DAMAGE, SOLID, "id"), transform_damage(DAMAGE, SOLID, "sigma")
    assert (np.argsort(plain[0][SOLID[0]]) == np.argsort(soft[0][SOLID[0]])).all()


@pytest.mark.parametrize("turns", range(4))
def test_the_first_symmetries_are_quarter_turns_about_the_axis_of_the_bar(turns):
    volume = RNG.random((2, 4, 4, 6))
    np.testing.assert_array_equal(apply_symmetry(volume, turns), np.rot90(volume, turns, axes=(1, 2)))


def test_symmetries_are_sixteen_different_ones_and_six_are_printed():
    volume = RNG.random((1, 4, 4, 6))
    results = {apply_symmetry(volume, number).tobytes() for number in range(N_SYMMETRIES)}
    assert len(results) == 16
    assert len(set(PRINTED_SYMMETRIES)) == 6
