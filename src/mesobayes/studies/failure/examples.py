# SPDX-License-Identifier: GPL-3.0-or-later
"""Specimens as a model sees them on one fold, and the layout of what it predicts; JAX is not loaded."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from mesobayes.metrics.clusters import failure_share, rank_clusters, rank_of_place
from mesobayes.studies.failure.folds import Fold
from mesobayes.studies.failure.place_settings import RankingSettings
from mesobayes.studies.failure.settings import Transform, TransformSettings, Variant
from mesobayes.studies.failure.target import transform_damage

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]


class Examples(NamedTuple):
    """Training and test specimens of one fold, and what is asked of the networks.

    Attributes:
        rows: of the specimens that train and test.
        pores, target: of all specimens (n, x, y, z).
        places: failed voxel of each (n, 3).
        names: numbers of the specimens (n,).
    """

    rows: Fold
    pores: BoolArray
    target: FloatArray
    places: NDArray[np.integer]
    names: NDArray[np.integer]


def prepare(specimens: xr.Dataset, rows: Fold, transform: Transform, settings: TransformSettings) -> Examples:
    """Transform the damage of all specimens, rounded to half precision as it is fitted and stored."""
    pores = specimens["pores"].values.astype(bool)
    target = transform_damage(specimens["damage"].values, ~pores, transform, settings)
    target = target.astype(np.float16).astype(np.float32)
    return Examples(rows, pores, target, specimens["failed_voxel"].values, specimens["specimen"].values)


def summarise(
    draws: NDArray[np.floating],
    mean: NDArray[np.floating],
    std: NDArray[np.floating] | None,
    places: NDArray[np.integer],
    ranking: RankingSettings,
) -> xr.Dataset:
    """Fields, clusters, and the rank of the true place among them, from draws (draw, n, x, y, z).

    Of every cluster, most likely first: the peak of the mean over that of the whole field, and the share of
    draws in which the cluster is the highest.
    """
    ranked = [
        rank_clusters(draws[:, i], ranking.threshold, ranking.level, ranking.largest)
        for i in range(len(mean))
    ]
    ranks = [rank_of_place(r, place, ranking.reach) for r, place in zip(ranked, places, strict=True)]
    axes = ("specimen", "x", "y", "z")
    peak, share = np.full((2, len(ranked), ranking.largest), np.nan, np.float32)
    for row, (clusters, field) in enumerate(zip(ranked, mean, strict=True)):
        count, highest = len(clusters.mass), max(float(field.max()), np.finfo(np.float32).tiny)
        peak[row, :count] = ndimage.maximum(field, clusters.labels, np.arange(1, count + 1)) / highest
        share[row, :count] = failure_share(clusters)
    data = xr.Dataset(
        {
            "mean": (axes, mean.astype(np.float16)),
            "peak": (("specimen", "cluster"), peak),
            "share": (("specimen", "cluster"), share),
            "rank": ("specimen", np.array(ranks, np.int32), {"long_name": "rank of the true place, 0: none"}),
            "clusters": ("specimen", np.array([len(r.mass) for r in ranked], np.int32)),
        }
    )
    if std is not None:
        data["std"] = (axes, std.astype(np.float16))
    return data


def add_validation(result: xr.Dataset, validation: xr.Dataset) -> xr.Dataset:
    """Add to a prediction the clusters of the validation specimens, on which probabilities are calibrated."""
    names = {name: f"validation_{name}" for name in ("rank", "peak", "share")}
    return result.merge(validation[list(names)].rename({"specimen": "validation", **names}))


def label_prediction(result: xr.Dataset, examples: Examples, variant: Variant, fold: int) -> xr.Dataset:
    """Add what was asked: targets, pores, places of failure, and which model answered."""
    rows = examples.rows
    axes = ("specimen", "x", "y", "z")
    return (
        result.assign(
            target=(axes, examples.target[rows.test].astype(np.float16)),
            pores=(axes, examples.pores[rows.test].astype(np.uint8)),
            failed_voxel=(("specimen", "axis"), examples.places[rows.test]),
        )
        .assign_coords(specimen=examples.names[rows.test])
        .assign_attrs(
            variant=variant.name,
            kind=variant.kind,
            transform=variant.transform,
            weighting=variant.weighting,
            fold=fold,
            n_train=len(rows.train),
            n_test=len(rows.test),
            realizations=rows.realizations.tolist(),
        )
    )
