# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of rankers on folds of the specimens, from few labels to all of them, and their predictions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.baseline import FEATURES
from mesobayes.studies.failure.folds import split_specimens
from mesobayes.studies.failure.place_settings import RankerName, RankerSettings
from mesobayes.studies.failure.ranker import Ranker, first_of_each, fit_ranker, log_softmax
from mesobayes.studies.failure.settings import SplitSettings
from mesobayes.studies.failure.stores import CANDIDATES, RANKED, SPECIMENS

ALL = 0  # label of the fit to all training specimens of a fold


def rank_fold(
    specimens: Path,
    candidates: Path,
    ranked: Path,
    ranker: RankerName,
    fold: int,
    split: SplitSettings,
    settings: RankerSettings,
    run: Run,
) -> None:
    """Write how likely each candidate of the test specimens of one fold fails first, by number of labels."""
    data = open_store(specimens, SPECIMENS, variables=["pores", "failed_voxel", "status"])
    rows = split_specimens(data, fold, split, run.seed)
    known = open_store(candidates, CANDIDATES, finite=("features",))
    known = known.sel(feature=list(FEATURES)) if ranker == "base" else known
    names, test = data["specimen"].values, data.isel(specimen=rows.test)
    order = rng_from_name(run.seed, "labels of the rankers", fold).permutation(rows.train)
    asked = known.isel(candidate=np.isin(known["specimen"].values, names[rows.test]))
    result = rank_candidates(known, asked, names[order], settings)
    result["row"] = ("candidate", np.searchsorted(test["specimen"].values, asked["specimen"].values))
    result = result.assign(test[["pores", "failed_voxel"]]).assign_attrs(
        ranker=ranker, fold=fold, n_test=len(rows.test), clip=settings.clip
    )
    write_store(result, ranked, RANKED, run)


def rank_candidates(
    known: xr.Dataset, asked: xr.Dataset, training: NDArray[np.integer], settings: RankerSettings
) -> xr.Dataset:
    """Fit to the first so many training specimens, and predict.

    Args:
        known, asked: candidates to learn from and to predict, those of a specimen one after the other.
        training: numbers of the training specimens, in the order in which they are taken.
        settings: numbers of labels and of the fit.

    Returns:
        Over `labels` (`ALL` the last) the `trained` specimens, the ranker, and over `candidate` the
        `log_probability` to fail first in its specimen, and its `voxel`.
    """
    groups, starts = known["specimen"].values, first_of_each(asked["specimen"].values)
    counts = [count for count in settings.labels if count < len(training)]
    rankers, logarithms = [], []
    for count in [*counts, len(training)]:
        chosen = known.isel(candidate=np.isin(groups, training[:count]))
        fitted = fit_ranker(
            chosen["features"].values, chosen["specimen"].values, chosen["failed"].values, settings
        )
        rankers.append(fitted)
        logarithms.append(log_softmax(fitted.scores(asked["features"].values), starts))
    return xr.Dataset(
        {
            "trained": ("labels", [*counts, len(training)], {"long_name": "training specimens"}),
            "log_probability": (
                ("labels", "candidate"),
                np.array(logarithms, np.float32),
                {"long_name": "logarithm of the probability to fail first", "units": "1"},
            ),
            "voxel": asked["voxel"],
            "mean": (("labels", "feature"), np.array([r.mean for r in rankers])),
            "std": (("labels", "feature"), np.array([r.std for r in rankers])),
            "term_mean": (("labels", "term"), np.array([r.term_mean for r in rankers])),
            "term_std": (("labels", "term"), np.array([r.term_std for r in rankers])),
            "weight": (("labels", "term"), np.array([r.weights for r in rankers])),
        },
        {"labels": [*counts, ALL], "feature": known["feature"]},
    )


def load_ranker(ranked: Path | str) -> tuple[RankerName, Ranker]:
    """Return the ranker that a store holds, fitted to all specimens of its fold, and its name."""
    names = ("mean", "std", "term_mean", "term_std", "weight")
    data = open_store(ranked, RANKED, variables=names)
    mean, std, term_mean, term_std, weights = (data[name].sel(labels=ALL).values for name in names)
    fitted = Ranker(mean, std, term_mean, term_std, weights, float(data.attrs["clip"]))
    return data.attrs["ranker"], fitted
