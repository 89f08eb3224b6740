# SPDX-License-Identifier: GPL-3.0-or-later
"""A ranking of the voxels of a specimen by how likely each is the first to fail.

The score of a candidate is a quadratic function of its features. Its softmax over the candidates of a
specimen is the probability that it fails first, and the weights maximise that of the voxels that did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from mesobayes.studies.failure.place_settings import RankerSettings

FloatArray = NDArray[np.floating]


@dataclass(frozen=True)
class Ranker:
    """Scores of candidates from features; invariant to whatever leaves the features as they are.

    Attributes:
        mean, std: of the features (feature,).
        term_mean, term_std: of the terms (term,), the features and their products.
        weights: of the standardised terms (term,).
        clip: standard deviations at which a feature is cut off.
    """

    mean: FloatArray
    std: FloatArray
    term_mean: FloatArray
    term_std: FloatArray
    weights: FloatArray
    clip: float

    def scores(self, features: FloatArray) -> FloatArray:
        """Scores (candidate,) of features (candidate, feature)."""
        terms = _terms(features, self.mean, self.std, self.clip)
        return ((terms - self.term_mean) / self.term_std) @ self.weights


def fit_ranker(
    features: FloatArray, groups: NDArray[np.integer], failed: NDArray[np.bool_], settings: RankerSettings
) -> Ranker:
    """Fit to candidates (candidate, feature).

    Args:
        features: of all candidates.
        groups: specimen of each candidate; those of one stand together.
        failed: True at the candidate that fails; a specimen without one does not train.
        settings: penalty and steps.

    Raises:
        ValueError: no specimen has a candidate that fails.
    """
    known = np.isin(groups, groups[failed])
    features, groups, failed = features[known], groups[known], failed[known]
    if not failed.any():
        raise ValueError("no specimen has a candidate that fails: there is nothing to learn from")
    mean, std = features.mean(axis=0), features.std(axis=0) + 1e-6
    terms = _terms(features, mean, std, settings.clip)
    term_mean, term_std = terms.mean(axis=0), terms.std(axis=0) + 1e-6
    terms = (terms - term_mean) / term_std
    starts = first_of_each(groups)
    result = minimize(
        listwise_loss,
        np.zeros(terms.shape[1]),
        (terms, starts, failed, settings.penalty / failed.sum()),
        method="L-BFGS-B",
        jac=True,
        options={"maxiter": settings.iterations},
    )
    return Ranker(mean, std, term_mean, term_std, result.x.astype(np.float32), settings.clip)


def listwise_loss(
    weights: FloatArray,
    terms: FloatArray,
    starts: NDArray[np.integer],
    failed: NDArray[np.bool_],
    penalty: float,
) -> tuple[float, FloatArray]:
    """Mean over the specimens of -log softmax at the failed candidate, and a penalty of the squared weights.

    With the penalty 1/(2 v n) for n specimens it is the mode of the posterior under the prior N(0, v).

    Args:
        weights: (term,).
        terms: (candidate, term).
        starts: first candidate of each specimen.
        failed: one True a specimen.
        penalty: factor of the squared weights.

    Returns:
        The loss and its gradient (term,).
    """
    logarithm = log_softmax((terms @ weights.astype(terms.dtype)).astype(float), starts)
    residual = np.exp(logarithm)
    residual[failed] -= 1.0
    loss = -logarithm[failed].mean() + penalty * np.sum(weights**2)
    gradient = (residual.astype(terms.dtype) @ terms).astype(float) / len(starts)
    return float(loss), gradient + 2.0 * penalty * weights


def log_softmax(scores: FloatArray, starts: NDArray[np.integer]) -> FloatArray:
    """Logarithm of the softmax of scores (candidate,) over each specimen."""
    sizes = np.diff(starts, append=len(scores))
    shifted = scores - np.repeat(np.maximum.reduceat(scores, starts), sizes)
    return shifted - np.repeat(np.log(np.add.reduceat(np.exp(shifted), starts)), sizes)


def first_of_each(groups: NDArray[np.integer]) -> NDArray[np.integer]:
    """First candidate of every specimen, from the specimens (candidate,) that they belong to."""
    return np.flatnonzero(np.diff(groups, prepend=groups[0] - 1))


def _terms(features: FloatArray, mean: FloatArray, std: FloatArray, clip: float) -> FloatArray:
    """Standardised features and their products (candidate, term)."""
    standard = np.clip((features - mean) / std, -clip, clip).astype(np.float32)
    first, second = np.triu_indices(standard.shape[1])
    return np.concatenate([standard, standard[:, first] * standard[:, second]], axis=1)
