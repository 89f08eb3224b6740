# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import xarray as xr

from mesobayes.images.patches import PatchGeometry, patch_origins
from mesobayes.images.rotation import rotate_scalar
from mesobayes.studies.stress.models.rotations import inside_circle, turned_copies, turned_patches

GEOMETRY = PatchGeometry(1)
SIDE = 50


@pytest.fixture(scope="module")
def structures() -> xr.Dataset:
    """Two plates with a round hole off the centre and smooth stress around it."""
    x = np.arange(SIDE) - (SIDE - 1) / 2
    solid = np.hypot(x[None, :] - 6, x[:, None] + 4) > 5
    wave = np.stack([np.cos(0.1 * (x[None, :] + k * x[:, None])) for k in range(9)]).reshape(3, 3, SIDE, SIDE)
    stress = np.stack([wave * solid, wave[::-1] * solid])
    image = ("structure", "y", "x")
    return xr.Dataset(
        {
            "geometry": (image, np.stack([solid, solid]).astype(np.uint8)),
            "coverage": (image, np.stack([solid, solid]).astype(np.float32)),
            "macro_stress": (("structure", "load", "component", "y", "x"), stress),
            "micro_stress": (("structure", "load", "component", "y", "x"), 1.5 * stress),
            "strain": (("structure", "load"), np.array([[0.6, -0.8, 0.0], [0.0, 0.6, 0.8]])),
        },
        {"structure": [3, 7]},
    )


def test_a_quarter_turn_gives_the_turned_images_of_the_patches(structures):
    plain = turned_patches(structures.isel(structure=0), 0.0, GEOMETRY)
    turned = turned_patches(structures.isel(structure=0), 90.0, GEOMETRY)
    # windows of an image of 50 pixels lie symmetric about its centre, so turned windows are windows again
    expected = {np.round(np.rot90(target, -1), 4).tobytes() for target in plain.target}
    assert {np.round(target, 4).tobytes() for target in turned.target} == expected


def test_a_turned_input_carries_the_turned_tensor(structures):
    plain = turned_patches(structures.isel(structure=0), 0.0, GEOMETRY)
    turned = turned_patches(structures.isel(structure=0), 90.0, GEOMETRY)
    swapped = {np.round(np.rot90(image[..., 1], -1), 4).tobytes() for image in plain.inputs}
    assert {np.round(image[..., 0], 4).tobytes() for image in turned.inputs} == swapped
    negated = {np.round(-np.rot90(image[..., 2], -1) + 0.0, 4).tobytes() for image in plain.inputs}
    assert {np.round(image[..., 2] + 0.0, 4).tobytes() for image in turned.inputs} == negated


@pytest.mark.parametrize("degrees", [17.0, 230.0])
def test_any_angle_keeps_voids_out_of_the_stress_and_the_scale_at_one(structures, degrees):
    patches = turned_patches(structures.isel(structure=1), degrees, GEOMETRY)
    np.testing.assert_allclose(np.abs(patches.inputs[..., :3]).max(axis=(1, 2, 3)), 1.0, rtol=1e-6)
    assert (patches.target[~patches.mask] == 0).all()


def test_windows_of_turned_images_lie_inside_the_circle_that_the_image_contains(structures):
    origins = patch_origins((SIDE, SIDE), GEOMETRY)
    kept = origins[inside_circle(origins, (SIDE, SIDE), GEOMETRY)]
    ends = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]) * GEOMETRY.patch
    corners = [kept + end - SIDE / 2 for end in ends]
    assert max(np.hypot(*corner.T).max() for corner in corners) <= SIDE / 2
    assert 0 < len(kept) < len(origins)


def turned(structures, copies):
    return np.concatenate([part.inputs for part in turned_copies(structures, copies, GEOMETRY, "study")])


def test_every_structure_turns_by_angles_of_its_own_and_fewer_are_the_first_of_more(structures):
    one = structures.isel(structure=[0])
    few, many = (turned(one, count) for count in (1, 2))
    np.testing.assert_array_equal(few, many[: len(few)])
    other = turned(one.assign_coords(structure=[9]), 1)
    assert not np.array_equal(few, other)


def test_a_scalar_image_turns_as_the_mask_does():
    image = np.zeros((7, 7), np.float32)
    image[3, 6] = 1.0
    result = rotate_scalar(image, 90.0)
    assert result[6, 3] == pytest.approx(1.0, abs=1e-6)
    assert result.sum() == pytest.approx(1.0, abs=1e-6)
