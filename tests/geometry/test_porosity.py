# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.geometry.porosity import PorosityField, pore_edges, pore_statistics, swap_one_voxel
from mesobayes.record.seeds import rng_from_name


def test_printed_grid_needs_the_printed_number_of_modes():
    assert PorosityField().n_modes == pytest.approx(12_000, rel=0.02)
    assert PorosityField().threshold == pytest.approx(3.156, abs=1e-3)


def test_kept_modes_hold_the_energy_and_one_fewer_does_not():
    field = PorosityField((6, 5, 9))
    kept = np.sort(field.energies[field.kept])
    total = field.energies.sum()
    assert kept.sum() >= 0.999 * total > kept[1:].sum()
    assert total == pytest.approx(6 * 5 * 9)


def test_truncated_covariance_is_the_gaussian_correlation():
    field = PorosityField((12, 12, 24))
    start = (4, 5, 10)
    for shift in ((1, 0, 0), (0, 2, 0), (1, 1, 1), (0, 0, 4)):
        exact = np.exp(-sum(s**2 for s in shift) / field.correlation_length**2)
        end = tuple(int(a + s) for a, s in zip(start, shift, strict=True))
        assert field.covariance(start, end) == pytest.approx(exact, abs=0.01)


def test_samples_have_the_covariance_and_the_porosity_asked_for():
    field = PorosityField((10, 10, 20), porosity=0.01)
    rng = rng_from_name("porosity", "test")
    samples = np.stack([field.sample_field(rng) for _ in range(400)])
    assert samples.var() == pytest.approx(1.0, abs=0.02)
    neighbour = np.mean(samples[:, 1:] * samples[:, :-1])
    assert neighbour == pytest.approx(np.exp(-1 / field.correlation_length**2), abs=0.02)
    assert np.mean(samples > field.threshold) == pytest.approx(0.01, rel=0.08)


def test_pore_sizes_add_up_and_corner_contact_does_not_join():
    pores = np.zeros((6, 6, 6), bool)
    pores[1, 1, 1] = pores[2, 2, 1] = True
    pores[4, 4, 2:5] = True
    statistics = pore_statistics(pores)
    assert statistics.count == 3
    assert sorted(statistics.sizes) == [1, 1, 3]
    assert statistics.porosity == pytest.approx(5 / 216)


def test_inner_voxels_of_a_pore_are_no_edge():
    pores = np.zeros((7, 7, 7), bool)
    pores[2:5, 2:5, 2:5] = True
    edge = pore_edges(pores)
    assert edge.sum() == 26
    assert not edge[3, 3, 3]


def test_a_swap_fills_one_void_nearby_and_keeps_the_porosity():
    pores = np.zeros((8, 8, 8), bool)
    pores[2, 2, 2:4] = True
    pores[6, 6, 6] = True
    rng = rng_from_name("swap", "test")
    for _ in range(20):
        changed = swap_one_voxel(pores, (2, 2, 1), 3.0, rng)
        filled, opened = np.argwhere(pores & ~changed), np.argwhere(changed & ~pores)
        assert len(filled) == len(opened) == 1
        assert np.linalg.norm(filled[0] - (2, 2, 1)) <= 3.0
        assert pores.sum() == changed.sum()


def test_without_a_pore_in_reach_the_nearest_is_taken():
    pores = np.zeros((8, 8, 8), bool)
    pores[6, 6, 6] = pores[7, 0, 0] = True
    changed = swap_one_voxel(pores, (4, 4, 4), 1.0, rng_from_name("swap", "far"))
    assert not changed[6, 6, 6]
    with pytest.raises(ValueError, match="without pores"):
        swap_one_voxel(np.zeros((4, 4, 4), bool), (1, 1, 1), 2.0, rng_from_name("swap", "none"))
