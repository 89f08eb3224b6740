# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's own two-phase image, checked before anything is computed from it: the reader of all studies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import zarr
from numpy.typing import NDArray

from mesobayes.images.errors import ImageError
from mesobayes.images.picture import check_size, read_picture
from mesobayes.images.slices import read_slices
from mesobayes.images.threshold import choose_threshold, edge_band, tails

_EDGE_MIN = 16
_ZARR = ("zarr.json", ".zarray", ".zgroup")


@dataclass(frozen=True)
class TwoPhaseImage:
    """Pixels (y, x) or (z, y, x), True in the phase of interest, row index = y increasing; how it was read.

    `threshold` is None for an image of two values; `from_top` says whether the rows of the file were counted
    from the top.
    """

    pixels: NDArray[np.bool_]
    threshold: float | None
    remark: str
    from_top: bool


def read_two_phase_image(
    path: Path | str, pixels_max: int, phase: str = "inclusions", threshold: float | None = None
) -> TwoPhaseImage:
    """Read an image or volume of two phases, of which one, named by `phase`, is of interest.

    PNG, TIFF (several pages are a volume) and folders of them (a volume): dark pixels are that phase, as in
    Aldakheel et al. 2023; their first row is the top, and becomes the largest y. In npy and zarr arrays
    larger values are that phase and the row index is y.

    Args:
        threshold: cuts the grey values; by default that of `choose_threshold`, where there are more than two.

    Raises:
        ImageError: the file is missing, damaged, of another format, too large, too small, not of two or
            three axes, not finite, not grey, or not of two phases.
    """
    path = Path(path)
    if not path.exists():
        raise ImageError(f"{path} does not exist")
    ending, is_zarr = path.suffix.lower(), any((path / name).exists() for name in _ZARR)
    picture = ending not in (".npy", ".zarr", ".zip") and not is_zarr
    notes: tuple[str, ...] = ()
    if not picture:
        values = _read_array(path, pixels_max)
    else:
        values, notes = read_slices(path, pixels_max) if path.is_dir() else read_picture(path, pixels_max)
        values = (values[0] if len(values) == 1 else values)[..., ::-1, :]
    _check(path, values)
    if values.dtype != bool:
        values = values.astype(float)
    low, high = float(values.min()), float(values.max())
    if low == high:
        raise ImageError(f"{path} holds the single value {low:g}: two phases are needed")
    remark = f"{phase} are the {'dark' if picture else 'larger'} values"
    if np.all((values == low) | (values == high)) and (threshold is None or low < threshold < high):
        cut, used = 0.5 * (low + high), None
    elif threshold is None:
        try:
            cut, said = choose_threshold(values)
        except ImageError as error:
            raise ImageError(f"{path}: {error}") from error
        used, remark = cut, f"{remark}, {said}"
    else:
        if not low < threshold < high:
            raise ImageError(f"{path} has values from {low:g} to {high:g}, all on one side of {threshold:g}")
        band = edge_band(values, *tails(values))
        cut = used = threshold
        remark += f", cut at {threshold:g} as asked for" + f", but {band}" * bool(band)
    pixels = values < cut if picture else values > cut
    return TwoPhaseImage(np.ascontiguousarray(pixels), used, "; ".join((remark, *notes)), picture)


def _check(path: Path, values: NDArray) -> None:
    if min(values.shape) < _EDGE_MIN:
        raise ImageError(f"{path} has the shape {values.shape}: every edge needs at least {_EDGE_MIN} pixels")
    if values.dtype.kind not in "biuf":
        raise ImageError(f"{path} holds {values.dtype}: numbers or booleans are needed")
    if values.dtype.kind == "f" and not np.all(np.isfinite(values)):
        raise ImageError(f"{path} holds values that are not finite: fill them first")


def _read_array(path: Path, pixels_max: int) -> NDArray:
    try:
        if path.suffix.lower() == ".npy":
            array = np.load(path, mmap_mode="r", allow_pickle=False)
        else:
            store = zarr.storage.ZipStore(path, mode="r") if path.suffix.lower() == ".zip" else path
            array = zarr.open(store, mode="r")
        if not hasattr(array, "shape"):
            raise ImageError(f"{path} is a group of arrays: give the path of one array")
        if len(array.shape) not in (2, 3):
            raise ImageError(f"{path} has the shape {tuple(array.shape)}: (y, x) or (z, y, x) is needed")
        check_size(path, array.shape, pixels_max)
        return np.array(array[...])
    except ImageError:
        raise
    except Exception as error:  # codecs raise whatever they meet in a damaged file
        raise ImageError(f"{path} is damaged or no array ({error})") from error
