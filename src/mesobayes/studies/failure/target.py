# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets of the heteroencoder: transformed damage, voxel weights and symmetries (Bridgman et al. 2022,
section 3).

Arrays are (specimen, x, y, z); damage is φ/φ_max and 0 in voids, `solid` is True outside the voids.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]
Transform = Literal["id", "sigma", "g", "t"]
Weighting = Literal["uniform", "logistic", "IH", "IHpr"]
TRANSFORMS: tuple[Transform, ...] = ("id", "sigma", "g", "t")
WEIGHTINGS: tuple[Weighting, ...] = ("uniform", "IH", "IHpr")
TRANSFORM_NAMES = {
    "id": "none",
    "sigma": "softmax",
    "g": "Gaussian filter",
    "t": "softmax ∘ Gaussian filter",
}


@dataclass(frozen=True)
class TransformSettings:
    """width: k0 of the Gaussian filter in voxels (equation 6); contrast: c0 of the softmax (equation 7).

    The paper gives k0 = 1.5 mm for a bar 1 mm wide: voxels are meant.
    """

    width: float = 1.5
    contrast: float = 5.0


def gaussian_filter(damage: FloatArray, solid: BoolArray, width: float) -> FloatArray:
    """Mean over the solid under a Gaussian of the given width; 0 in voids (equation 6).

    Division by the filtered solid mask keeps voids and faces from lowering the damage beside them.
    """
    sigma = (0.0, width, width, width)
    share = ndimage.gaussian_filter(solid.astype(np.float32), sigma, mode="constant")
    mean = ndimage.gaussian_filter(np.where(solid, damage, 0.0).astype(np.float32), sigma, mode="constant")
    return np.where(solid, mean / np.maximum(share, 1e-6), 0.0)


def softmax(damage: FloatArray, solid: BoolArray, contrast: float) -> FloatArray:
    """exp(c φ) over its sum over the solid of each specimen; 0 in voids (equation 7)."""
    raised = np.where(solid, np.exp(contrast * damage), 0.0)
    return raised / raised.sum(axis=(1, 2, 3), keepdims=True)


def normalise(damage: FloatArray, solid: BoolArray) -> FloatArray:
    """Solid values of each specimen stretched to [0, 1]; 0 in voids (equation 8)."""
    axes = (1, 2, 3)
    low = np.where(solid, damage, np.inf).min(axis=axes, keepdims=True)
    high = np.where(solid, damage, -np.inf).max(axis=axes, keepdims=True)
    return np.where(solid, (damage - low) / np.maximum(high - low, 1e-12), 0.0).astype(np.float32)


def transform_damage(
    damage: FloatArray, solid: BoolArray, name: Transform, settings: TransformSettings | None = None
) -> FloatArray:
    """Training target in [0, 1]: none, softmax, Gaussian filter, or softmax after Gaussian filter;
    normalised.

    Raises ValueError for an unknown name.
    """
    if name not in TRANSFORMS:
        raise ValueError(f"transform {name!r} is unknown: choose one of {', '.join(TRANSFORMS)}")
    chosen = settings or TransformSettings()
    field = damage
    if name in ("g", "t"):
        field = gaussian_filter(field, solid, chosen.width)
    if name in ("sigma", "t"):
        field = softmax(field, solid, chosen.contrast)
    return normalise(field, solid)


@dataclass(frozen=True)
class WeightTable:
    """Weight of a voxel by its true value: row 0 for all specimens or one row each, columns equal bins of
    [0, 1].

    The mean weight over all solid voxels of the training set is 1, so that a likelihood keeps its meaning.
    """

    table: FloatArray

    def weights(self, target: FloatArray, rows: NDArray[np.integer]) -> FloatArray:
        """Weights (n, x, y, z) of targets of the specimens `rows`."""
        bins = self.table.shape[1]
        index = np.clip((target * bins).astype(np.int64), 0, bins - 1)
        row = rows if len(self.table) > 1 else np.zeros_like(rows)
        return self.table[row[:, None, None, None], index]


def weight_table(
    name: Weighting,
    target: FloatArray,
    solid: BoolArray,
    bins: int = 50,
    floor: float = 0.002,
    centre: float = 0.5,
    slope: float = 0.08,
    background: float = 0.1,
) -> WeightTable:
    """Weights of the squared error (equation 11).

    "uniform" 1; "logistic" background + (1 - background) / (1 + exp(-(φ - centre)/slope)); "IH" the inverse
    of the histogram of all training values; "IHpr" that of each specimen. `floor` is added to the
    frequencies, so that an empty or nearly empty bin does not rule the loss. Choices, all but the names.

    Raises ValueError for an unknown name.
    """
    counts = value_counts(target, solid, bins).astype(float)  # (n, bins)
    if name == "uniform":
        table = np.ones((1, bins))
    elif name == "logistic":
        middle = (np.arange(bins) + 0.5) / bins
        table = (background + (1 - background) / (1 + np.exp(-(middle - centre) / slope)))[None]
    elif name in ("IH", "IHpr"):
        rows = counts.sum(axis=0, keepdims=True) if name == "IH" else counts
        table = 1.0 / (rows / rows.sum(axis=1, keepdims=True) + floor)
    else:
        raise ValueError(f"weighting {name!r} is unknown: choose uniform, logistic, IH or IHpr")
    per_row = counts if len(table) > 1 else counts.sum(axis=0, keepdims=True)
    mean = (table * per_row).sum() / per_row.sum()
    return WeightTable((table / mean).astype(np.float32))


def value_counts(target: FloatArray, solid: BoolArray, bins: int) -> NDArray[np.int64]:
    """Number of solid voxels (n, bins) of each specimen by value in [0, 1]."""
    index = np.clip((target * bins).astype(np.int64), 0, bins - 1)
    shifted = index + bins * np.arange(len(target))[:, None, None, None]
    return np.bincount(shifted[solid], minlength=bins * len(target)).reshape(len(target), bins)


PRINTED_SYMMETRIES = (0, 1, 2, 3, 4, 8)  # identity, quarter turns, reflection in x, reflection in z
N_SYMMETRIES = 16


def apply_symmetry(volumes: NDArray, number: int) -> NDArray:
    """One of the sixteen symmetries of the bar on (n, x, y, z): turns about z, reflections in x and in z."""
    turned = np.rot90(volumes, number % 4, axes=(1, 2))
    if number & 4:
        turned = turned[:, ::-1]
    if number & 8:
        turned = turned[..., ::-1]
    return turned
