# SPDX-License-Identifier: GPL-3.0-or-later
"""Overlap of predicted and true damage, voxel by voxel and cluster by cluster, and the ranking of clusters.

Bridgman et al. 2022, sections 4.1 and 6.2. A cluster is a set of voxels above a threshold joined by faces,
edges or corners.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]
NEIGHBOURS = np.ones((3, 3, 3), bool)

RANK_THRESHOLD = 0.5  # of the highest mean, for the clusters that are ranked
RANK_LEVEL = 0.7  # of the highest mean, above which probability mass counts


def voxel_counts(
    predicted: FloatArray, true: FloatArray, solid: BoolArray, thresholds: FloatArray
) -> NDArray[np.int64]:
    """True positives, false positives, false negatives (threshold, 3) of the solid of fields (n, x, y, z)."""
    p, t = predicted[solid], true[solid]
    counts = []
    for threshold in thresholds:
        above, truly = p >= threshold, t >= threshold
        both = int(np.count_nonzero(above & truly))
        counts.append((both, int(above.sum()) - both, int(truly.sum()) - both))
    return np.array(counts)


def label_clusters(field: FloatArray, threshold: float) -> tuple[NDArray[np.int32], int]:
    """Cluster numbers (x, y, z) from 1, 0 below the threshold, and how many there are."""
    labels, count = ndimage.label(field >= threshold, NEIGHBOURS)
    return labels, int(count)


def cluster_counts(
    predicted: FloatArray, true: FloatArray, solid: BoolArray, thresholds: FloatArray
) -> NDArray[np.int64]:
    """The same for clusters: a predicted cluster is true when it shares a voxel with a true one.

    False positives are predicted clusters that touch no true one, false negatives true clusters that touch no
    predicted one. For the recall, true positives are counted among the true clusters: columns are true
    positives among the predicted, false positives, false negatives, true positives among the true.
    """
    counts = np.zeros((len(thresholds), 4), np.int64)
    for p, t, s in zip(predicted, true, solid, strict=True):
        for row, threshold in enumerate(thresholds):
            found, n_found = label_clusters(np.where(s, p, -np.inf), threshold)
            truth, n_true = label_clusters(np.where(s, t, -np.inf), threshold)
            shared = (found > 0) & (truth > 0)
            hits, caught = len(np.unique(found[shared])), len(np.unique(truth[shared]))
            counts[row] += (hits, n_found - hits, n_true - caught, caught)
    return counts


def precision(counts: NDArray[np.int64]) -> FloatArray:
    """TP / (TP + FP), equation 13; NaN where nothing is predicted."""
    return _share(counts[..., 0], counts[..., 0] + counts[..., 1])


def recall(counts: NDArray[np.int64]) -> FloatArray:
    """TP / (TP + FN), equation 14; NaN where nothing is true. Clusters count their true positives apart."""
    positives = counts[..., 3] if counts.shape[-1] == 4 else counts[..., 0]
    return _share(positives, positives + counts[..., 2])


def overlap(counts: NDArray[np.int64]) -> FloatArray:
    """TP / (TP + FP + FN), equation 15."""
    return _share(counts[..., 0], counts[..., 0] + counts[..., 1] + counts[..., 2])


def _share(part: NDArray, whole: NDArray) -> FloatArray:
    return np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole > 0)


@dataclass(frozen=True)
class RankedClusters:
    """Clusters of one predicted field, the most likely first.

    labels: (x, y, z) numbers from 1 in that order, 0 outside. mass: share of the posterior draws in which the
    cluster's mean damage lies above the level. means: (draw, cluster) those means.
    """

    labels: NDArray[np.int32]
    mass: FloatArray
    means: FloatArray


def rank_clusters(draws: FloatArray, threshold: float, level: float, largest: int = 20) -> RankedClusters:
    """Rank the clusters of the mean field above a threshold by probability mass above a level.

    draws (draw, x, y, z). Threshold and level are shares of the highest value of the mean field: networks
    that shrink towards the mean are then ranked like those that do not. Equal masses are ordered by the mean
    damage. At most `largest` clusters are kept.
    """
    mean = draws.mean(axis=0)
    highest = float(mean.max())
    labels, count = label_clusters(mean, min(threshold * highest, highest))
    numbers = np.arange(1, count + 1)
    means = np.stack([ndimage.mean(draw, labels, numbers) for draw in draws])  # (draw, cluster)
    mass, average = (means >= level * highest).mean(axis=0), means.mean(axis=0)
    order = np.lexsort((-average, -mass))[:largest]
    renumber = np.zeros(count + 1, np.int32)
    renumber[order + 1] = np.arange(1, len(order) + 1)
    return RankedClusters(renumber[labels], mass[order], means[:, order])


def rank_of_place(ranked: RankedClusters, place: Sequence[int] | NDArray[np.integer], reach: int = 1) -> int:
    """Rank, from 1, of the first cluster within `reach` voxels of a place; 0 if there is none."""
    window = tuple(slice(max(0, int(c) - reach), int(c) + reach + 1) for c in place)
    near = ranked.labels[window]
    return int(near[near > 0].min()) if (near > 0).any() else 0


def mean_reciprocal_rank(ranks: NDArray[np.integer]) -> float:
    """Mean of 1/rank, 0 for places that no cluster holds."""
    ranks = np.asarray(ranks)
    return float(np.mean(np.where(ranks > 0, 1.0 / np.maximum(ranks, 1), 0.0)))


def top_recall(ranks: NDArray[np.integer], k: int) -> float:
    """Share of places whose cluster is among the first k."""
    ranks = np.asarray(ranks)
    return float(np.mean((ranks > 0) & (ranks <= k)))


def failure_share(ranked: RankedClusters) -> FloatArray:
    """Share of the draws (cluster,) in which a cluster has the highest mean of all: it would fail first.

    This is no probability of failure: draws differ by what the network does not know of its weights alone.
    """
    first = ranked.means.argmax(axis=1)
    return np.bincount(first, minlength=ranked.means.shape[1]) / len(ranked.means)


def observed_shares(ranked: RankedClusters, places: NDArray[np.integer], reach: int = 1) -> FloatArray:
    """Share of observed places (n, 3) that each cluster holds; places outside all clusters are missing."""
    ranks = np.array([rank_of_place(ranked, place, reach) for place in places])
    return np.bincount(ranks, minlength=len(ranked.mass) + 1)[1:] / len(places)
