# SPDX-License-Identifier: GPL-3.0-or-later
"""Grey values of a PNG or TIFF file, as viewers show them: dark is small, the first row is the top.

Pillow decodes. What its modes do not tell is taken from the tags of the file: whether zero is white, the sign
and the width of integers, the orientation, further channels.
"""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from mesobayes.images.errors import ImageError
from mesobayes.images.find import LOSSY
from mesobayes.images.tiff import (
    BITS,
    KINDS,
    ORIENTATION,
    PHOTOMETRIC,
    PREFIXES,
    SAMPLE_FORMAT,
    SIGNED,
    UNSIGNED,
    check_tags,
    check_volume,
    unread_tiff,
)

FloatArray = NDArray[np.float64]

_FORMATS = ("PNG", "TIFF")
_GREY = ("1", "L", "I", "F", "I;16", "I;16L", "I;16B", "I;16N")
_COLOURED = 8  # of 255: grey pictures that were stored in colour differ less


def read_picture(path: Path, pixels_max: int) -> tuple[FloatArray, tuple[str, ...]]:
    """Grey values (page, row, column) of a file, and what has to be said of how they were read.

    The size is checked before anything is decompressed.

    Raises:
        ImageError: another format, damaged or cut off, too large, in colour, transparent, an animation, in
            pages or channels that do not belong to one volume, or compressed with loss.
    """
    try:
        with warnings.catch_warnings(action="ignore"), path.open("rb") as file:  # a path is mapped, unturned
            picture = Image.open(file, formats=_FORMATS)
            pages = getattr(picture, "n_frames", 1)
            check_size(path, (pages, picture.height, picture.width), pixels_max)
            if picture.format == "PNG" and pages > 1:
                raise ImageError(f"{path} is an animation of {pages} frames: save one of them")
            check_volume(path, getattr(picture, "tag_v2", {}), pages)
            grey: list[FloatArray] = []
            notes: dict[str, None] = {}
            for page in range(pages):
                picture.seek(page)
                values, said = _page(path, picture)
                grey.append(values)
                notes |= dict.fromkeys(said)
    except UnidentifiedImageError as error:
        raise ImageError(f"{path} {_what_it_is(path)}") from error
    except ImageError:
        raise
    except Exception as error:  # decoders raise whatever they meet in a damaged file
        raise ImageError(f"{path} is damaged, cut off or too large ({error})") from error
    if len({values.shape for values in grey}) > 1:
        raise ImageError(f"the pages of {path} differ in size: a volume needs equal ones")
    return np.stack(grey), tuple(notes)


def check_size(path: Path, shape: tuple[int, ...], pixels_max: int) -> None:
    """Raise ImageError if an image has more pixels than may be read."""
    size = int(np.prod(shape, dtype=np.int64))
    if size > pixels_max:
        raise ImageError(
            f"{path} has {size} pixels, more than {pixels_max}: cut it, or raise pixels_max in config.yaml"
        )


def _page(path: Path, picture: Image.Image) -> tuple[FloatArray, list[str]]:
    """Grey values (row, column) of the current page, and remarks."""
    tags = dict(getattr(picture, "tag_v2", {}))  # loading removes the orientation
    notes = []
    if picture.format == "TIFF":
        check_tags(path, tags)
    if _is_deep_colour(picture):
        raise ImageError(f"{path} is in colour of 16 bits: save it in grey")
    if tags.get(ORIENTATION, picture.getexif().get(ORIENTATION)) in range(2, 9):
        notes.append("turned as its orientation tag says")
    dpi = [float(value) for value in picture.info.get("dpi", ())]
    if len(dpi) == 2 and min(dpi) > 0 and abs(dpi[0] / dpi[1] - 1.0) > 0.01:
        notes.append(
            f"pixels taken as square; by the file they are {dpi[0] / dpi[1]:.3g} times as high as wide"
        )
    picture.load()
    if picture.format == "PNG":
        picture = ImageOps.exif_transpose(picture)
    if picture.mode not in _GREY:
        return _from_colour(path, picture), notes
    values = np.asarray(picture)
    transparent = picture.info.get("transparency")
    if transparent is not None and np.any(
        values == (transparent > 0 if picture.mode == "1" else transparent)
    ):
        raise ImageError(f"{path} has transparent pixels: save it without transparency")
    if picture.format == "TIFF":
        bits, kind = tags.get(BITS, (1,))[0], tags.get(SAMPLE_FORMAT, (UNSIGNED,))[0]
        if bits in (8, 32) and kind in (UNSIGNED, SIGNED):  # Pillow knows unsigned 8 and signed 32 bits
            values = values.view(f"{KINDS[kind]}{bits}")
        if tags[PHOTOMETRIC] == 0:
            notes.append("values counted from white, as the file says")
            if picture.mode not in ("1", "L"):  # these Pillow has turned
                values = (2**bits - 1 if kind == UNSIGNED else 0) - values.astype(float)
    return values.astype(float), notes


def _from_colour(path: Path, picture: Image.Image) -> FloatArray:
    """Grey values of a page that is grey in fact."""
    colours = np.asarray(picture.convert("RGBA")).astype(float)
    if np.any(colours[..., 3] < 255):
        raise ImageError(f"{path} has transparent pixels: save it without an alpha channel")
    if np.any(np.ptp(colours[..., :3], axis=-1) > _COLOURED):
        raise ImageError(f"{path} is in colour: save it in grey")
    return colours[..., 0]


def _is_deep_colour(picture: Image.Image) -> bool:
    """Whether a page is in colour of 16 bits, of which Pillow would keep eight."""
    return picture.mode not in _GREY and any(";16" in str(tile.args) for tile in getattr(picture, "tile", ()))


def _what_it_is(path: Path) -> str:
    """Say why a file is no picture that can be read."""
    with path.open("rb") as file:
        head = file.read(16)
        if head.startswith(PREFIXES):
            return unread_tiff(file, head)
    try:
        with warnings.catch_warnings(action="ignore"), Image.open(path) as other:
            kind = other.format
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return "is no PNG or TIFF picture, and no npy or zarr array by its name"
    if kind in ("JPEG", "MPO"):
        return f"is a JPEG picture: {LOSSY}; save the original as PNG or TIFF"
    return f"is a {kind} picture: save it as PNG or TIFF"
