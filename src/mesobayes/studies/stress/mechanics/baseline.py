# SPDX-License-Identifier: GPL-3.0-or-later
"""What selective learning is measured against: macroscopic Tresca stress times one factor, no learning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry
from mesobayes.metrics.baseline import macro_maximum, tuned_baseline
from mesobayes.metrics.scores import accuracy_at
from mesobayes.studies.stress.models.patch_data import blocks
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
    train = np.flatnonzero(patches["split"].values == TRAIN)
    macro_max, true_max = _maxima(patches, train)
    baseline = tuned_baseline(macro_max, true_max, threshold)
    macro_max, true_max = _maxima(patches, validation)
    accuracy = accuracy_at(baseline.predict(macro_max), true_max, threshold)
    squared = [
        np.where(some.mask, (baseline.factor * some.macro - some.true) ** 2, 0.0).sum(axis=(1, 2))
        / some.mask.sum(axis=(1, 2))
        for some in _fields(patches, validation)
    ]
    return BaselineScores(baseline.factor, accuracy, float(np.mean(np.concatenate(squared))))


def _maxima(patches: xr.Dataset, numbers: NDArray) -> NDArray:
    """Largest macroscopic and true Tresca stress (2, patch) over the solid pixels of the ROI."""
    return np.concatenate([(some.macro_max, some.true_max) for some in _fields(patches, numbers)], axis=1)


@dataclass(frozen=True)
class _Fields:
    """Macroscopic and true Tresca stress on the ROI (patch, y, x), its solid mask, its maxima (patch,)."""

    macro: NDArray
    true: NDArray
    mask: NDArray
    macro_max: NDArray
    true_max: NDArray


def _fields(patches: xr.Dataset, numbers: NDArray) -> Iterator[_Fields]:
    """Yield the fields of the patches of the given numbers, block by block."""
    roi = PatchGeometry(patches.attrs["pixels_per_radius"]).roi_slice()
    for some in blocks(len(numbers)):
        inside = patches.isel(patch=numbers[some], y=roi, x=roi)
        inputs, true = inside["input"].values, inside["target"].values
        stress, mask = inputs[..., :3], inputs[..., 3].astype(bool)
        macro = np.hypot(0.5 * (stress[..., 0] - stress[..., 1]), stress[..., 2])
        true_max = np.where(mask, true, 0.0).max(axis=(1, 2))
        yield _Fields(macro, true, mask, macro_maximum(inputs, mask), true_max)
