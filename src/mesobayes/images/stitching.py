# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole image from the ROIs of its patches (Krokos et al. 2022, fig. 16)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry, patch_origins


def tile_origins(
    shape: tuple[int, int], geometry: PatchGeometry, stride: int | None = None
) -> NDArray[np.int64]:
    """Lower left pixels (row, column), (patch, 2), of windows whose ROIs cover all that an ROI can reach.

    Windows step from the top right corner as those of `patch_origins`, by one ROI unless `stride` (at most
    one ROI) says otherwise. Where the steps do not end at the lower or left edge, a last row or column of
    windows does. No ROI reaches what lies within the margin of a patch from the edge of the image.

    Raises ValueError if the image is smaller than one patch.
    """
    step = geometry.roi if stride is None else stride
    regular = patch_origins(shape, geometry, step)
    rows, columns = ({int(first) for first in regular[:, axis]} | {0} for axis in (0, 1))
    ordered = (sorted(starts, reverse=True) for starts in (rows, columns))
    return np.stack(np.meshgrid(*ordered, indexing="ij"), axis=-1).reshape(-1, 2)


def stitch_rois(rois: NDArray, origins: NDArray, shape: tuple[int, int], geometry: PatchGeometry) -> NDArray:
    """Image of `shape` from ROI fields (patch, roi, roi) of patches at `origins`; NaN where no ROI lies.

    Where ROIs overlap the later patch wins; with a stride of one ROI they tile without overlap.
    """
    image = np.full(shape, np.nan, dtype=rois.dtype)
    for field, (row, column) in zip(rois, origins + geometry.margin, strict=True):
        image[row : row + geometry.roi, column : column + geometry.roi] = field
    return image
