# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's own two-phase image, checked before anything is computed from it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr
from PIL import Image, UnidentifiedImageError

from mesobayes.record.errors import MesobayesError

_EDGE_MIN = 16
_PICTURES = (".png", ".tif", ".tiff")


class ImageError(MesobayesError):
    """A user's image cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class TwoPhaseImage:
    """Pixels (y, x) or (z, y, x), True in the phase of interest, row index = y increasing; how it was read.

    `from_top` says whether the rows of the file were counted from the top.
    """

    pixels: np.ndarray
    threshold: float | None
    remark: str
    from_top: bool


def read_two_phase_image(path: Path | str, pixels_max: int, phase: str = "inclusions") -> TwoPhaseImage:
    """Read an image or volume of two phases, of which one, named by `phase`, is of interest.

    PNG and TIFF (several pages are a volume): dark pixels are that phase, as in Aldakheel et al. 2023; their
    first row is the top, and becomes the largest y. In npy and zarr arrays larger values are that phase and
    the row index is y. What is not binary is cut halfway between its smallest and its largest value.

    Raises:
        ImageError: the file is missing, damaged, of another format, too large, too small, not of two or
            three axes, not finite, not grey, or of one value only.
    """
    path = Path(path)
    if not path.exists():
        raise ImageError(f"{path} does not exist")
    picture = path.suffix.lower() in _PICTURES
    values = _read_picture(path, pixels_max) if picture else _read_array(path, pixels_max)
    if min(values.shape) < _EDGE_MIN:
        raise ImageError(f"{path} has the shape {values.shape}: every edge needs at least {_EDGE_MIN} pixels")
    if values.dtype.kind not in "biuf":
        raise ImageError(f"{path} holds {values.dtype}: numbers or booleans are needed")
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        raise ImageError(f"{path} holds values that are not finite: fill them first")
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise ImageError(f"{path} holds the single value {low:g}: two phases are needed")
    threshold = 0.5 * (low + high)
    binary = bool(np.all((values == low) | (values == high)))
    pixels = values < threshold if picture else values > threshold
    values_of = "dark" if picture else "larger"
    remark = f"{phase} are the {values_of} values" + ("" if binary else f", cut at {threshold:g}")
    return TwoPhaseImage(np.ascontiguousarray(pixels), None if binary else threshold, remark, picture)


def _read_picture(path: Path, pixels_max: int) -> np.ndarray:
    """Grey values ([page,] row from below, column); sizes are checked before anything is decompressed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(path)
        with picture:
            pages = getattr(picture, "n_frames", 1)
            _check_size(path, (pages, picture.height, picture.width), pixels_max)
            grey = []
            for page in range(pages):
                picture.seek(page)
                grey.append(_grey(picture, path))
    except UnidentifiedImageError as error:
        raise ImageError(f"{path} is no PNG or TIFF picture") from error
    except (OSError, SyntaxError, ValueError, EOFError, Image.DecompressionBombError) as error:
        raise ImageError(f"{path} is damaged or too large ({error})") from error
    if len({page.shape for page in grey}) > 1:
        raise ImageError(f"the pages of {path} differ in size: a volume needs equal ones")
    volume = np.stack(grey)[:, ::-1]
    return volume[0] if pages == 1 else volume


def _grey(picture: Image.Image, path: Path) -> np.ndarray:
    """Grey values (row, column) of the current page; a colour picture must be grey in fact."""
    if picture.mode in ("1", "L", "I", "F") or picture.mode.startswith("I;16"):
        return np.asarray(picture).astype(np.float32)
    colours = np.asarray(picture.convert("RGBA")).astype(np.float32)
    if np.any(colours[..., 3] < 255):
        raise ImageError(f"{path} has transparent pixels: save it without an alpha channel")
    if np.any(np.ptp(colours[..., :3], axis=-1) > 8):
        raise ImageError(f"{path} is in colour: save it in grey")
    return colours[..., 0]


def _read_array(path: Path, pixels_max: int) -> np.ndarray:
    try:
        if path.suffix == ".npy":
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        else:
            store = zarr.storage.ZipStore(path, mode="r") if path.suffix == ".zip" else path
            array = zarr.open(store, mode="r")
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, zarr.errors.BaseZarrError) as error:
        raise ImageError(f"{path} is damaged or no array ({error})") from error
    if not hasattr(array, "shape"):
        raise ImageError(f"{path} is a group of arrays: give the path of one array")
    if len(array.shape) not in (2, 3):
        raise ImageError(f"{path} has the shape {tuple(array.shape)}: (y, x) or (z, y, x) is needed")
    _check_size(path, array.shape, pixels_max)
    return np.array(array[...])


def _check_size(path: Path, shape: tuple[int, ...], pixels_max: int) -> None:
    size = int(np.prod(shape, dtype=np.int64))
    if size > pixels_max:
        raise ImageError(
            f"{path} has {size} pixels, more than {pixels_max}: cut it, or raise pixels_max in config.yaml"
        )
