# SPDX-License-Identifier: GPL-3.0-or-later
"""Sliding windows over structure images (Krokos et al. 2022, sections 2.4 and 4.1).

A patch is 18 R wide, its region of interest (ROI) the central 8 R; windows start at the top right corner of
the image and step by half an ROI, so that the ROIs tile the central square of the structure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class PatchGeometry:
    """Sizes in pixels of patch, ROI and stride at `pixels_per_radius` pixels per pore radius."""

    pixels_per_radius: int
    patch_radii: int = 18
    roi_radii: int = 8
    stride_radii: int = 4

    @property
    def patch(self) -> int:
        return self.patch_radii * self.pixels_per_radius

    @property
    def roi(self) -> int:
        return self.roi_radii * self.pixels_per_radius

    @property
    def stride(self) -> int:
        return self.stride_radii * self.pixels_per_radius

    @property
    def margin(self) -> int:
        """Pixels between the edge of a patch and its ROI."""
        return (self.patch - self.roi) // 2

    def roi_slice(self) -> slice:
        """Rows (or columns) of the ROI within a patch."""
        return slice(self.margin, self.margin + self.roi)


def patch_origins(
    shape: tuple[int, int], geometry: PatchGeometry, stride: int | None = None
) -> NDArray[np.int64]:
    """Lower left pixels (row, column) of all windows that lie in an image of `shape`, shape (patch, 2).

    The first window touches the top right corner of the image; rows then go down and columns to the left.
    Raises ValueError if the image is smaller than one patch.
    """
    step = geometry.stride if stride is None else stride
    last = np.array(shape) - geometry.patch
    if (last < 0).any():
        raise ValueError(
            f"an image of {shape[0]}x{shape[1]} pixels holds no patch of {geometry.patch}x{geometry.patch} "
            "pixels; make the plate larger or lower pixels_per_radius"
        )
    rows, columns = np.arange(last[0], -1, -step), np.arange(last[1], -1, -step)
    return np.stack(np.meshgrid(rows, columns, indexing="ij"), axis=-1).reshape(-1, 2)


def cut_windows(image: NDArray, origins: NDArray, size: int, offset: int = 0) -> NDArray:
    """Windows of `size` pixels from the last two axes of `image`, shape (patch, ..., size, size).

    `offset` moves them up and to the right: the margin of a patch, for example, gives its ROI.
    """
    return np.stack(
        [image[..., r + offset : r + offset + size, c + offset : c + offset + size] for r, c in origins]
    )


def patches_with_features(solid: NDArray, origins: NDArray, geometry: PatchGeometry) -> NDArray[np.bool_]:
    """True for patches worth keeping: some void in the patch, some material in the ROI; shape (patch,)."""
    patch = cut_windows(solid, origins, geometry.patch)
    roi = geometry.roi_slice()
    has_void, has_material = (patch == 0).any((1, 2)), (patch[:, roi, roi] != 0).any((1, 2))
    return np.asarray(has_void & has_material)
