# SPDX-License-Identifier: GPL-3.0-or-later
"""Channels of the network `local`: what they say of the patches they stand for."""

import numpy as np
import pytest
import xarray as xr

from mesobayes.analytic.alternating import PRIORS
from mesobayes.images.tensor import rotate_components, tresca
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.mechanics.channels import (
    FEATURES,
    compute_channels,
    pixel_channels,
    read_surroundings,
)
from mesobayes.studies.stress.models.local_data import local_data, local_variables
from mesobayes.studies.stress.models.patch_data import masked_maximum, patch_data
from mesobayes.studies.stress.stores import CHANNELS, PATCHES, STRUCTURES

RUN = Run("stress", "smoke", "test")


def test_the_patches_of_the_channels_are_those_of_the_other_networks(plates):
    """Target, mask and macroscopic stress, which is the same in every frame but for its components."""
    numbers = np.array([0, 5, 16])
    local = local_data(plates.channels, numbers, "edges").patches()
    other = patch_data(plates.patches, numbers)
    np.testing.assert_array_equal(local.mask, other.mask)
    np.testing.assert_allclose(local.target[local.mask], other.target[other.mask], rtol=1e-4, atol=1e-6)
    roi = slice(10, 26)
    macro = other.inputs[:, roi, roi, :3][other.mask]
    np.testing.assert_allclose(
        tresca(local.inputs[..., :3][local.mask], axis=-1), tresca(macro, axis=-1), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_array_equal(local.inputs[..., 3], other.inputs[:, roi, roi, 3])
    np.testing.assert_array_equal(local.inputs[..., 4][local.mask], other.inputs[:, roi, roi, 4][other.mask])


def test_a_prior_comes_nearer_to_the_truth_the_more_it_sees(plates):
    every = np.arange(plates.channels.sizes["patch"])
    error = []
    for mechanics in PRIORS:
        data = local_data(plates.channels, every, mechanics).patches()
        field = tresca(data.inputs[..., :3] + data.inputs[..., 13:16], axis=-1)
        true = masked_maximum(data.target, data.mask)
        error.append(np.median(np.abs(masked_maximum(field, data.mask) / true - 1)))
    assert error[2] < error[0]
    assert error[2] < 0.05


def test_features_are_bounded_and_normals_are_unit(plates):
    solid = plates.channels["solid"].values
    features = plates.channels["features"].values[solid]
    assert features.shape[1] == len(FEATURES) == 9
    assert np.abs(features).max() < 2.0
    np.testing.assert_allclose(np.linalg.norm(plates.channels["normal"].values[solid], axis=-1), 1, rtol=1e-5)
    for name in ("features", "macro_stress", "micro_deviator", *PRIORS):
        assert not plates.channels[name].values[~solid].any()


@pytest.fixture(scope="module")
def image(plates):
    """The images of the first patch, and its solid pixels in the region of interest."""
    structure, patch = plates.structures.isel(structure=0), plates.patches.isel(patch=0)
    row, column = (int(corner) for corner in patch["origin"].values)
    window = slice(row, row + 36), slice(column, column + 36)
    macro = structure["macro_stress"].values[(slice(None), slice(None), *window)]
    return macro, structure["geometry"].values[window], structure["coverage"].values[window]


def channels_of(macro, solid, coverage):
    """Channels (y, x, ...) of the region of interest, from the images of a patch alone."""
    around = read_surroundings(macro, solid, coverage, 2)
    rows, columns = (part.ravel() for part in np.mgrid[10:26, 10:26])
    found = pixel_channels(around, coverage, rows, columns)
    keep = solid[10:26, 10:26].astype(bool)[..., None]

    def images(values):
        return np.where(keep, values.reshape(16, 16, -1), 0.0)

    return {"features": images(found.features), "macro": images(found.macro_stress)} | {
        name: images(values) for name, values in found.priors.items()
    }


def test_a_patch_alone_gives_nearly_the_channels_of_the_structure(plates, image):
    """A user's patch has no structure around it: pores that its border cuts are completed as circles."""
    alone = channels_of(*image)
    edges = alone["edges"].reshape(16, 16, 3, 3)
    expected = plates.channels["edges"].values[0]
    scale = np.abs(expected).max()
    assert np.median(np.abs(edges - expected)) < 1e-3 * scale
    assert np.quantile(np.abs(edges - expected), 0.95) < 0.05 * scale
    np.testing.assert_allclose(alone["features"], plates.channels["features"].values[0], atol=0.05)


def test_a_turned_patch_under_the_turned_load_has_the_same_channels(image):
    """By 90°: only pixels next to two equally near holes may choose the other one."""
    macro, solid, coverage = image
    turned_macro = np.stack([rotate_components(np.rot90(load, -1, axes=(1, 2)), 90.0) for load in macro])
    turned = channels_of(turned_macro, np.rot90(solid, -1), np.rot90(coverage, -1))
    for name, values in channels_of(macro, solid, coverage).items():
        expected = np.rot90(values, -1)
        apart = np.abs(turned[name] - expected).max(axis=-1)
        assert np.mean(apart > 1e-3 * np.abs(expected).max()) < 0.01, name


def test_a_mirrored_patch_has_the_channels_of_the_mirror(image):
    macro, solid, coverage = image
    shear = np.array([1.0, 1.0, -1.0])
    mirrored = channels_of(macro[..., ::-1] * shear[:, None, None], solid[:, ::-1], coverage[:, ::-1])
    signs = {"features": np.array([1, -1, 1, 1, 1, 1, 1, 1, 1.0])}
    for name, values in channels_of(macro, solid, coverage).items():
        expected = values[:, ::-1] * signs.get(name, np.tile(shear, 3))
        apart = np.abs(mirrored[name] - expected).max(axis=-1)
        assert np.mean(apart > 1e-3 * np.abs(expected).max()) < 0.01, name


def test_a_region_in_a_large_hole_has_no_pixels_and_no_channels():
    """As windows of whole plates may be; patches with labels never are."""
    y, x = np.mgrid[:60, :60] + 0.5
    solid = np.hypot(x - 20, y - 30) > 4
    around = read_surroundings(np.ones((1, 3, 60, 60)), solid, solid.astype(float), 4)
    assert len(around.pores) > 0
    none = np.zeros(0, int)
    found = pixel_channels(around, solid.astype(float), none, none, ("pores",))
    assert found.features.shape == (0, len(FEATURES))
    assert found.priors["pores"].shape == found.macro_stress.shape == (0, 1, 3)


def test_the_stage_writes_the_channels_that_the_function_gives(plates, tmp_path):
    write_store(plates.structures, tmp_path / "structures.zarr.zip", STRUCTURES, RUN)
    write_store(plates.patches, tmp_path / "patches.zarr.zip", PATCHES, RUN)
    compute_channels(
        tmp_path / "patches.zarr.zip", tmp_path / "structures.zarr.zip", tmp_path / "channels.zarr.zip", RUN
    )
    stored = open_store(tmp_path / "channels.zarr.zip", CHANNELS, variables=local_variables("pores"))
    xr.testing.assert_allclose(stored["pores"], plates.channels["pores"])
    assert "edges" not in stored
    assert len(local_data(stored, np.array([3, 1]), "pores")) == 2
