# SPDX-License-Identifier: GPL-3.0-or-later
"""Windows of a whole image as the network `local` sees them, under the one load that the image is under."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesobayes.analytic.alternating import Surroundings
from mesobayes.images.patches import PatchGeometry, cut_windows
from mesobayes.nets.settings import Mechanics
from mesobayes.studies.stress.mechanics.channels import FEATURES, pixel_channels
from mesobayes.studies.stress.models.local_data import LocalData


def window_channels(
    around: Surroundings,
    solid: NDArray,
    coverage: NDArray,
    origins: NDArray,
    geometry: PatchGeometry,
    mechanics: Mechanics,
) -> LocalData:
    """Regions of interest of windows; they know no label.

    Args:
        around: of the image, macroscopic stress (1, component, y, x).
        solid, coverage: (y, x) material at the pixel centre, area fraction of material.
        origins: (window, 2) row and column of the lower left corners.
        geometry: of the windows.
        mechanics: prior that the network sees.
    """
    image = (len(origins), geometry.roi, geometry.roi)
    material = cut_windows(solid, origins, geometry.roi, geometry.margin)
    features = np.zeros((*image, len(FEATURES)), np.float32)
    macro = np.zeros((*image, 1, 3), np.float32)
    prior = macro.copy() if mechanics != "none" else macro[..., :0]
    priors = () if mechanics == "none" else (mechanics,)
    for number, (row, column) in enumerate(origins.tolist()):
        y, x = np.nonzero(material[number])
        window = around.window(row, column, geometry.patch, geometry.patch)
        share = coverage[row : row + geometry.patch, column : column + geometry.patch]
        found = pixel_channels(window, share, y + geometry.margin, x + geometry.margin, priors)
        features[number, y, x] = found.features
        macro[number, y, x] = found.macro_stress
        if priors:
            prior[number, y, x] = found.priors[mechanics]
    deviator = np.zeros((*image, 1, 2), np.float32)
    strain = np.ones((len(origins), 1), np.float32)  # the load is the one in the channels
    scales = window_scales(around, origins, geometry)
    return LocalData(features, macro, prior, deviator, material, strain, scales)


def window_scales(around: Surroundings, origins: NDArray, geometry: PatchGeometry) -> NDArray:
    """Scale (window,) of each window: its largest macroscopic stress component, 1 where there is none."""
    stress = cut_windows(around.macro_stress[0], origins, geometry.patch)
    largest = np.abs(stress).max(axis=(1, 2, 3))
    return np.where(largest > 0, largest, 1.0)
