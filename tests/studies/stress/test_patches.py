# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import xarray as xr

from mesobayes.images.tensor import tresca
from mesobayes.studies.stress.patches import cut_structures

PIXELS = 2
SIDE = 58 * PIXELS


@pytest.fixture(scope="module")
def structures() -> xr.Dataset:
    """Four plates with random smooth-free stress images; the third one failed."""
    rng = np.random.default_rng(0)
    n, image = 4, (SIDE, SIDE)
    solid = np.ones((n, *image), np.uint8)
    solid[:, 40:60, 50:70] = 0
    stress = ("structure", "load", "component", "y", "x")
    micro = rng.normal(size=(n, 3, 3, *image)) * solid[:, None, None]
    return xr.Dataset(
        {
            "geometry": (("structure", "y", "x"), solid),
            "coverage": (("structure", "y", "x"), solid.astype(np.float32)),
            "macro_stress": (stress, rng.normal(size=(n, 3, 3, *image))),
            "micro_stress": (stress, micro),
            "strain": (("structure", "load"), rng.normal(size=(n, 3))),
            "status": ("structure", np.array([0, 0, 2, 0])),
        },
        attrs={"family": "ellipse3"},
    )


@pytest.fixture(scope="module")
def patches(structures: xr.Dataset) -> xr.Dataset:
    return cut_structures(structures, PIXELS, validation_structures=1, study_seed="test")


def test_the_scaled_macro_stress_reaches_one_in_every_patch_and_never_exceeds_it(patches):
    largest = np.abs(patches["input"].values[..., :3]).max(axis=(1, 2, 3))
    np.testing.assert_allclose(largest, 1.0, rtol=1e-6)


def test_a_patch_is_the_superposition_of_the_unit_strains_at_its_place(structures, patches):
    patch = patches.isel(patch=5)
    structure = structures.isel(structure=int(patch["structure"]))
    row, column = patch["origin"].values
    window = (slice(row, row + 36), slice(column, column + 36))
    macro = np.einsum("l,lcyx->yxc", structure["strain"].values, structure["macro_stress"].values)[window]
    micro = np.einsum("l,lcyx->cyx", structure["strain"].values, structure["micro_stress"].values)
    scale = float(patch["scale"])
    np.testing.assert_allclose(patch["input"].values[..., :3], macro / scale, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(patch["target"].values, tresca(micro)[window] / scale, rtol=1e-5, atol=1e-6)


def test_no_structure_is_in_two_splits_and_failed_structures_give_no_patch(patches):
    numbers, split = patches["structure"].values, patches["split"].values
    assert set(numbers) == {0, 1, 3}
    assert all(len(set(split[numbers == number])) == 1 for number in set(numbers))
    assert len(set(numbers[split == 1])) == 1


def test_every_patch_shows_a_void(patches):
    assert (patches["input"].values[..., 3] == 0).any(axis=(1, 2)).all()


def test_too_few_good_structures_are_refused_with_what_to_change(structures):
    with pytest.raises(ValueError, match="3 good structures cannot give 3 for validation"):
        cut_structures(structures, PIXELS, validation_structures=3, study_seed="test")
