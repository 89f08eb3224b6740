# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of the predictions of one fold: overlap, histograms of values, and how well places are found."""

from __future__ import annotations

import numpy as np
import xarray as xr

from mesobayes.metrics.clusters import (
    cluster_counts,
    mean_reciprocal_rank,
    precision,
    recall,
    top_recall,
    voxel_counts,
)
from mesobayes.metrics.search import searched_share
from mesobayes.studies.failure.target import value_counts

BINS = 50
THRESHOLDS = np.linspace(0.0, 1.0, 41)[1:]
CLUSTER_THRESHOLDS = np.linspace(0.5, 0.95, 10)


def score_fold(fit: xr.Dataset, cluster_specimens: int) -> xr.Dataset:
    """Curves against the threshold, histograms by value, ranks and searched shares of one fold."""
    solid = ~fit["pores"].values.astype(bool)
    mean, target = fit["mean"].values.astype(np.float32), fit["target"].values.astype(np.float32)
    voxels = voxel_counts(mean, target, solid, THRESHOLDS)
    few = slice(0, cluster_specimens)
    clusters = cluster_counts(mean[few], target[few], solid[few], CLUSTER_THRESHOLDS)
    index = np.clip((target * BINS).astype(int), 0, BINS - 1)[solid]
    ranks = fit["rank"].values
    places = fit["failed_voxel"].values
    searched = [searched_share(*one) for one in zip(mean, solid, places, strict=True)]
    squared = np.bincount(index, ((mean - target) ** 2)[solid], minlength=BINS)
    data = xr.Dataset(
        {
            "precision": ("threshold", precision(voxels)),
            "recall": ("threshold", recall(voxels)),
            "cluster_precision": ("cluster_threshold", precision(clusters)),
            "cluster_recall": ("cluster_threshold", recall(clusters)),
            "true_count": ("bin", value_counts(target, solid, BINS).sum(axis=0)),
            "predicted_count": ("bin", value_counts(mean, solid, BINS).sum(axis=0)),
            "squared_error": ("bin", squared),
            "mse": ((), float(((mean - target) ** 2)[solid].mean())),
            "reciprocal_rank": ((), mean_reciprocal_rank(ranks)),
            "top1": ((), top_recall(ranks, 1)),
            "top3": ((), top_recall(ranks, 3)),
            "searched": ((), float(np.mean(searched))),
        },
        {
            "threshold": THRESHOLDS,
            "cluster_threshold": CLUSTER_THRESHOLDS,
            "bin": (np.arange(BINS) + 0.5) / BINS,
        },
    )
    if "std" in fit:
        variance = fit["std"].values.astype(np.float32)[solid] ** 2
        data["variance_sum"] = ("bin", np.bincount(index, variance, minlength=BINS))
    data["seconds"] = ((), float(fit.attrs.get("seconds", np.nan)))
    data["noise_std"] = ((), float(fit.attrs.get("noise_std", np.nan)))
    return data
