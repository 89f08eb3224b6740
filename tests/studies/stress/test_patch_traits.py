# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.images.patches import PatchGeometry
from mesobayes.studies.stress.models.patch_traits import extreme_patches, patch_traits, stress_variation

GEOMETRY = PatchGeometry(4)
SIZE = GEOMETRY.patch


def patch(pores=(), hole=None, stress=(1.0, 0.0, 0.0)):
    """Constant stress, round pores about centres (x, y) in R from the middle, and a hole (x, y, radius)."""
    x = (np.arange(SIZE) + 0.5 - SIZE / 2) / GEOMETRY.pixels_per_radius
    solid, plate = np.ones((SIZE, SIZE), bool), np.ones((SIZE, SIZE), bool)
    for a, b in pores:
        solid &= np.hypot(x - a, x[:, None] - b) > 1
    if hole is not None:
        plate &= np.hypot(x - hole[0], x[:, None] - hole[1]) > hole[2]
    channels = [plate * component for component in stress] + [solid & plate, solid & plate]
    return np.stack(channels, axis=-1).astype(np.float32)[None]


def traits(**kwargs):
    found = patch_traits(patch(**kwargs), GEOMETRY)
    return {name: values[0].item() for name, values in found.items()}


@pytest.mark.parametrize(("gap", "interact"), [(0.5, True), (1.5, True), (2.75, False), (4.0, False)])
def test_pores_interact_while_less_than_two_radii_lie_between_them(gap, interact):
    half = 1 + gap / 2
    assert traits(pores=[(-half, 0), (half, 0)])["pores_interact"] is interact


@pytest.mark.parametrize(("gap", "interact"), [(0.5, True), (1.5, True), (2.75, False)])
def test_a_pore_interacts_with_a_hole_while_less_than_two_radii_lie_between_them(gap, interact):
    found = traits(pores=[(0, 0)], hole=(1 + gap + 5, 0, 5))
    assert found["hole_interacts"] is interact
    assert not found["pores_interact"]


def test_what_happens_outside_the_region_of_interest_does_not_count():
    found = traits(pores=[(-7.5, -7.5), (-5.2, -7.5)])
    assert not found["pores_interact"]
    assert not found["pore"]


def test_a_hole_alone_is_no_pore_even_where_its_two_images_differ_by_a_pixel():
    inputs = patch(hole=(0, 0, 3))
    row = int(np.flatnonzero(inputs[0, :, SIZE // 2, 3] == 0)[0]) - 1
    inputs[0, row, SIZE // 2, 3:] = 0  # void beside the hole, where the macroscopic stress does not vanish
    found = patch_traits(inputs, GEOMETRY)
    assert not found["pore"][0]
    assert not found["hole_interacts"][0]


def test_traits_do_not_change_when_the_patch_is_turned():
    inputs = patch(pores=[(-1.5, 0.5), (1.5, 0.5), (0, -3)], hole=(0, -9, 5))
    one, other = (patch_traits(each, GEOMETRY) for each in (inputs, np.rot90(inputs, axes=(1, 2))))
    assert {name: values[0] for name, values in one.items()} == pytest.approx(
        {name: values[0] for name, values in other.items()}
    )


def test_constant_stress_does_not_vary_and_a_field_without_mean_varies_fully():
    stress = np.ones((2, 8, 8, 3), np.float32)
    stress[1, :4] = -1
    np.testing.assert_allclose(stress_variation(stress, np.ones((2, 8, 8), bool)), [0, 1], atol=1e-6)


def test_variation_does_not_depend_on_the_size_of_the_load():
    stress = np.random.default_rng(0).normal(size=(1, 8, 8, 3)) + 1
    plate = np.ones((1, 8, 8), bool)
    np.testing.assert_allclose(
        stress_variation(5 * stress, plate), stress_variation(stress, plate), rtol=1e-5
    )


def test_the_extreme_tenths_hold_only_patches_with_a_pore():
    rng = np.random.default_rng(1)
    variation, pore = rng.uniform(size=200), rng.uniform(size=200) < 0.5
    members = extreme_patches(pore, variation)
    most, least = members["varying"], members["constant"]
    assert most.sum() == least.sum() == round(0.1 * pore.sum())
    assert pore[most].all()
    assert pore[least].all()
    assert variation[most].min() >= np.quantile(variation[pore], 0.89)
    assert variation[least].max() <= np.quantile(variation[pore], 0.11)
