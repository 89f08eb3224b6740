# SPDX-License-Identifier: GPL-3.0-or-later
"""Quadratic ridge regression, its penalty by leave-one-out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_PENALTIES = np.geomspace(1e-9, 1e2, 23)  # shares of the mean square of a column times the number of rows


@dataclass(frozen=True)
class QuadraticRidge:
    """Linear, squared and mixed terms of standardised features.

    Attributes:
        mean, std: (f,) of the features.
        column_mean, column_std: (q,) of their terms.
        coefficients: (q + 1,) of the standardised terms, the constant last.
        penalty: chosen by leave-one-out.
    """

    mean: FloatArray
    std: FloatArray
    column_mean: FloatArray
    column_std: FloatArray
    coefficients: FloatArray
    penalty: float

    def predict(self, features: FloatArray) -> FloatArray:
        """Values (n,) for features (n, f)."""
        terms = (_terms((features - self.mean) / self.std) - self.column_mean) / self.column_std
        return terms @ self.coefficients[:-1] + self.coefficients[-1]


def fit_quadratic_ridge(features: FloatArray, target: FloatArray) -> QuadraticRidge:
    """Fit to features (n, f) and target (n,).

    The error of leaving row i out is e_i / (1 - H_ii), with H the matrix that smooths the target (Allen
    1974): all penalties cost one singular value decomposition.
    """
    mean, std = features.mean(axis=0), _spread(features)
    terms = _terms((features - mean) / std)
    column_mean, column_std = terms.mean(axis=0), _spread(terms)
    columns, level = (terms - column_mean) / column_std, float(target.mean())
    left, values, right = np.linalg.svd(columns, full_matrices=False)
    projected = left.T @ (target - level)
    best, penalty = np.inf, float(_PENALTIES[-1])
    for share in _PENALTIES:
        shrink = values**2 / (values**2 + share * len(target))
        residual = target - level - left @ (shrink * projected)
        leverage = 1.0 / len(target) + np.sum(shrink * left**2, axis=1)
        error = float(np.mean((residual / np.maximum(1.0 - leverage, 1e-9)) ** 2))
        if error < best:
            best, penalty = error, float(share)
    slopes = right.T @ (values / (values**2 + penalty * len(target)) * projected)
    return QuadraticRidge(mean, std, column_mean, column_std, np.append(slopes, level), penalty)


def _terms(x: FloatArray) -> FloatArray:
    """Features and all their products (n, f + f (f + 1) / 2)."""
    i, j = np.triu_indices(x.shape[1])
    return np.concatenate([x, x[:, i] * x[:, j]], axis=1)


def _spread(x: FloatArray) -> FloatArray:
    std = x.std(axis=0)
    return np.where(std > 1e-12 * (1.0 + np.abs(x.mean(axis=0))), std, 1.0)
