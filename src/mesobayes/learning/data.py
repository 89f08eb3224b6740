# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches in memory: what a fit and a score need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mesobayes.nets.channels import CHANNELS, SOLID_CHANNEL


@dataclass(frozen=True)
class PatchData:
    """Patches of one split.

    inputs: (n, h, w, 5) float32: macroscopic sxx, syy, sxy in units of the patch scale, solid, coverage.
    target: (n, roi, roi) float32: Tresca stress in units of the patch scale; values outside the mask are
    ignored. mask: (n, roi, roi) bool: the solid pixels of the region of interest.
    """

    inputs: np.ndarray
    target: np.ndarray
    mask: np.ndarray

    def __post_init__(self) -> None:
        n = self.inputs.shape[0]
        if self.inputs.ndim != 4 or self.inputs.shape[-1] != CHANNELS:
            raise ValueError(
                f"patch inputs have shape {self.inputs.shape}; they must be (patch, y, x, {CHANNELS})"
            )
        if self.target.ndim != 3 or self.target.shape[0] != n or self.mask.shape != self.target.shape:
            raise ValueError(
                f"patch targets {self.target.shape} and masks {self.mask.shape} do not belong to {n} inputs: "
                "both must be (patch, roi, roi)"
            )

    def __len__(self) -> int:
        return self.inputs.shape[0]

    @property
    def roi(self) -> int:
        """Edge of the region of interest in pixels."""
        return self.target.shape[-1]

    def take(self, indices: np.ndarray) -> PatchData:
        """The patches at the indices, in that order."""
        return PatchData(self.inputs[indices], self.target[indices], self.mask[indices])


def central_mask(inputs: np.ndarray, roi: int) -> np.ndarray:
    """Solid pixels (n, roi, roi) of the region of interest, from the solid channel of inputs (n, h, w, 5)."""
    top, left = (inputs.shape[1] - roi) // 2, (inputs.shape[2] - roi) // 2
    return inputs[:, top : top + roi, left : left + roi, SOLID_CHANNEL] > 0.5


def masked_maximum(field: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Largest value of field (..., n, r, r) over the pixels of mask (n, r, r); 0 without solid pixels."""
    return np.where(mask, field, 0.0).max(axis=(-2, -1))


def batch_indices(n_examples: int, batch: int, step: int, seed: int) -> np.ndarray:
    """Indices (batch,) of the examples of one step, a function of seed and step alone.

    The stream of examples is one random permutation after another, cut into batches without regard to where
    an epoch ends: every example is seen equally often and every batch has the same size, also when there are
    fewer examples than the batch holds.
    """
    positions = np.arange(step * batch, (step + 1) * batch)
    epochs = positions // n_examples
    orders = {
        epoch: np.random.default_rng([seed, int(epoch)]).permutation(n_examples) for epoch in set(epochs)
    }
    return np.array(
        [orders[epoch][position % n_examples] for epoch, position in zip(epochs, positions, strict=True)]
    )
