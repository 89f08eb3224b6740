# SPDX-License-Identifier: GPL-3.0-or-later
"""Probability that a specimen fails in a cluster of its predicted damage, calibrated on held-out specimens.

The share of posterior draws in which a cluster is the highest is no such probability: draws differ by the
weights alone, and a network is surer of its weights than its predictions are right. What fails is observed,
though: with the peak v of a cluster over that of the field and that share s,

    P(cluster) = exp(a v + b s) / (exp(e) + Σ exp(a v + b s)),     P(elsewhere) = exp(e) / (...),

and (a, b, e) maximise the likelihood of the places at which the validation specimens failed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.optimize import minimize

FloatArray = NDArray[np.floating]
Ranks = NDArray[np.integer]
PRIOR = 10.0  # deviation of the coefficients: all of few specimens may fail in their highest cluster


class PlaceLogit(NamedTuple):
    """Coefficients of the peak of a cluster and of its share of draws, and the logit of elsewhere."""

    peak: float
    share: float
    elsewhere: float

    def probability(self, peak: FloatArray, share: FloatArray) -> FloatArray:
        """Probability (n, cluster) of failure in each cluster; NaN where there is none."""
        logits = np.where(np.isnan(peak), -np.inf, self.peak * peak + self.share * share)
        with_elsewhere = np.concatenate([logits, np.full((len(peak), 1), self.elsewhere)], axis=1)
        with_elsewhere -= with_elsewhere.max(axis=1, keepdims=True)
        raised = np.exp(with_elsewhere)
        return np.where(np.isnan(peak), np.nan, raised[:, :-1] / raised.sum(axis=1, keepdims=True))


def fit_place_logit(peak: FloatArray, share: FloatArray, rank: Ranks) -> PlaceLogit:
    """Fit to specimens that failed.

    Args:
        peak: highest mean damage of each cluster over that of its field (n, cluster), NaN beyond the last.
        share: share of draws in which it is the highest (n, cluster), NaN there too.
        rank: number from 1 of the cluster in which the specimen failed (n,), 0 for none.
    """
    rows, penalty = np.arange(len(rank)), 0.5 / (PRIOR**2 * len(rank))

    def loss(coefficients: FloatArray) -> float:
        p = PlaceLogit(*coefficients).probability(peak, share)
        elsewhere = 1.0 - np.nansum(p, axis=1)
        happened = np.where(rank > 0, p[rows, np.maximum(rank - 1, 0)], elsewhere)
        return float(-np.log(np.maximum(happened, 1e-12)).mean() + penalty * np.sum(coefficients**2))

    return PlaceLogit(*map(float, minimize(loss, np.zeros(3), method="BFGS").x))


def calibrate(fit: xr.Dataset) -> PlaceLogit:
    """Fit to the validation specimens of a stored prediction."""
    peak, share = fit["validation_peak"].values, fit["validation_share"].values
    return fit_place_logit(peak, share, fit["validation_rank"].values)


class Reliability(NamedTuple):
    """By bin of the probability: its sum, the clusters that failed, and all clusters."""

    predicted: FloatArray
    failed: NDArray[np.int64]
    clusters: NDArray[np.int64]


def reliability(probability: FloatArray, rank: Ranks, bins: int) -> Reliability:
    """Compare probabilities (n, cluster) with where specimens failed, in equal bins of [0, 1]."""
    there = ~np.isnan(probability)
    failed = np.arange(1, probability.shape[1] + 1) == rank[:, None]
    p = probability[there]
    index = np.minimum((p * bins).astype(int), bins - 1)
    return Reliability(
        np.bincount(index, p, minlength=bins).astype(float),
        np.bincount(index[failed[there]], minlength=bins),
        np.bincount(index, minlength=bins),
    )
