# SPDX-License-Identifier: GPL-3.0-or-later
"""What a patch shows, read from its images: interacting pores, pores near large holes, varying stress.

Large holes are where there is no macroscopic stress, pores are the other voids. Two features count as
interacting where a pixel lies within one pore radius of both: well inside the interaction length of 3 R that
the paper finds (Krokos et al. 2022, section 4.1.1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from mesobayes.images.patches import PatchGeometry
from mesobayes.nets.channels import SOLID_CHANNEL, STRESS_CHANNELS

Flags = NDArray[np.bool_]


def patch_traits(inputs: NDArray, geometry: PatchGeometry) -> dict[str, NDArray]:
    """Traits of patches (patch, y, x, channel), each of shape (patch,).

    Returns:
        pore: the region of interest holds pore pixels, as many as half a round pore has at least.
        pores_interact: it holds material within one radius of two pores.
        hole_interacts: it holds material within one radius of a pore and of a large hole.
        variation: of the macroscopic stress over the patch, see `stress_variation`.
    """
    solid = inputs[..., SOLID_CHANNEL] > 0.5
    plate = np.any(inputs[..., STRESS_CHANNELS] != 0, axis=-1)
    labels = pore_labels(plate & ~solid, geometry.pixels_per_radius)
    near = disk(geometry.pixels_per_radius)[None]
    beyond = labels.max(initial=0) + 1  # larger than every label, so that the smallest is that of a pore
    largest = ndimage.maximum_filter(labels, footprint=near, mode="constant", cval=0)
    smallest = ndimage.minimum_filter(
        np.where(labels > 0, labels, beyond), footprint=near, mode="constant", cval=beyond
    )
    hole = ndimage.maximum_filter(~plate, footprint=near, mode="constant", cval=False)
    roi = geometry.roi_slice()

    def in_roi(pixels: Flags) -> Flags:
        return np.asarray(pixels[:, roi, roi].any(axis=(1, 2)))

    return {
        "pore": (labels[:, roi, roi] > 0).sum(axis=(1, 2)) >= 0.5 * np.pi * geometry.pixels_per_radius**2,
        "pores_interact": in_roi(solid & (largest > 0) & (largest != smallest)),
        "hole_interacts": in_roi(solid & (largest > 0) & hole),
        "variation": stress_variation(inputs[..., STRESS_CHANNELS], plate),
    }


def extreme_patches(pore: Flags, variation: NDArray, least: int = 1) -> dict[str, Flags]:
    """Whether each patch is of the tenth with the most (`varying`) or the least (`constant`) varying stress.

    Only patches with a pore count. The tenth has `least` members at least, as far as there are so many.
    """
    ranked = np.flatnonzero(pore)[np.argsort(variation[pore], kind="stable")]
    few = max(least, round(0.1 * len(ranked)))
    members = {"varying": ranked[::-1][:few], "constant": ranked[:few]}
    return {kind: np.isin(np.arange(len(pore)), member) for kind, member in members.items()}


def pore_labels(pores: Flags, pixels_per_radius: int) -> NDArray[np.int32]:
    """Number of the pore that each pixel (patch, y, x) belongs to, 0 outside; specks are no pores.

    A speck, smaller than a quarter of a round pore, is left where the edges of a large hole in its two images
    differ by a pixel.
    """
    within = np.zeros((3, 3, 3), bool)
    within[1] = ndimage.generate_binary_structure(2, 1)  # neighbours in the same patch only
    labels, _ = ndimage.label(pores, within)
    small = np.bincount(labels.ravel()) < 0.25 * np.pi * pixels_per_radius**2
    return np.where(small[labels], 0, labels).astype(np.int32)


def disk(radius: int) -> Flags:
    """Pixels (2 radius + 1 squared) whose centres lie within `radius` of the central one."""
    steps = np.arange(-radius, radius + 1)
    return np.asarray(np.hypot(*np.meshgrid(steps, steps)) <= radius)


def stress_variation(stress: NDArray, plate: Flags) -> NDArray[np.float32]:
    """√(mean |σ - σ̄|² / mean |σ|²) over the pixels of `plate` (patch, y, x): 0 constant, 1 without a mean.

    stress (patch, y, x, 3) holds xx, yy, xy; |σ| is the Frobenius norm, σ̄ the mean over the patch.
    """
    weight = np.array([1.0, 1.0, 2.0])
    count = np.maximum(plate.sum(axis=(1, 2)), 1)
    mean = (stress * plate[..., None]).sum(axis=(1, 2)) / count[:, None]
    square = (stress.astype(float) ** 2 @ weight * plate).sum(axis=(1, 2)) / count
    left = square - mean.astype(float) ** 2 @ weight
    share = np.divide(left, square, out=np.zeros_like(square), where=square > 0)
    return np.sqrt(np.maximum(share, 0.0)).astype(np.float32)
