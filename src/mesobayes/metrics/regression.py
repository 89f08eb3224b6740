# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of predicted permeabilities, and the baseline that uses no image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mesobayes.metrics.calibration import calibration_factors


def mape(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Mean absolute percentage error of every component, (n, outputs) -> (outputs,), as a share (eq. 12)."""
    return np.mean(np.abs(predicted / truth - 1.0), axis=0)


def r2(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Coefficient of determination of every component, (n, outputs) -> (outputs,) (eq. 13).

    NaN where the truth is one and the same value, up to rounding: there is nothing to explain.
    """
    mean = truth.mean(axis=0)
    spread = np.sum((truth - mean) ** 2, axis=0)
    varies = spread > 1e-20 * len(truth) * mean**2
    return 1.0 - np.sum((predicted - truth) ** 2, axis=0) / np.where(varies, spread, np.nan)


@dataclass(frozen=True)
class FractionBaseline:
    """log μ as a cubic in the volume fraction, the same for all components: all that needs no image.

    Attributes:
        coefficients: (4,) highest power first.
        spread: root mean square of its residuals on the training labels.
    """

    coefficients: np.ndarray
    spread: float

    def predict(self, fraction: np.ndarray) -> np.ndarray:
        """Log permeability for volume fractions of any shape."""
        return np.polyval(self.coefficients, fraction)


def fit_fraction_baseline(fraction: np.ndarray, log_permeability: np.ndarray) -> FractionBaseline:
    """Least squares over images (n,) and components (n, outputs)."""
    repeated = np.repeat(fraction, log_permeability.shape[1])
    degree = min(3, len(np.unique(fraction)) - 1)
    coefficients = np.polyfit(repeated, log_permeability.ravel(), degree)
    coefficients = np.concatenate([np.zeros(3 - degree), coefficients])
    residual = log_permeability.ravel() - np.polyval(coefficients, repeated)
    return FractionBaseline(coefficients, float(np.sqrt(np.mean(residual**2))))


@dataclass(frozen=True)
class FractionSpread:
    """Logarithm of the standard deviation of log μ as a parabola in the volume fraction.

    Attributes:
        coefficients: (3,) highest power first.
    """

    coefficients: np.ndarray

    def predict(self, fraction: np.ndarray) -> np.ndarray:
        """Standard deviations for volume fractions of any shape."""
        return np.exp(np.polyval(self.coefficients, fraction))


def fit_fraction_spread(fraction: np.ndarray, residual: np.ndarray) -> FractionSpread:
    """Least squares of log residual² over images (n,) and components (n, outputs), at the right level.

    Small squares are raised to a hundredth of their mean, or their logarithms would decide.
    """
    square = residual.ravel() ** 2
    level = max(float(square.mean()), 1e-16)
    repeated = np.repeat(fraction, residual.shape[1])
    degree = min(2, len(np.unique(fraction)) - 1)
    half_log = 0.5 * np.log(np.maximum(square, 0.01 * level))
    coefficients = np.concatenate([np.zeros(2 - degree), np.polyfit(repeated, half_log, degree)])
    ratio = square / np.exp(2 * np.polyval(coefficients, repeated))
    coefficients[-1] += 0.5 * np.log(max(float(ratio.mean()), 1e-8))
    return FractionSpread(coefficients)


def skill(log_truth: np.ndarray, log_predicted: np.ndarray, log_baseline: np.ndarray) -> float:
    """1 - SSE / SSE of the baseline, in log μ: 0 is what the volume fraction alone gives, 1 is perfect."""
    return float(1.0 - np.sum((log_predicted - log_truth) ** 2) / np.sum((log_baseline - log_truth) ** 2))


def anisotropy_r2(log_truth: np.ndarray, log_predicted: np.ndarray) -> float:
    """R² of log(μ11/μ22), of which the volume fraction knows nothing; NaN for a single component."""
    if log_truth.shape[1] < 2:
        return float("nan")
    truth, predicted = (values[:, 0] - values[:, 1] for values in (log_truth, log_predicted))
    return float(1.0 - np.sum((predicted - truth) ** 2) / np.sum((truth - truth.mean()) ** 2))


def coverage_factor(log_truth: np.ndarray, log_mean: np.ndarray, log_std: np.ndarray, level: float) -> float:
    """Factor with which a new truth lies within mean ± factor std with a probability of at least `level`.

    The split-conformal quantile of |truth - mean| / std on held-out values, infinite where they are too few
    for the level: every value is a structure of its own.
    """
    error, std = (log_truth - log_mean).ravel(), log_std.ravel()
    return float(calibration_factors(error, std, np.arange(error.size), level, guaranteed=True).values[0])


def coverage_within(log_truth: np.ndarray, log_mean: np.ndarray, half_width: np.ndarray) -> float:
    """Share of truths inside mean ± half width."""
    return float(np.mean(np.abs(log_truth - log_mean) <= half_width))
