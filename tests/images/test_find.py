# SPDX-License-Identifier: GPL-3.0-or-later
"""Images by their names, and folders of slices."""

import numpy as np
import pytest
from PIL import Image

from mesobayes.images.errors import ImageError
from mesobayes.images.find import find_image
from mesobayes.images.user_image import read_two_phase_image

LIMIT = 100_000


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("scan.png", "scan"),
        ("v1.2.png", "v1.2"),
        ("my scan 3.tif", "my scan 3"),
        ("Scan.PNG", "Scan"),
        ("größe.TIFF", "größe"),
        ("a.b.zarr.zip", "a.b"),
        ("slices", "slices"),
    ],
)
def test_dots_blanks_and_capitals_belong_to_names(tmp_path, file, name):
    (tmp_path / "v1.png").touch()
    (tmp_path / f"{name}.macro.npy").touch()
    path = tmp_path / file
    path.touch() if "." in file else path.mkdir()
    assert find_image(tmp_path, name) == path


def test_no_image_several_images_and_other_formats_are_named(tmp_path):
    with pytest.raises(ImageError, match=r"one image .*/mine is needed \(.png, .* none is there$"):
        find_image(tmp_path, "mine")
    for name in ("two.png", "two.TIF", "photo.JPG", "Case.png", "model.stl"):
        (tmp_path / name).touch()
    with pytest.raises(ImageError, match=r"two.TIF, .*two.png are there"):
        find_image(tmp_path, "two")
    with pytest.raises(ImageError, match=r"photo.JPG is refused: JPEG changes the grey values"):
        find_image(tmp_path, "photo")
    with pytest.raises(ImageError, match=r"none is there, only .*Case.png"):
        find_image(tmp_path, "case")
    with pytest.raises(ImageError, match=r"none is there, only .*model.stl"):
        find_image(tmp_path, "model")


@pytest.fixture
def volume():
    return np.random.default_rng(0).random((17, 18, 19)) < 0.3


def save(volume, folder, name="slice_{}_of_17.png"):
    folder.mkdir()
    for z, page in enumerate(volume):
        Image.fromarray(np.where(page, 0, 255).astype(np.uint8)).save(folder / name.format(z + 1))
    return folder


def test_slices_of_a_folder_are_a_volume_in_the_order_of_their_numbers(tmp_path, volume):
    folder = save(volume, tmp_path / "my volume")
    (folder / ".DS_Store").touch()
    image = read_two_phase_image(folder, LIMIT)
    np.testing.assert_array_equal(image.pixels, volume[:, ::-1])
    assert "slices of the folder in the order of their numbers" in image.remark


def test_folders_that_are_no_volume_are_refused_with_the_reason(tmp_path, volume):
    def refused(message, name, change):
        folder = save(volume, tmp_path / name)
        change(folder)
        with pytest.raises(ImageError, match=message):
            read_two_phase_image(folder, LIMIT)

    refused("no slice between 4 and the next", "gap", lambda f: (f / "slice_5_of_17.png").unlink())
    refused("differ in one number only", "notes", lambda f: (f / "notes.txt").touch())
    refused("differ in one number only", "two", lambda f: (f / "other_3_of_17.png").touch())
    refused("is no PNG", "text", lambda f: (f / "slice_3_of_17.png").write_text("no picture"))
    small = Image.fromarray(np.zeros((30, 30), np.uint8))
    refused("of another size", "sizes", lambda f: small.save(f / "slice_3_of_17.png"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="empty folder"):
        read_two_phase_image(tmp_path / "empty", LIMIT)
    with pytest.raises(ImageError, match="more than 1000"):
        read_two_phase_image(save(volume, tmp_path / "large"), 1000)
