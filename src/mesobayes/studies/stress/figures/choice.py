# SPDX-License-Identifier: GPL-3.0-or-later
"""Which structure, which windows and which patch the figures show: chosen by rules, not by hand."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.geometry import Plate
from mesobayes.images.patches import PatchGeometry, cut_windows
from mesobayes.images.raster import pixel_centres, solid_image
from mesobayes.images.tensor import principal_sum

FIRST = 0  # the structure on the figures that show a single one


def first_good(structures: xr.Dataset) -> xr.Dataset:
    """The first structure of a store that could be solved."""
    return structures.isel(structure=int(np.flatnonzero(structures["status"].values == 0)[0]))


def solid_pixels(plate: Plate, geometry: PatchGeometry) -> NDArray[np.bool_]:
    """Pixels (y, x) of a plate with all its holes."""
    centres = pixel_centres(plate.side, geometry.pixels_per_radius)
    return solid_image(plate.holes(), centres, centres)


def inner(origins: NDArray) -> NDArray[np.bool_]:
    """True for the windows (window, 2) that do not touch the edge of the image."""
    return np.asarray(
        (origins > origins.min(axis=0)).all(axis=1) & (origins < origins.max(axis=0)).all(axis=1)
    )


def interest(plate: Plate, origins: NDArray, geometry: PatchGeometry) -> NDArray[np.float64]:
    """Share of pores in the region of interest of each window, 0 where the patch meets no large hole."""
    macro = solid_pixels(Plate(plate.side, plate.ellipses), geometry)
    pores = macro & ~solid_pixels(plate, geometry)
    in_roi = cut_windows(pores, origins, geometry.roi, geometry.margin).mean(axis=(1, 2))
    holed = 1.0 - cut_windows(macro, origins, geometry.patch).mean(axis=(1, 2))
    return np.where((holed > 0.05) & (holed < 0.5), in_roi, 0.0)


def one_in_each_quarter(plate: Plate, origins: NDArray, geometry: PatchGeometry) -> NDArray:
    """Origins (4, 2) of the most interesting window of each quarter, from the upper left one rightwards."""
    scores = interest(plate, origins, geometry)
    middle = plate.side * geometry.pixels_per_radius / 2
    chosen = []
    for upper in (True, False):
        for right in (False, True):
            inside = [
                origin >= middle if far else origin + geometry.patch <= middle
                for origin, far in zip(origins.T, (upper, right), strict=True)
            ]
            chosen.append(origins[int(np.argmax(np.where(inside[0] & inside[1], scores, -1.0)))])
    return np.array(chosen)


def telling_patch(patches: xr.Dataset, geometry: PatchGeometry) -> int:
    """The patch under the largest stress among those with a few pores in the ROI and a large hole in view.

    Large holes are void in the macroscopic problem too, so that its stress vanishes there. Where no patch has
    both, it is the one with most void of pores.
    """
    roi = geometry.roi_slice()
    inputs = patches["input"].values
    void = inputs[..., 3] == 0
    macro = void & ~inputs[..., :3].any(axis=-1)
    pores = (void & ~macro)[:, roi, roi].mean(axis=(1, 2))
    stress = principal_sum(inputs[:, roi, roi, :3], axis=-1).mean(axis=(1, 2))
    holed = macro.mean(axis=(1, 2))
    few = (pores > 0.06) & (pores < 0.16) & (holed > 0.05) & (holed < 0.4)
    return int(np.argmax(np.where(few, stress, -1.0) if few.any() else pores))
