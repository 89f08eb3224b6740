# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches in memory: what a fit and a score need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry
from mesobayes.nets.channels import CHANNELS, SOLID_CHANNEL


@dataclass(frozen=True)
class PatchData:
    """Patches of one split.

    Attributes:
        inputs: (n, h, w, channel) float32: macroscopic sxx, syy, sxy in units of the patch scale, solid,
            coverage; for the network `local` those of the region of interest, with more channels.
        target: (n, roi, roi) float32: Tresca stress in units of the patch scale; ignored outside the mask.
        mask: (n, roi, roi) bool: the solid pixels of the region of interest.
    """

    inputs: np.ndarray
    target: np.ndarray
    mask: np.ndarray

    def __post_init__(self) -> None:
        n = self.inputs.shape[0]
        if self.inputs.ndim != 4 or self.inputs.shape[-1] < CHANNELS:
            raise ValueError(
                f"patch inputs have shape {self.inputs.shape}; they must be (patch, y, x, channel) "
                f"with {CHANNELS} channels or more"
            )
        if self.target.ndim != 3 or self.target.shape[0] != n or self.mask.shape != self.target.shape:
            raise ValueError(
                f"patch targets {self.target.shape} and masks {self.mask.shape} do not belong to {n} inputs: "
                "both must be (patch, roi, roi)"
            )

    def __len__(self) -> int:
        return self.inputs.shape[0]

    def take(self, indices: np.ndarray | slice) -> PatchData:
        """Return the patches at the indices, in that order."""
        return PatchData(self.inputs[indices], self.target[indices], self.mask[indices])


def blocks(count: int, size: int = 1024, least: int = 64) -> list[NDArray]:
    """Numbers 0 to `count` - 1 in blocks: what is computed patch by patch takes so many into memory.

    The last block has `least` numbers or more, so that no batch of a prediction is smaller than in one go.
    """
    return np.split(np.arange(count), np.arange(size, count - least + 1, size))


def patch_data(patches: xr.Dataset, numbers: NDArray) -> PatchData:
    """Inputs, ROI targets and ROI masks of the patches with the given numbers."""
    selected = patches.isel(patch=np.asarray(numbers))
    roi = PatchGeometry(patches.attrs["pixels_per_radius"]).roi_slice()
    inputs = selected["input"].values
    mask = inputs[:, roi, roi, SOLID_CHANNEL].astype(bool)
    return PatchData(inputs, selected["target"].isel(y=roi, x=roi).values, mask)


def masked_maximum(field: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Largest value of field (..., n, r, r) over the pixels of mask (n, r, r); 0 without solid pixels."""
    return np.where(mask, field, 0.0).max(axis=(-2, -1))
