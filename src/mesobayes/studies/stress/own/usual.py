# SPDX-License-Identifier: GPL-3.0-or-later
"""What the training patches of a family look like, and why a user's plate is unlike them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation

from mesobayes.geometry.distance import gap
from mesobayes.geometry.pores import Pores
from mesobayes.images.holes import void_image
from mesobayes.images.patches import PatchGeometry, cut_windows
from mesobayes.images.tensor import tresca
from mesobayes.learning.outliers import OutlierDetector, fit_outlier_detector
from mesobayes.nets.channels import (
    FEATURE_CHANNELS,
    PRIOR_CHANNELS,
    SINE_CHANNEL,
    SOLID_CHANNEL,
    STRESS_CHANNELS,
)
from mesobayes.nets.settings import Mechanics
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.models.local_data import images_of, local_data, local_variables
from mesobayes.studies.stress.models.local_windows import window_channels
from mesobayes.studies.stress.models.patch_data import blocks
from mesobayes.studies.stress.own.reading import OwnPlate, pore_shapes
from mesobayes.studies.stress.patches import TRAIN, VALIDATION
from mesobayes.studies.stress.stores import CHANNELS, PATCHES, USUAL

MECHANICS: Mechanics = "pores"
_ROUND = 1.1  # aspect ratio up to which a pore counts as a circle, whatever its pixels
_SIZE = 0.1  # relative difference from R up to which a pore counts as one of the training pores
_MISFIT = 0.1  # share of the void area that no ellipse explains


def describe_training(
    patches: Path, channels: Path, store: Path, quantile: float, ridge: float, run: Run
) -> None:
    """Write what tells usual regions of a family from others; see `OwnImageSettings` for the two numbers."""
    data = open_store(patches, PATCHES, variables=("input", "split"), later=("input",))
    names = local_variables(MECHANICS)
    seen = open_store(channels, CHANNELS, variables=names, later=images_of(names))
    features = np.concatenate(
        [
            roi_features(local_data(seen, numbers, MECHANICS).patches().inputs)
            for numbers in blocks(seen.sizes["patch"])
        ]
    )
    split = seen["split"].values
    held_out = features[split == VALIDATION]
    detector = fit_outlier_detector(features[split == TRAIN], held_out, quantile, ridge)
    training = np.flatnonzero(data["split"].values == TRAIN)
    fraction = np.concatenate(
        [_void_fractions(data["input"].isel(patch=training[some]).values) for some in blocks(len(training))]
    )
    usual = xr.Dataset(
        {
            "feature_mean": ("feature", detector.mean),
            "feature_whitening": (("feature", "direction"), detector.whitening),
            "threshold": ((), detector.threshold),
            "void_fraction": ("end", [fraction.min(), fraction.max()]),
        },
        {"end": ["low", "high"]},
        {
            "family": data.attrs["family"],
            "patches": int((split == TRAIN).sum()),
            "pixels_per_radius": data.attrs["pixels_per_radius"],
        },
    )
    print(f"patches of {usual.attrs['family']} have at most {fraction.max():.1%} void", flush=True)
    write_store(usual, store, USUAL, run)


def roi_features(inputs: NDArray) -> NDArray:
    """Mean and maximum (n, 22) over the solid pixels of what the network `local` sees (n, roi, roi, 16).

    Nine numbers on the nearest edges, the sine without its sign, and the Tresca stress of the macroscopic
    field alone and with what the pores add.
    """
    solid = inputs[..., SOLID_CHANNEL] > 0.5
    edges = inputs[..., FEATURE_CHANNELS].astype(float)
    sine = SINE_CHANNEL - FEATURE_CHANNELS.start
    edges[..., sine] = np.abs(edges[..., sine])
    macro = inputs[..., STRESS_CHANNELS]
    stresses = [tresca(field, axis=-1) for field in (macro, macro + inputs[..., PRIOR_CHANNELS])]
    values = np.concatenate([edges, np.stack(stresses, axis=-1)], axis=-1)
    inside = np.where(solid[..., None], values, 0.0)
    count = np.maximum(solid.sum(axis=(1, 2)), 1)[:, None]
    return np.concatenate([inside.sum(axis=(1, 2)) / count, inside.max(axis=(1, 2))], axis=1)


def _void_fractions(inputs: NDArray) -> NDArray:
    """Share (n,) of pores in patches (n, y, x, channel)."""
    large = np.all(inputs[..., STRESS_CHANNELS] == 0, axis=-1)
    return void_fraction(inputs[..., SOLID_CHANNEL] > 0.5, large)


def void_fraction(solid: NDArray, large: NDArray) -> NDArray:
    """Share (n,) of the pixels outside large holes that lie in pores, of patches (n, y, x)."""
    pores = (~solid & ~large).sum(axis=(1, 2))
    return pores / np.maximum((~large).sum(axis=(1, 2)), 1)


def unlike_training(
    plate: OwnPlate, origins: NDArray, usual: xr.Dataset, share: float
) -> tuple[dict[str, float], list[str], NDArray]:
    """Return numbers that compare a plate with the training set, what is unusual, and distances (window,)."""
    geometry = PatchGeometry(plate.pixels_per_radius)
    detector = OutlierDetector(
        usual["feature_mean"].values, usual["feature_whitening"].values, float(usual["threshold"])
    )
    seen = window_channels(
        plate.around, plate.solid, plate.coverage, origins, PatchGeometry(plate.pixels_per_radius), MECHANICS
    )
    distance = np.where(
        seen.solid.any(axis=(1, 2)), detector.distance(roi_features(seen.patches().inputs)), np.nan
    )
    far = float(np.nanmean(distance > detector.threshold))
    solid = cut_windows(plate.solid, origins, geometry.patch)
    fraction = void_fraction(solid, cut_windows(plate.around.large, origins, geometry.patch))
    most = float(usual["void_fraction"].sel(end="high"))
    pores = whole_pores(plate)
    count = max(len(pores), 1)
    longish = int(np.sum(pores.a > _ROUND * pores.b))
    size = np.sqrt(pores.a * pores.b) / plate.pixels_per_radius
    other = int(np.sum(np.abs(size - 1.0) > _SIZE))
    misfit, merged = unexplained_void(plate), touching_pores(plate)
    reasons = []
    if far > share:
        reasons.append(f"{far:.0%} of the regions look unlike those of the training set")
    if fraction.max() > most:
        reasons.append(f"patches with up to {fraction.max():.1%} void, in the training set {most:.1%}")
    if longish > share * count:
        reasons.append(f"{longish} of {len(pores)} pores are no circles: their axes differ by more than 10 %")
    if other > share * count:
        reasons.append(f"{other} of {len(pores)} pores differ in size from R by more than 10 %")
    if merged:
        reasons.append(f"pairs of pores that touch or overlap: {merged}")
    if misfit > _MISFIT:
        reasons.append(f"{misfit:.0%} of the void area belongs to no ellipse")
    numbers = {
        "regions_unlike": far,
        "feature_distance": float(np.nanmax(distance)),
        "feature_distance_usual": detector.threshold,
        "void_fraction_largest": float(fraction.max()),
        "void_fraction_usual": most,
        "pores_not_round": longish / count,
        "pores_of_other_size": other / count,
        "pairs_touching": merged,
        "void_of_no_ellipse": misfit,
    }
    return numbers, reasons, distance


def whole_pores(plate: OwnPlate) -> Pores:
    """Pores that the border of the image does not cut."""
    pores, (rows, columns) = plate.around.pores, plate.solid.shape
    x, y = pores.centre.real, pores.centre.imag
    inside = (x > pores.a) & (x < columns - 1 - pores.a) & (y > pores.a) & (y < rows - 1 - pores.a)
    return pores.take(inside)


def touching_pores(plate: OwnPlate) -> int:
    """Pairs of pores, as they were read, without material between them."""
    pores = plate.around.pores
    apart = np.abs(pores.centre[:, None] - pores.centre[None, :])
    first, second = np.nonzero(np.triu(apart < pores.a[:, None] + pores.a[None, :], 1))
    shapes = pore_shapes(pores, plate.pixels_per_radius)
    return sum(gap(shapes[i], shapes[j]) <= 0.0 for i, j in zip(first, second, strict=True))


def unexplained_void(plate: OwnPlate) -> float:
    """Area where pores of the image and the ellipses fitted to them differ, over that of the pores.

    The last 2 R before the border, whose pores are cut, and the pixels beside large holes do not count.
    """
    counted = ~binary_dilation(plate.around.large, np.ones((3, 3), bool))
    border = 2 * plate.pixels_per_radius
    void = (1.0 - plate.coverage) * counted
    made = void_image(plate.around.pores, plate.solid.shape) * counted
    inner = slice(border, -border), slice(border, -border)
    return float(np.abs(void - made)[inner].sum() / max(void[inner].sum(), 1e-9))
