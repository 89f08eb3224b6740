# SPDX-License-Identifier: GPL-3.0-or-later
"""The score that needs no learning: macroscopic Tresca stress times one factor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class TrescaBaseline:
    """Predicts the ROI maximum as factor × largest macroscopic Tresca stress over the solid pixels."""

    factor: float

    def predict(self, macro_max: np.ndarray) -> np.ndarray:
        """Predicted ROI maxima (n,) from the macroscopic ones."""
        return self.factor * macro_max


def macro_maximum(inputs: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Largest macroscopic Tresca stress (n,) over mask (n, r, r), from inputs (n, h, w, 5)."""
    roi = mask.shape[-1]
    top, left = (inputs.shape[1] - roi) // 2, (inputs.shape[2] - roi) // 2
    stress = inputs[:, top : top + roi, left : left + roi, :3]
    tresca = np.hypot(0.5 * (stress[..., 0] - stress[..., 1]), stress[..., 2])
    return np.where(mask, tresca, 0.0).max(axis=(1, 2))


def tuned_baseline(macro_max: np.ndarray, true_max: np.ndarray, threshold: float = 0.10) -> TrescaBaseline:
    """Baseline with the factor that maximises the accuracy at the threshold on the training set, exactly.

    Patch i counts when the factor lies strictly between (1 - t) and (1 + t) times true / macro, so the best
    factor is a point that most of these intervals share: sweep over their ends, take the middle of the best
    stretch.
    """
    ratio = np.asarray(true_max, np.float64) / np.maximum(np.asarray(macro_max, np.float64), 1e-30)
    ratio = ratio[np.isfinite(ratio) & (ratio > 0)]
    if ratio.size == 0:
        raise ValueError("the baseline cannot be tuned: no training patch has a stress to compare with")
    ends = np.concatenate([(1 - threshold) * ratio, (1 + threshold) * ratio])
    change = np.concatenate([np.ones_like(ratio), -np.ones_like(ratio)])
    order = np.lexsort((change, ends))  # at equal ends intervals close before others open
    ends, count = ends[order], np.cumsum(change[order])
    best = int(np.argmax(count))
    return TrescaBaseline(float(0.5 * (ends[best] + ends[min(best + 1, ends.size - 1)])))
