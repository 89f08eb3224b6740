# SPDX-License-Identifier: GPL-3.0-or-later
"""Acquisition functions of selective learning: which patches of the pool to label next.

Scores are larger for patches that are more wanted; the batch is the top of the list, as in Krokos et al.
2022, section 3.6 ("max variance present in each prediction").
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def max_variance(epistemic_std: NDArray, mask: NDArray) -> NDArray:
    """Largest posterior variance over the solid ROI pixels; (patch, y, x) and its mask -> (patch,)."""
    return np.where(mask, epistemic_std, 0.0).max(axis=(1, 2)) ** 2


def relative_spread(roi_max: NDArray) -> NDArray:
    """Standard deviation of the ROI maximum over its mean, from coherent draws (draw, patch) -> (patch,).

    This is the spread of the quantity that accuracy at a threshold counts. A mean of zero (a network that
    predicts no stress at all) gives zero spread instead of a division by zero.
    """
    mean = roi_max.mean(axis=0)
    return np.where(mean > 0, roi_max.std(axis=0) / np.where(mean > 0, mean, 1.0), 0.0)


def take_best(score: NDArray, count: int) -> NDArray[np.int64]:
    """Positions of the `count` largest scores, best first; ties go to the earlier position."""
    return np.argsort(-score, kind="stable")[:count]


def take_random(size: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`count` positions out of `size`, without replacement."""
    return rng.permutation(size)[:count]
