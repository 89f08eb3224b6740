# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of users: what is read, and what is refused."""

import numpy as np
import pytest
import zarr
from PIL import Image

from mesobayes.images.errors import ImageError
from mesobayes.images.user_image import read_two_phase_image

LIMIT = 100_000


@pytest.fixture
def pixels():
    return np.random.default_rng(0).random((24, 20)) < 0.3


def picture(values, path, **settings):
    Image.fromarray(values).save(path, **settings)
    return path


def test_dark_pixels_of_a_picture_are_inclusions_and_its_first_row_is_the_top(tmp_path, pixels):
    path = picture(np.where(pixels, 0, 255).astype(np.uint8), tmp_path / "a.png")
    image = read_two_phase_image(path, LIMIT)
    np.testing.assert_array_equal(image.pixels, pixels[::-1])
    assert image.threshold is None
    assert image.from_top


@pytest.mark.parametrize("kind", ["npy", "zarr", "zarr.zip"])
def test_larger_values_of_an_array_are_inclusions_and_its_row_index_is_y(tmp_path, pixels, kind):
    path, values = tmp_path / f"a.{kind}", pixels.astype(np.uint8)
    if kind == "npy":
        np.save(path, pixels)
    elif kind == "zarr":
        zarr.save_array(str(path), values)
    else:
        with zarr.storage.ZipStore(path, mode="w") as store:
            zarr.create_array(store, data=values)
    image = read_two_phase_image(path, LIMIT, "voids")
    np.testing.assert_array_equal(image.pixels, pixels)
    assert not image.from_top
    assert image.remark == "voids are the larger values"


def test_grey_values_are_cut_halfway_and_the_remark_says_so(tmp_path, pixels):
    noisy = np.where(pixels, 0.9, 0.1) + np.random.default_rng(1).uniform(-0.1, 0.1, pixels.shape)
    np.save(tmp_path / "a.npy", noisy)
    image = read_two_phase_image(tmp_path / "a.npy", LIMIT)
    np.testing.assert_array_equal(image.pixels, pixels)
    assert image.threshold == pytest.approx(0.5, abs=0.02)
    assert "cut at" in image.remark


def test_several_pages_of_a_tiff_are_a_volume(tmp_path):
    volume = np.random.default_rng(0).random((17, 18, 19)) < 0.3
    pages = [Image.fromarray(np.where(page, 0, 200).astype(np.uint8)) for page in volume]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    np.testing.assert_array_equal(read_two_phase_image(tmp_path / "a.tif", LIMIT).pixels, volume[:, ::-1])


def bad_files(folder):
    """Name of a fault -> file that has it, and what the message says."""
    grey = np.random.default_rng(0).integers(0, 2, (32, 32)).astype(np.uint8) * 255
    colour = np.stack([grey, 255 - grey, grey], axis=-1)
    whole = picture(grey, folder / "whole.png").read_bytes()
    (folder / "half.png").write_bytes(whole[: len(whole) // 2])
    (folder / "text.png").write_text("no picture")
    (folder / "text.npy").write_text("no array")
    holes = grey.astype(float)
    holes[3, 4] = np.nan
    arrays = {
        "holes": holes,
        "line": np.zeros(50),
        "four": np.zeros((17, 17, 17, 1)),
        "thin": np.eye(20)[:4],
        "single": np.ones((20, 20)),
        "words": np.full((20, 20), "a"),
        "pickled": np.array([{}], object),
    }
    for name, values in arrays.items():
        np.save(folder / f"{name}.npy", values)
    pages = [Image.fromarray(grey), Image.fromarray(grey[:20])]
    pages[0].save(folder / "unequal.tif", save_all=True, append_images=pages[1:])
    zarr.create_group(str(folder / "group.zarr"))
    return {
        "missing": (folder / "nowhere.png", "does not exist"),
        "half a picture": (folder / "half.png", "damaged"),
        "text as a picture": (folder / "text.png", "no PNG or TIFF"),
        "text as an array": (folder / "text.npy", "damaged or no array"),
        "pickled objects": (folder / "pickled.npy", "damaged or no array"),
        "not finite": (folder / "holes.npy", "not finite"),
        "a line": (folder / "line.npy", "is needed"),
        "four axes": (folder / "four.npy", "is needed"),
        "too thin": (folder / "thin.npy", "at least 16 pixels"),
        "one value": (folder / "single.npy", "single value"),
        "words": (folder / "words.npy", "numbers or booleans"),
        "unequal pages": (folder / "unequal.tif", "differ in size"),
        "a group": (folder / "group.zarr", "group of arrays"),
        "colour": (picture(colour, folder / "colour.png"), "in colour"),
        "transparency": (picture(np.dstack([colour, grey]), folder / "clear.png"), "transparent"),
        "too large": (picture(np.zeros((400, 400), np.uint8), folder / "large.png"), "160000 pixels"),
        "bomb": (picture(np.zeros((20000, 20000), np.uint8), folder / "bomb.png"), "400000000 pixels"),
    }


def test_bad_images_are_refused_one_by_one_with_the_reason(tmp_path):
    for path, message in bad_files(tmp_path).values():
        with pytest.raises(ImageError, match=message):
            read_two_phase_image(path, LIMIT)
