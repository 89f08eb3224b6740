# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's own porous volume as a bar that is pulled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.bar.connected import why_cut_through
from mesobayes.images.errors import ImageError
from mesobayes.images.user_image import TwoPhaseImage, read_two_phase_image
from mesobayes.studies.failure.place_settings import OwnBarSettings

_AXES = {"x": 2, "y": 1, "z": 0}  # of a volume (z, y, x)


@dataclass(frozen=True)
class OwnBar:
    """A volume of a user, turned so that it is pulled along its last axis.

    Attributes:
        pores: (u, v, w), True in a void; w is the axis along which it is pulled.
        given: the volume (z, y, x) as it was read.
        order: the axis of the volume that each of u, v, w is.
    """

    pores: NDArray[np.bool_]
    given: TwoPhaseImage
    order: tuple[int, int, int]

    def in_file(self, voxel: NDArray[np.integer]) -> dict[str, int]:
        """Slice, row and column of a voxel (u, v, w), each counted from 0 as in the file."""
        index = [0, 0, 0]
        for axis, value in zip(self.order, voxel.tolist(), strict=True):
            index[axis] = int(value)
        if self.given.from_top:
            index[1] = self.given.pixels.shape[1] - 1 - index[1]
        return dict(zip(("slice", "row", "column"), index, strict=True))


def read_own_bar(image: Path, settings: OwnBarSettings) -> OwnBar:
    """Read the volume of a user.

    Raises:
        ImageError: it cannot be used; the message says why.
    """
    given = read_two_phase_image(image, settings.pixels_max, "voids", settings.threshold)
    if given.pixels.ndim != 3:
        raise ImageError(
            f"{image} is one picture of {given.pixels.shape} pixels: a volume (z, y, x) is needed"
        )
    along = _AXES[settings.pulled]
    first, second = (axis for axis in (2, 1, 0) if axis != along)
    order = (first, second, along)
    pores = np.ascontiguousarray(given.pixels.transpose(order))
    why = why_cut_through(pores)
    if why:
        raise ImageError(f"{image}, pulled along {settings.pulled}, {why}".replace("layer z =", "layer"))
    return OwnBar(pores, given, order)
