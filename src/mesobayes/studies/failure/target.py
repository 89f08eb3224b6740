# SPDX-License-Identifier: GPL-3.0-or-later
"""Targets of the heteroencoder: transformed damage and its symmetries (Bridgman et al. 2022, section 3).

Arrays are (specimen, x, y, z); damage is φ/φ_max and 0 in voids, `solid` is True outside the voids.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mesobayes.studies.failure.settings import TRANSFORMS, Transform, TransformSettings

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]
Volumes = TypeVar("Volumes", bound=Any)


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
    """Training target in [0, 1]: the transformed damage of each specimen, normalised.

    Args:
        damage: φ/φ_max (n, x, y, z).
        solid: True outside voids.
        name: "id" none, "sigma" softmax, "g" Gaussian filter, "t" softmax after Gaussian filter.
        settings: width of the filter and contrast of the softmax.

    Raises:
        ValueError: the name is unknown.
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


PRINTED_SYMMETRIES = (0, 1, 2, 3, 4, 8)  # identity, quarter turns, reflection in x, reflection in z
N_SYMMETRIES = 16


def apply_symmetry(volumes: Volumes, number: int) -> Volumes:
    """One of the sixteen symmetries of the bar on volumes (n, x, y, z), arrays of NumPy or JAX.

    Two bits of the number are quarter turns about z, then one each a reflection in x and in z.
    """
    turns = number % 4
    if turns == 2:
        volumes = volumes[:, ::-1, ::-1]
    elif turns:
        volumes = volumes.swapaxes(1, 2)
        volumes = volumes[:, ::-1] if turns == 1 else volumes[:, :, ::-1]
    if number & 4:
        volumes = volumes[:, ::-1]
    return volumes[..., ::-1] if number & 8 else volumes
