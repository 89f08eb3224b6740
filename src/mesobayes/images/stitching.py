# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole image from the ROIs of its patches (Krokos et al. 2022, fig. 16)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry


def stitch_rois(rois: NDArray, origins: NDArray, shape: tuple[int, int], geometry: PatchGeometry) -> NDArray:
    """Image of `shape` from ROI fields (patch, roi, roi) of patches at `origins`; NaN where no ROI lies.

    Where ROIs overlap the later patch wins; with a stride of one ROI they tile without overlap.
    """
    image = np.full(shape, np.nan, dtype=rois.dtype)
    for field, (row, column) in zip(rois, origins + geometry.margin, strict=True):
        image[row : row + geometry.roi, column : column + geometry.roi] = field
    return image
