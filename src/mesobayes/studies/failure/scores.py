# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of the predictions of one fold: overlap, histograms of values, and how well places are found.

A threshold meets a prediction as it is (`raw`) or after equation 8, which stretches the solid of every
specimen to [0, 1] (`normalised`): true fields have that range by construction, predicted ones do not.
"""

from __future__ import annotations

from pathlib import Path

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
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.loss_weights import value_counts
from mesobayes.studies.failure.probability import calibrate, reliability
from mesobayes.studies.failure.settings import SCALINGS, ScoreSettings
from mesobayes.studies.failure.stores import FIT, SCORES
from mesobayes.studies.failure.target import normalise


def score_variant(fits: list[Path], scores: Path, settings: ScoreSettings, run: Run) -> None:
    """Write the curves, histograms and ranks of every fold of one model."""
    data = [open_store(path, FIT, finite=("mean", "target")) for path in fits]
    folds = xr.concat([score_fold(fit, settings) for fit in data], dim="fold", data_vars="all")
    kept = ("variant", "kind", "transform", "weighting", "n_train", "n_test")
    network = ("steps", "steps_before", "batch", "filters")  # of no baseline
    attributes = {key: data[0].attrs[key] for key in (*kept, *network) if key in data[0].attrs}
    folds = folds.assign_coords(fold=[fit.attrs["fold"] for fit in data])
    write_store(folds.assign_attrs(attributes), scores, SCORES, run)


def score_fold(fit: xr.Dataset, settings: ScoreSettings) -> xr.Dataset:
    """Curves against the threshold, histograms by value, ranks, searched shares, reliability of one fold."""
    bins, thresholds = settings.bins, np.linspace(0.0, 1.0, settings.thresholds + 1)[1:]
    cluster_thresholds = np.linspace(
        settings.cluster_threshold_min, settings.cluster_threshold_max, settings.cluster_thresholds
    )
    solid = ~fit["pores"].values.astype(bool)
    mean, target = fit["mean"].values.astype(np.float32), fit["target"].values.astype(np.float32)
    few = slice(0, settings.cluster_specimens)
    scaled = {"raw": mean, "normalised": normalise(mean, solid)}
    voxels = np.stack([voxel_counts(scaled[s], target, solid, thresholds) for s in SCALINGS])
    clusters = np.stack(
        [cluster_counts(scaled[s][few], target[few], solid[few], cluster_thresholds) for s in SCALINGS]
    )  # (scaling, threshold, count)
    index = np.clip((target * bins).astype(int), 0, bins - 1)[solid]
    ranks = fit["rank"].values
    places = fit["failed_voxel"].values
    searched = [searched_share(*one) for one in zip(mean, solid, places, strict=True)]
    squared = np.bincount(index, ((mean - target) ** 2)[solid], minlength=bins)
    data = xr.Dataset(
        {
            "precision": (("scaling", "threshold"), precision(voxels)),
            "recall": (("scaling", "threshold"), recall(voxels)),
            "cluster_precision": (("scaling", "cluster_threshold"), precision(clusters)),
            "cluster_recall": (("scaling", "cluster_threshold"), recall(clusters)),
            "true_count": ("bin", value_counts(target, solid, bins).sum(axis=0)),
            "predicted_count": (
                ("scaling", "bin"),
                np.stack([value_counts(scaled[s], solid, bins).sum(axis=0) for s in SCALINGS]),
            ),
            "predicted_below": ((), int((mean[solid] < 0.0).sum())),
            "predicted_above": ((), int((mean[solid] > 1.0).sum())),
            "squared_error": ("bin", squared),
            "mse": ((), float(((mean - target) ** 2)[solid].mean())),
            "reciprocal_rank": ((), mean_reciprocal_rank(ranks)),
            "top1": ((), top_recall(ranks, 1)),
            "top3": ((), top_recall(ranks, 3)),
            "searched": ((), float(np.mean(searched))),
        },
        {
            "scaling": list(SCALINGS),
            "threshold": thresholds,
            "cluster_threshold": cluster_thresholds,
            "bin": (np.arange(bins) + 0.5) / bins,
        },
    )
    bins_of_probability = np.arange(settings.probability_bins)
    by_bin = ("kind_of_probability", "probability_bin")
    probability = {
        "share of draws": fit["share"].values,
        "calibrated": calibrate(fit).probability(fit["peak"].values, fit["share"].values),
    }
    held = [reliability(p, ranks, settings.probability_bins) for p in probability.values()]
    data = data.assign(
        probability_sum=(by_bin, np.stack([h.predicted for h in held])),
        probability_failed=(by_bin, np.stack([h.failed for h in held])),
        probability_clusters=(by_bin, np.stack([h.clusters for h in held])),
    ).assign_coords(
        kind_of_probability=list(probability),
        probability_bin=(bins_of_probability + 0.5) / settings.probability_bins,
    )
    if "std" in fit:
        variance = fit["std"].values.astype(np.float32)[solid] ** 2
        data["variance_sum"] = ("bin", np.bincount(index, variance, minlength=bins))
    data["seconds"] = ((), float(fit.attrs.get("seconds", np.nan)))
    if "noise_std" in fit.attrs:
        data["noise_std"] = ((), float(fit.attrs["noise_std"]))
    return data
