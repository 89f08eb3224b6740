# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of predicted stress fields and of their maxima over the region of interest."""

from __future__ import annotations

import numpy as np


def relative_error(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """|predicted - true| / |true| of ROI maxima (n,) (Krokos et al. 2022, section 4.1.3).

    0 where both are 0, infinite where only the true value is.
    """
    predicted, true = np.asarray(predicted, np.float64), np.asarray(true, np.float64)
    gap, size = np.abs(predicted - true), np.abs(true)
    relative = np.divide(gap, size, out=np.full_like(gap, np.inf), where=size > 0)
    return np.where(gap == 0, 0.0, relative)


def accuracy_at(predicted: np.ndarray, true: np.ndarray, threshold: float = 0.10) -> float:
    """Share of ROI maxima (n,) whose relative error is below the threshold."""
    return float(np.mean(relative_error(predicted, true) < threshold))


def masked_mse(predicted: np.ndarray, true: np.ndarray, mask: np.ndarray) -> float:
    """Mean squared error of fields (n, r, r) over the solid pixels, all patches together."""
    return float(np.mean((predicted[mask].astype(np.float64) - true[mask]) ** 2))


def coefficient_of_determination(predicted: np.ndarray, true: np.ndarray) -> float:
    """R² = 1 - Σ (true - predicted)² / Σ (true - mean)²."""
    true = np.asarray(true, np.float64)
    return float(1.0 - np.sum((true - predicted) ** 2) / np.sum((true - true.mean()) ** 2))


def mean_absolute_percentage_error(predicted: np.ndarray, true: np.ndarray) -> float:
    """Mean of |predicted - true| / |true|, in percent."""
    return float(100.0 * np.mean(relative_error(predicted, true)))
