# SPDX-License-Identifier: GPL-3.0-or-later
"""Grey values of pictures as viewers show them, whatever their tags; and what is refused for its tags."""

import numpy as np
import pytest
from PIL import Image

from images.tiff_files import write_tiff
from mesobayes.images.errors import ImageError
from mesobayes.images.picture import read_picture
from mesobayes.images.user_image import read_two_phase_image

LIMIT = 100_000
Y, X = np.mgrid[:32, :40]
DISC = (X - 8) ** 2 + (Y - 22) ** 2 < 41  # left of the middle and below it
TYPES = ("uint8", "uint16", "uint32", "int8", "int16", "int32", "float32")


def stored(dtype, photometric=1):
    """A dark disc as the extreme values of a type that show dark and bright."""
    kind = np.dtype(dtype)
    low, high = (np.iinfo(kind).min, np.iinfo(kind).max) if kind.kind in "iu" else (-0.5, 1.5)
    dark, bright = (low, high) if photometric else (high, low)
    return np.where(DISC, dark, bright).astype(kind)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_dark_disc_is_dark_in_every_type_of_numbers_or_the_type_is_refused(tmp_path, dtype, order):
    path = write_tiff(tmp_path / "a.tif", stored(dtype), order=order)
    try:
        image = read_two_phase_image(path, LIMIT)
    except ImageError as error:
        assert (dtype, order) == ("uint32", ">")  # Pillow does not know it
        assert "is a TIFF file of uint32" in str(error)  # noqa: PT017
    else:
        np.testing.assert_array_equal(image.pixels, DISC[::-1])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_where_zero_is_white_the_larger_values_are_dark(tmp_path, dtype):
    image = read_two_phase_image(write_tiff(tmp_path / "a.tif", stored(dtype, 0), photometric=0), LIMIT)
    np.testing.assert_array_equal(image.pixels, DISC[::-1])
    assert "counted from white" in image.remark


def test_values_counted_from_white_are_those_that_viewers_show(tmp_path):
    values = np.where(DISC, 60000, 500).astype(np.uint16)
    shown, _ = read_picture(write_tiff(tmp_path / "a.tif", values, photometric=0), LIMIT)
    np.testing.assert_array_equal(shown[0], 65535.0 - values)


def turned(values, orientation):
    """What a viewer shows of stored rows and columns, by the TIFF standard."""
    rows = values.T if orientation > 4 else values
    first_row_below, first_column_right = orientation in (3, 4, 7, 8), orientation in (2, 3, 6, 7)
    return rows[:: -1 if first_row_below else 1, :: -1 if first_column_right else 1]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["raw", "lzw", "png", "uint16"])
def test_all_eight_orientations_are_shown_upright(tmp_path, orientation, kind):
    values = np.where(DISC, 0, 255).astype(np.uint8)
    path = tmp_path / ("a.png" if kind == "png" else "a.tif")
    if kind in ("raw", "uint16"):
        write_tiff(path, values.astype("uint16" if kind == "uint16" else "uint8"), orientation=orientation)
    elif kind == "lzw":
        Image.fromarray(values).save(path, compression="tiff_lzw", tiffinfo={274: orientation})
    else:
        exif = Image.Exif()
        exif[274] = orientation
        Image.fromarray(values).save(path, exif=exif)
    image = read_two_phase_image(path, LIMIT)
    np.testing.assert_array_equal(image.pixels[::-1], turned(DISC, orientation))
    assert ("turned" in image.remark) == (orientation > 1)


def test_pages_of_a_volume_keep_their_order_sign_and_orientation(tmp_path):
    volume = np.random.default_rng(0).random((17, 18, 19)) < 0.3
    values = np.where(volume, -5, 120).astype(np.int8)
    image = read_two_phase_image(write_tiff(tmp_path / "a.tif", values, orientation=6), LIMIT)
    np.testing.assert_array_equal(image.pixels, [turned(page, 6)[::-1] for page in volume])


def test_pixels_that_are_not_square_are_said(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(stored("uint8")).save(path, dpi=(200, 100))
    assert "2 times as high as wide" in read_two_phase_image(path, LIMIT).remark


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "png"])
def test_a_file_cut_off_anywhere_is_refused(tmp_path, compression):
    values = np.random.default_rng(0).integers(0, 2, (17, 32, 40)).astype(np.uint8) * 255
    path = tmp_path / ("a.png" if compression == "png" else "a.tif")
    pages = [Image.fromarray(page) for page in values]
    if compression == "png":
        pages[0].save(path)
    else:
        pages[0].save(path, save_all=True, append_images=pages[1:], compression=compression)
    whole = path.read_bytes()
    for share in (0.02, 0.1, 0.3, 0.5, 0.8, 0.9):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(ImageError, match=r"a\.(png|tif) is (damaged|no PNG|a TIFF)"):
            read_two_phase_image(path, LIMIT)


GREY = stored("uint8")
OME = '<?xml version="1.0"?><OME><Image><Pixels SizeC="2" SizeT="1" SizeX="40"/></Image></OME>'


def refused_tiffs(folder):
    """Name of a fault -> file that has it, and what the message says."""
    jpeg = folder / "jpeg.tif"
    Image.fromarray(GREY).save(jpeg, compression="jpeg")
    return {
        "float64": (write_tiff(folder / "a.tif", stored("float32").astype(float)), "a TIFF file of float64"),
        "no photometric": (write_tiff(folder / "b.tif", GREY, photometric=None), "0 is black or white"),
        "JPEG inside": (jpeg, "compressed as JPEG"),
        "ImageJ block": (
            write_tiff(folder / "c.tif", GREY, description="ImageJ=1.53t\nimages=90\nslices=90\n"),
            "90 slices in one block",
        ),
        "ImageJ channels": (
            write_tiff(folder / "d.tif", [GREY, GREY], description="ImageJ=1.53t\nimages=2\nchannels=2\n"),
            "holds 2 channels",
        ),
        "OME channels": (write_tiff(folder / "e.tif", [GREY, GREY], description=OME), "holds 2 channels"),
    }


def test_tiffs_that_could_be_read_wrongly_are_refused_with_the_reason(tmp_path):
    for path, message in refused_tiffs(tmp_path).values():
        with pytest.raises(ImageError, match=message):
            read_two_phase_image(path, LIMIT)


def refused_pictures(folder):
    """The same for other formats and for PNG."""
    colour = np.repeat(GREY[..., None], 3, axis=-1)
    frames = [Image.fromarray(GREY), Image.fromarray(255 - GREY)]
    frames[0].save(folder / "moving.png", save_all=True, append_images=frames[1:])
    Image.fromarray(GREY).save(folder / "clear.png", transparency=255)
    Image.fromarray(GREY > 0).save(folder / "clear1.png", transparency=0)
    Image.fromarray(GREY.astype(np.uint16)).save(folder / "clear16.png", transparency=255)
    Image.fromarray(GREY).save(folder / "photo.jpg")
    Image.fromarray(GREY).save(folder / "renamed.png", format="JPEG")
    Image.fromarray(GREY).save(folder / "old.bmp")
    Image.fromarray(np.dstack([colour, 255 - GREY // 2])).save(folder / "half.png")
    return {
        "moving.png": "animation of 2 frames",
        "clear.png": "transparent",
        "clear1.png": "transparent",
        "clear16.png": "transparent",
        "half.png": "transparent",
        "photo.jpg": "JPEG picture: JPEG changes the grey values",
        "renamed.png": "JPEG picture: JPEG changes the grey values",
        "old.bmp": "is a BMP picture: save it as PNG or TIFF",
    }


def test_pictures_of_other_kinds_are_refused_with_the_reason(tmp_path):
    for name, message in refused_pictures(tmp_path).items():
        with pytest.raises(ImageError, match=message):
            read_two_phase_image(tmp_path / name, LIMIT)


def test_grey_pictures_that_are_stored_in_colour_or_with_a_palette_are_read(tmp_path):
    image = Image.fromarray(GREY)
    for name, mode in (
        ("rgb.png", "RGB"),
        ("rgba.png", "RGBA"),
        ("la.png", "LA"),
        ("p.png", "P"),
        ("one.png", "1"),
    ):
        image.convert(mode).save(tmp_path / name)
        np.testing.assert_array_equal(read_two_phase_image(tmp_path / name, LIMIT).pixels, DISC[::-1])
