# SPDX-License-Identifier: GPL-3.0-or-later
"""What selective learning is measured against: macroscopic Tresca stress times one factor, no learning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry
from mesobayes.metrics.baseline import macro_maximum, tuned_baseline
from mesobayes.metrics.scores import accuracy_at
from mesobayes.studies.stress.patches import TRAIN


@dataclass(frozen=True)
class BaselineScores:
    """Factor, and the scores of the factor times the macroscopic Tresca stress on the validation patches.

    accuracy: share of ROI maxima within the threshold; mse: squared error (patch scale squared) averaged
    over the solid pixels of each ROI, then over the patches, as for the networks.
    """

    factor: float
    accuracy: float
    mse: float


def score_baseline(patches: xr.Dataset, validation: NDArray, threshold: float) -> BaselineScores:
    """Tune the factor for the score on all training patches and score it on the given validation patches."""
    train = _fields(patches.isel(patch=np.flatnonzero(patches["split"].values == TRAIN)))
    baseline = tuned_baseline(train.macro_max, train.true_max, threshold)
    held_out = _fields(patches.isel(patch=validation))
    accuracy = accuracy_at(baseline.predict(held_out.macro_max), held_out.true_max, threshold)
    squared = np.where(held_out.mask, (baseline.factor * held_out.macro - held_out.true) ** 2, 0.0)
    mse = float(np.mean(squared.sum(axis=(1, 2)) / held_out.mask.sum(axis=(1, 2))))
    return BaselineScores(baseline.factor, accuracy, mse)


@dataclass(frozen=True)
class _Fields:
    """Macroscopic and true Tresca stress on the ROI (patch, y, x), its solid mask, its maxima (patch,)."""

    macro: NDArray
    true: NDArray
    mask: NDArray
    macro_max: NDArray
    true_max: NDArray


def _fields(patches: xr.Dataset) -> _Fields:
    roi = PatchGeometry(patches.attrs["pixels_per_radius"]).roi_slice()
    inside = patches.isel(y=roi, x=roi)
    inputs, true = inside["input"].values, inside["target"].values
    stress, mask = inputs[..., :3], inputs[..., 3].astype(bool)
    macro = np.hypot(0.5 * (stress[..., 0] - stress[..., 1]), stress[..., 2])
    true_max = np.where(mask, true, 0.0).max(axis=(1, 2))
    return _Fields(macro, true, mask, macro_maximum(inputs, mask), true_max)
