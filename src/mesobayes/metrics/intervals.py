# SPDX-License-Identifier: GPL-3.0-or-later
"""Credible intervals and how often they hold the truth.

*Pushed-forward* intervals come from the weight draws alone, as in both papers; *predictive* ones add the
likelihood's noise.
"""

from __future__ import annotations

from statistics import NormalDist

import numpy as np


def quantile_interval(draws: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Central interval (low, high) of draws (draw, ...), by quantiles over the first axis."""
    low, high = np.quantile(draws, [0.5 * (1 - level), 0.5 * (1 + level)], axis=0)
    return low, high


def normal_interval(
    mean: np.ndarray, std: np.ndarray, level: float = 0.95, noise_std: np.ndarray | float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """mean ± z √(std² + noise²): pushed-forward without noise, predictive with it (z = 1.96 at 95 %)."""
    half = NormalDist().inv_cdf(0.5 * (1 + level)) * np.sqrt(std**2 + np.asarray(noise_std) ** 2)
    return mean - half, mean + half


def interval_of_maximum(
    roi_max: np.ndarray, level: float = 0.95, noise_std: np.ndarray | float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Normal interval of ROI maxima from coherent draws (draw, n); `noise_std` (n,) makes it predictive."""
    spread = roi_max.std(axis=0, ddof=1) if len(roi_max) > 1 else np.zeros(roi_max.shape[1:])
    return normal_interval(roi_max.mean(axis=0), spread, level, noise_std)


def noise_at_maximum(mean: np.ndarray, noise_std: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Noise (n,) of the pixel where the mean field (n, r, r) is largest over the solid pixels."""
    flat = np.where(mask, mean, -np.inf).reshape(len(mean), -1)
    return np.take_along_axis(noise_std.reshape(len(mean), -1), flat.argmax(axis=1)[:, None], axis=1)[:, 0]


def coverage(
    true: np.ndarray, interval: tuple[np.ndarray, np.ndarray], mask: np.ndarray | None = None
) -> float:
    """Share of true values inside the interval, over the pixels of the mask if there is one."""
    low, high = interval
    inside = (low <= true) & (true <= high)
    return float(np.mean(inside if mask is None else inside[mask]))


def interval_score(
    true: np.ndarray, interval: tuple[np.ndarray, np.ndarray], level: float = 0.95
) -> np.ndarray:
    """Width plus 2 / (1 - level) times the distance of a truth outside (Gneiting and Raftery 2007, eq. 43).

    Lower is better; its mean is least where the ends are the quantiles of the truth.
    """
    low, high = interval
    outside = np.maximum(low - true, 0.0) + np.maximum(true - high, 0.0)
    return (high - low) + 2.0 / (1.0 - level) * outside
