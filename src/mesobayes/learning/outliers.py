# SPDX-License-Identifier: GPL-3.0-or-later
"""Images unlike those a network was fitted to: Mahalanobis distance of its pooled features."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class OutlierDetector:
    """Distance from the training images in the space of features.

    Attributes:
        mean: (features,) of the training images.
        whitening: (features, features) W with W Wᵀ the inverse covariance.
        threshold: distance that few validation images exceed.
    """

    mean: np.ndarray
    whitening: np.ndarray
    threshold: float

    def distance(self, features: np.ndarray) -> np.ndarray:
        """Root mean square of the whitened features (n,), about 1 for images like the training ones."""
        return np.sqrt(np.mean(((features - self.mean) @ self.whitening) ** 2, axis=1))


def fit_outlier_detector(
    training: np.ndarray, validation: np.ndarray, quantile: float = 0.995, ridge: float = 1e-3
) -> OutlierDetector:
    """Fit to features (n, features) of training images, with the threshold from validation images.

    Args:
        quantile: share of the validation images within the threshold.
        ridge: share of the mean variance on the covariance: features of little spread do not decide.
    """
    mean = training.mean(axis=0)
    covariance = np.atleast_2d(np.cov(training, rowvar=False))
    covariance += ridge * np.trace(covariance) / len(mean) * np.eye(len(mean))
    values, vectors = np.linalg.eigh(covariance)
    detector = OutlierDetector(mean, vectors / np.sqrt(values), np.inf)
    return replace(detector, threshold=float(np.quantile(detector.distance(validation), quantile)))
