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


def predicted_maximum(roi_max: NDArray) -> NDArray:
    """Mean of the ROI maximum over the draws (draw, patch) -> (patch,): high stress, spread or not."""
    return np.asarray(roi_max.mean(axis=0))


def batchbald(roi_max: NDArray, noise_variance: float, count: int) -> NDArray:
    """Score of the `count` patches that tell most about the weights together; 0 for all others.

    BatchBALD (Kirsch et al. 2019) for Gaussian outputs: the information of a batch B about the weights is
    ½ log det(I + C_B / noise_variance), C the covariance of the ROI maxima (draw, patch) over the draws.
    Chosen one by one, which is within 1 - 1/e of the best batch; after each choice the variances left are
    those given the chosen ones, as in a pivoted Cholesky factorisation. The first choice scores `count`.
    """
    draws, patches = roi_max.shape
    deviation = (roi_max - roi_max.mean(axis=0)) / np.sqrt(draws - 1)
    left = np.sum(deviation**2, axis=0)  # variance of each patch given the chosen ones, without noise
    factor = np.zeros((min(count, patches), patches))
    score = np.zeros(patches)
    for place in range(len(factor)):
        best = int(np.argmax(np.where(score > 0, -np.inf, left)))
        score[best] = count - place
        row = deviation[:, best] @ deviation - factor[:place, best] @ factor[:place]
        factor[place] = row / np.sqrt(left[best] + noise_variance)
        left = np.maximum(left - factor[place] ** 2, 0.0)
    return score


def take_best(score: NDArray, count: int) -> NDArray[np.int64]:
    """Positions of the `count` largest scores, best first; ties go to the earlier position."""
    return np.argsort(-score, kind="stable")[:count]


def take_random(size: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`count` positions out of `size`, without replacement."""
    return rng.permutation(size)[:count]
