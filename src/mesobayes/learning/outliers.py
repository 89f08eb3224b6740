# SPDX-License-Identifier: GPL-3.0-or-later
"""Images unlike those a network was fitted to: Mahalanobis distance of its pooled features."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

_RIDGE = 1e-3  # of the mean variance: features of little spread do not decide
_QUANTILE = 0.995


@dataclass(frozen=True)
class OutlierDetector:
    """Distance from the training images in the space of features.

    Attributes:
        mean: (features,) of the training images.
        whitening: (features, features) W with W Wᵀ the inverse covariance.
        threshold: distance that one validation image in two hundred exceeds.
    """

    mean: np.ndarray
    whitening: np.ndarray
    threshold: float

    def distance(self, features: np.ndarray) -> np.ndarray:
        """Root mean square of the whitened features (n,), about 1 for images like the training ones."""
        return np.sqrt(np.mean(((features - self.mean) @ self.whitening) ** 2, axis=1))


def fit_outlier_detector(training: np.ndarray, validation: np.ndarray) -> OutlierDetector:
    """Fit to features (n, features) of training images, with the threshold from validation images."""
    mean = training.mean(axis=0)
    covariance = np.atleast_2d(np.cov(training, rowvar=False))
    ridge = _RIDGE * np.trace(covariance) / len(mean)
    values, vectors = np.linalg.eigh(covariance + ridge * np.eye(len(mean)))
    detector = OutlierDetector(mean, vectors / np.sqrt(values), np.inf)
    return replace(detector, threshold=float(np.quantile(detector.distance(validation), _QUANTILE)))
