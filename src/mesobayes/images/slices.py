# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume as a folder of pictures."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mesobayes.images.errors import ImageError
from mesobayes.images.picture import check_size, read_picture


def read_slices(folder: Path, pixels_max: int) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Grey values (z, row, column) of a folder of pictures, z in the order of their numbers, and remarks.

    Raises:
        ImageError: as for a picture; or the slices differ in size, or their names leave their order open.
    """
    slices: list[NDArray[np.float64]] = []
    notes = {"slices of the folder in the order of their numbers": None}
    files = _in_order(folder)
    for file in files:
        values, said = read_picture(file, pixels_max)
        if len(values) > 1:
            raise ImageError(f"{file} has {len(values)} pages: a folder of slices needs one picture a file")
        if slices and values[0].shape != slices[0].shape:
            raise ImageError(f"{file} is of another size than {files[0].name}: slices need equal ones")
        check_size(folder, (len(files), *values[0].shape), pixels_max)
        slices.append(values[0])
        notes |= dict.fromkeys(said)
    return np.stack(slices), tuple(notes)


def _in_order(folder: Path) -> list[Path]:
    """Files of a folder by the one number in which their names differ; hidden ones do not count."""
    files = [path for path in folder.iterdir() if not path.name.startswith(".")]
    if not files:
        raise ImageError(f"{folder} is an empty folder: slices as PNG or TIFF are needed")
    parts = [[*re.split(r"(\d+)", file.stem), file.suffix] for file in files]
    differ = [k for k, texts in enumerate(zip(*parts, strict=False)) if len(set(texts)) > 1]
    same_length = len({len(part) for part in parts}) == 1
    if len(files) > 1 and not (same_length and len(differ) == 1 and parts[0][differ[0]].isdigit()):
        odd = sorted(file.name for file in files)
        raise ImageError(
            f"{folder} holds {odd[0]} and {odd[-1]}: the names of slices may differ in one number only"
        )
    number = [int(part[differ[0]]) if differ else 0 for part in parts]
    steps = np.diff(sorted(number))
    if len(set(steps.tolist())) > 1:
        gap = sorted(number)[int(np.argmax(steps != np.min(steps)))]
        raise ImageError(f"{folder} has no slice between {gap} and the next one: its numbers leave gaps")
    return [files[k] for k in np.argsort(number)]
