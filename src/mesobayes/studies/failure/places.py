# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon the place of first failure is found by looking at a field from its highest voxel downwards."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.metrics.clusters import rank_clusters, rank_of_place
from mesobayes.metrics.peaks import peak_rank
from mesobayes.metrics.search import searched_share
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.place_settings import RankingSettings
from mesobayes.studies.failure.settings import TransformSettings
from mesobayes.studies.failure.stores import FIT, PLACES, RANKED
from mesobayes.studies.failure.target import gaussian_filter

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]


def score_places(fits: list[Path], places: Path, ranking: RankingSettings, run: Run) -> None:
    """Write the scores of the test specimens of a network or a baseline over its folds."""
    parts = []
    for path in fits:
        fit = open_store(path, FIT, variables=["mean", "pores", "failed_voxel", "rank"])
        solid = ~fit["pores"].values.astype(bool)
        part = score_fields(fit["mean"].values.astype(np.float32), solid, fit["failed_voxel"].values, ranking)
        part["cluster_rank"] = fit["rank"].astype(np.int32)
        parts.append(label_places(part, fit["specimen"].values, int(fit.attrs["fold"])))
    data = xr.concat(parts, dim="specimen", data_vars="all")
    attributes = {"model": fit.attrs["variant"], "n_train": fit.attrs["n_train"]}
    write_store(data.assign_attrs(attributes), places, PLACES, run)


def score_rankers(
    ranked: list[Path],
    places: Path,
    ranking: RankingSettings,
    transform: TransformSettings,
    contrast: float,
    run: Run,
) -> None:
    """Write the scores of the test specimens of a ranker over its folds, for every number of labels."""
    folds = [open_store(path, RANKED) for path in ranked]
    data = xr.concat(
        [score_ranked(fold, ranking, transform, contrast) for fold in folds], "specimen", data_vars="all"
    )
    write_store(data.assign_attrs(model=f"ranker_{folds[0].attrs['ranker']}"), places, PLACES, run)


def score_ranked(
    ranked: xr.Dataset, ranking: RankingSettings, transform: TransformSettings, contrast: float
) -> xr.Dataset:
    """Scores over `labels` and `specimen` from the probabilities of the candidates of one fold."""
    solid = ~ranked["pores"].values.astype(bool)
    row, voxel = ranked["row"].values, ranked["voxel"].values
    at = (row, *voxel.T)
    parts = []
    for labels in ranked["labels"].values:
        field = np.full(solid.shape, -np.inf, np.float32)
        field[at] = ranked["log_probability"].sel(labels=labels).values
        part = score_fields(field, solid, ranked["failed_voxel"].values, ranking)
        part["probability"] = (
            "specimen",
            np.exp(field.max(axis=(1, 2, 3))),
            {"long_name": "probability that the highest voxel fails first", "units": "1"},
        )
        smooth = smooth_ranking(field, solid, transform, contrast)
        part["cluster_rank"] = ("specimen", cluster_ranks(smooth, ranked["failed_voxel"].values, ranking))
        parts.append(part.expand_dims(labels=[labels]))
    joined = xr.concat(parts, dim="labels", data_vars="all")
    joined["trained"] = (
        ("labels", "specimen"),
        np.repeat(ranked["trained"].values[:, None], len(solid), axis=1),
        {"long_name": "training specimens"},
    )
    return label_places(joined, ranked["specimen"].values, int(ranked.attrs["fold"]))


def score_fields(
    fields: FloatArray, solid: BoolArray, places: NDArray[np.integer], ranking: RankingSettings
) -> xr.Dataset:
    """Scores over `specimen` of fields (n, x, y, z), minus infinity where nothing can fail.

    Returns:
        The rank of the true place among the peaks (0: none of the largest), the share of the solid that is
        searched until it is found, the same in voxels, and how far the highest voxel is from it.
    """
    ranks, shares, distances = [], [], []
    for field, inside, place in zip(fields, solid, places, strict=True):
        shown = np.where(inside, field, -np.inf)
        ranks.append(peak_rank(shown, place, ranking.reach, ranking.largest))
        shares.append(searched_share(field, inside, place, ranking.reach))
        highest = np.unravel_index(int(shown.argmax()), shown.shape)
        distances.append(np.abs(np.array(highest) - place).max())
    voxels = np.rint(np.array(shares) * solid.sum(axis=(1, 2, 3)))
    return xr.Dataset(
        {
            "peak_rank": _scores(ranks, np.int32, "rank of the true place among the peaks, 0: none", "1"),
            "searched": _scores(shares, np.float64, "share of the solid searched until the true place", "1"),
            "voxels": _scores(voxels, np.int32, "voxels searched until the true place", "voxel"),
            "distance": _scores(distances, np.int32, "largest offset of the highest voxel", "voxel"),
        }
    )


def _scores(values, kind: type, name: str, units: str) -> tuple:
    return "specimen", np.asarray(values).astype(kind), {"long_name": name, "units": units}


def smooth_ranking(
    scores: FloatArray, solid: BoolArray, transform: TransformSettings, contrast: float
) -> FloatArray:
    """Field like a transformed damage from scores: exp(contrast (s - max)) under the filter of the target."""
    highest = scores.max(axis=(1, 2, 3), keepdims=True)
    return gaussian_filter(np.exp(contrast * (scores - highest)), solid, transform.width)


def cluster_ranks(
    fields: FloatArray, places: NDArray[np.integer], ranking: RankingSettings
) -> NDArray[np.int32]:
    """Rank (n,) of the true place among the clusters of fields (n, x, y, z), 0: in none."""
    clusters = (rank_clusters(f[None], ranking.threshold, ranking.level, ranking.largest) for f in fields)
    return np.array(
        [rank_of_place(c, p, ranking.reach) for c, p in zip(clusters, places, strict=True)], np.int32
    )


def label_places(scores: xr.Dataset, specimens: NDArray[np.integer], fold: int) -> xr.Dataset:
    """Add the numbers of the specimens and the fold in which they are tested."""
    return scores.assign_coords(
        specimen=specimens, fold=("specimen", np.full(len(specimens), fold, np.int32))
    )
