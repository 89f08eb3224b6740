# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from mesobayes.images.patches import PatchGeometry, patch_origins
from mesobayes.images.tensor import tresca
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.studies.stress.mechanics.channels import read_surroundings
from mesobayes.studies.stress.models.stitch import (
    StructureImages,
    held_out_structure,
    images_of,
    predictor,
    stitched,
)
from mesobayes.studies.stress.own.reading import OwnPlate
from mesobayes.studies.stress.own.windows import Intervals, predict_plate
from mesobayes.studies.stress.patches import patches_of_images, window_inputs
from mesobayes.studies.stress.predict import on_whole_patch
from studies.stress.drawn_image import mechanics_alone

GEOMETRY = PatchGeometry(2)
MARGIN = GEOMETRY.margin


def structure(shape=(100, 100), loads=3):
    """Smooth stress around a hole; with loads a plate, without a strip. The pores change nothing."""
    rng = np.random.default_rng(5)
    y, x = (np.linspace(-1, 1, size) for size in shape)
    waves = rng.normal(size=(max(loads, 1), 3, 3))
    basis = np.stack(
        [np.ones(shape), np.sin(2 * y)[:, None] * np.ones(shape), np.cos(3 * x) * np.ones(shape)]
    )
    macro = np.einsum("lcb,byx->lcyx", waves, basis)
    solid = np.hypot(y[:, None] - 0.1, x - 0.2) > 0.15
    strain = np.array([0.5, -1.0, 0.7])
    stress = np.tensordot(strain, macro, axes=1) if loads else macro[0]
    image = ("y", "x")
    return xr.Dataset(
        {
            "geometry": (image, solid.astype(np.uint8)),
            "coverage": (image, solid.astype(np.float32)),
            "macro_stress": (("load", "component", *image), macro)
            if loads
            else (("component", *image), macro[0]),
            "micro_tresca": (image, tresca(stress)),
            **({"strain": ("load", strain)} if loads else {}),
        }
    )


def local(inputs):
    """Tresca of the macroscopic stress of the pixel itself: exactly local, and here exactly right."""
    mean = tresca(np.moveaxis(inputs[..., :3], -1, 0)) * inputs[..., 3]
    return mean, 0.1 * mean


@pytest.mark.parametrize(("shape", "loads"), [((100, 100), 3), ((44, 150), 0)])
def test_putting_a_right_prediction_together_gives_the_truth_in_true_units(shape, loads):
    found = stitched(local, images_of(structure(shape, loads)), GEOMETRY)
    inner = (slice(MARGIN, -MARGIN),) * 2
    truth = found["truth"].values
    np.testing.assert_allclose(found["mean"].values[inner], truth[inner], rtol=2e-6, atol=1e-6)
    np.testing.assert_allclose(found["std"].values[inner], 0.1 * truth[inner], rtol=2e-6, atol=1e-6)


def test_nothing_is_invented_where_no_region_of_interest_reaches():
    found = stitched(local, images_of(structure()), GEOMETRY)
    outside = np.ones((100, 100), bool)
    outside[MARGIN:-MARGIN, MARGIN:-MARGIN] = False
    np.testing.assert_array_equal(np.isnan(found["mean"].values), outside)
    np.testing.assert_array_equal(np.isnan(found["std"].values), outside)


@pytest.mark.parametrize("shift", [(1, 0), (3, 5), (0, 8)])
def test_shifted_windows_change_nothing_for_a_local_predictor(shift):
    images = images_of(structure())
    part = (slice(shift[0], None), slice(shift[1], None))
    moved = StructureImages(
        images.macro[:, *part],
        *(field[part] for field in (images.tresca, images.solid, images.coverage)),
        None,
    )
    whole, some = (stitched(local, each, GEOMETRY)["mean"].values for each in (images, moved))
    common = (slice(MARGIN + shift[0], -MARGIN), slice(MARGIN + shift[1], -MARGIN))
    inner = (slice(MARGIN, -MARGIN),) * 2
    np.testing.assert_allclose(whole[common], some[inner], rtol=2e-6, atol=1e-6)


def test_a_plate_is_put_under_the_strain_drawn_for_it():
    data = structure()
    images = images_of(data)
    strain, macro = data["strain"].values, data["macro_stress"].values
    np.testing.assert_allclose(images.macro, sum(e * s for e, s in zip(strain, macro, strict=True)))
    assert images.unit is None
    assert (images.tresca[~images.solid] == 0).all()


def test_a_strip_is_shown_as_it_is_stored_and_all_its_windows_have_one_unit():
    images = images_of(structure((44, 150), loads=0), unit=0.5)
    origins = patch_origins(images.solid.shape, GEOMETRY)
    inputs, scale = window_inputs(images.macro, images.solid, images.coverage, origins, GEOMETRY, images.unit)
    assert (scale == 0.5).all()
    row, column = origins[2]
    cut = images.macro[:, row : row + GEOMETRY.patch, column : column + GEOMETRY.patch]
    np.testing.assert_allclose(inputs[2, ..., :3], np.moveaxis(cut, 0, -1) / 0.5, rtol=1e-6)


def test_a_network_sees_windows_as_it_saw_the_patches():
    images = images_of(structure())
    origins = patch_origins(images.solid.shape, GEOMETRY)
    patches = patches_of_images(images.macro, images.macro, images.solid, images.coverage, origins, GEOMETRY)
    kept = patches["origin"].values
    inputs, scale = window_inputs(images.macro, images.solid, images.coverage, kept, GEOMETRY)
    np.testing.assert_array_equal(inputs, patches["input"].values)
    np.testing.assert_allclose(scale, patches["scale"].values, rtol=1e-6)


def test_a_window_without_stress_has_the_scale_one():
    origins = np.array([[0, 0]])
    inputs, scale = window_inputs(
        np.zeros((3, 36, 36)), np.zeros((36, 36)), np.zeros((36, 36)), origins, GEOMETRY
    )
    assert scale.tolist() == [1.0]
    assert np.isfinite(inputs).all()


@pytest.mark.parametrize("name", ["printed", "modern"])
def test_the_region_of_interest_is_the_same_on_the_whole_patch(name):
    settings = replace(
        StressNetworkSettings(name), width=0.25, roi=GEOMETRY.roi, estimator="none", norm="none"
    )
    images = images_of(structure())
    origins = patch_origins(images.solid.shape, GEOMETRY)[:3]
    inputs, _ = window_inputs(images.macro, images.solid, images.coverage, origins, GEOMETRY)
    roi = GEOMETRY.roi_slice()
    expected = build_network(settings, 3)(jnp.asarray(inputs))
    whole = on_whole_patch(build_network(settings, 3), GEOMETRY.patch)(jnp.asarray(inputs))
    assert whole.shape == inputs.shape[:3]
    np.testing.assert_allclose(whole[:, roi, roi], expected, rtol=1e-4, atol=1e-5)


def test_local_put_together_is_what_it_says_of_the_same_plate_of_a_user(plates, model):
    """Two ways from a structure to the same windows: one of the study, one of own images."""
    images = images_of(plates.structures.isel(structure=0))
    network = mechanics_alone()
    found = stitched(predictor(network, model, images, GEOMETRY, 1, 0), images, GEOMETRY)
    around = read_surroundings(images.macro[None], images.solid, images.coverage, 2)
    plate = OwnPlate(images.solid, images.coverage, around, 2, 2.0, 0)
    own = predict_plate(network, plate, model, Intervals("uncalibrated", False, None, None), 1, 0)
    there = images.solid & np.isfinite(own["mean"].values)
    assert there.sum() > 500
    np.testing.assert_allclose(found["mean"].values[there], own["mean"].values[there], rtol=1e-4, atol=1e-5)
    roi = GEOMETRY.roi_slice()
    windows = found["window_mean"].values
    assert np.isfinite(windows[:, roi, roi]).all()
    assert np.isnan(windows).sum() == len(windows) * (GEOMETRY.patch**2 - GEOMETRY.roi**2)


def splits(structures=12, held=5):
    return xr.Dataset(
        {
            "structure": ("patch", np.repeat(np.arange(structures), 4)),
            "split": ("patch", np.repeat((np.arange(structures) < held).astype(np.uint8), 4)),
        },
        attrs={"family": "ellipse3"},
    )


def test_the_structures_shown_are_held_out_ones_each_once(model):
    found = [held_out_structure(splits(), model, 0, index, "seed") for index in range(5)]
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert found != sorted(found)


def test_more_structures_than_are_held_out_are_refused(model):
    with pytest.raises(ValueError, match="there are 5: raise validation_structures"):
        held_out_structure(splits(), model, 0, 5, "seed")
