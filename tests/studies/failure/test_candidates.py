# SPDX-License-Identifier: GPL-3.0-or-later
"""Candidates of first failure and what is known of them."""

import numpy as np
import pytest

from mesobayes.fem.bar.settings import find_preset
from mesobayes.studies.failure.baseline import FEATURES
from mesobayes.studies.failure.candidates import (
    describe,
    feature_names,
    solve_elastic,
    stress_features,
    touches_void,
)
from mesobayes.studies.failure.place_settings import ElasticSettings
from mesobayes.studies.failure.target import N_SYMMETRIES, apply_symmetry

SETTINGS = ElasticSettings()
MATERIAL = find_preset("fast").material


def one_pore():
    pores = np.zeros((5, 5, 9), bool)
    pores[1, 2, 3] = pores[1, 2, 4] = pores[1, 3, 4] = True  # no symmetry of its own, one pore
    return pores


def test_the_candidates_around_one_void_voxel_are_its_six_neighbours():
    pores = np.zeros((3, 3, 3), bool)
    pores[1, 1, 1] = True
    found = describe(pores[None], SETTINGS, "base")
    assert found.sizes["candidate"] == 6
    assert (np.abs(found["voxel"].values - 1).sum(axis=1) == 1).all()


def test_the_first_voxel_to_fail_touches_a_void(specimens):
    good = specimens.isel(specimen=specimens["status"].values == 0)
    for pores, place in zip(good["pores"].values.astype(bool), good["failed_voxel"].values, strict=True):
        assert touches_void(pores)[tuple(place)]


def test_features_have_the_names_that_are_given():
    found = describe(one_pore()[None], SETTINGS)
    assert tuple(found["feature"].values) == feature_names("elastic", SETTINGS)
    assert feature_names("elastic", SETTINGS)[: len(FEATURES)] == FEATURES
    assert found["features"].shape == (found.sizes["candidate"], len(FEATURES) + 6 + 6)


@pytest.mark.parametrize("number", range(N_SYMMETRIES))
def test_features_turn_with_the_specimen(number):
    """So does every ranking that is made of them: the sixteen symmetries of the bar hold exactly."""
    pores = one_pore()
    turned = apply_symmetry(pores[None], number)
    fields = []
    for one in (pores[None], turned):
        found = describe(one, SETTINGS)
        field = np.full((*one.shape[1:], found.sizes["feature"]), np.nan, np.float32)
        field[tuple(found["voxel"].values.T)] = found["features"].values
        fields.append(field)
    expected = np.moveaxis(apply_symmetry(np.moveaxis(fields[0], -1, 0), number), 0, -1)
    np.testing.assert_allclose(fields[1], expected, rtol=1e-3, atol=1e-3)


def test_features_of_uniaxial_tension_are_those_of_the_textbook():
    stress = np.zeros((6, 3, 3, 3), np.float32)
    stress[2] = 1.0  # σ_zz alone: q = 1, p = 1/3
    pores = np.zeros((3, 3, 3), bool)
    at = tuple(np.array([[1], [1], [1]]))
    found = stress_features(stress, pores, at, MATERIAL, SETTINGS)[0]
    growth = np.sinh(2 * (2 * 5 - 1) / (2 * 5 + 1) / 3)
    expected = [1, 1 / 3, 1, 1, 1 / 3, growth, *([1, 1 / 3] * 3)]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_highest_stress_beside_a_flat_pore_is_at_its_rim():
    pores = np.zeros((9, 9, 17), bool)
    pores[3:6, 3:6, 8] = True  # flat, across the load
    stress = solve_elastic(pores, MATERIAL, SETTINGS)[2]
    highest = np.unravel_index(stress.argmax(), stress.shape)
    assert highest[2] == 8
    assert stress[4, 4, 7] < 0.6 < 1.3 < stress.max()  # shielded above the pore
