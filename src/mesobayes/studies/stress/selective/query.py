# SPDX-License-Identifier: GPL-3.0-or-later
"""One query of selective learning (Krokos et al. 2022, section 4.3): label, fit, evaluate.

Every random choice is named by study seed, repeat and query, so that chains do not depend on the order in
which they run.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Literal

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.learning.acquisition import (
    batchbald,
    max_variance,
    predicted_maximum,
    relative_spread,
)
from mesobayes.learning.fit import fit
from mesobayes.learning.progress import Report
from mesobayes.metrics.scores import relative_error
from mesobayes.nets.build import StressNetwork, build_network
from mesobayes.record.seeds import seed_from_name
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.models.network_data import AnyNetworkSettings, NetworkData, training_task
from mesobayes.studies.stress.models.patch_data import PatchData, masked_maximum
from mesobayes.studies.stress.predict import Prediction, predict_patches
from mesobayes.studies.stress.selective.choose import choose_sets, label_next, units_of
from mesobayes.studies.stress.settings import Acquisition, ChainSettings

_UNIT = {"units": "patch scale"}
_SQUARED_UNIT = {"units": "patch scale²"}


def fit_query(
    data: NetworkData,
    previous: xr.Dataset | None,
    acquisition: Acquisition | Literal["initial"],
    repeat: int,
    query: int,
    chain: ChainSettings,
    network: AnyNetworkSettings,
    settings: PatchFitSettings,
    study_seed: str,
    checkpoint: Path | None,
    report: Report | None,
) -> tuple[StressNetwork, xr.Dataset]:
    """Label, fit and evaluate one query of one chain.

    Returns:
        The fitted network; and the labelled and the remaining pool patches, the pool's acquisition scores
        (unless nobody will use them: random chains and last queries), and for every validation patch the
        truth, the maximum of the posterior-mean field, the ROI maximum of every draw and the squared error.
    """
    units = units_of(data.patches, chain)
    sets = choose_sets(data.patches["split"].values, units, chain, repeat, study_seed)
    labelled = (
        sets.initial
        if previous is None or acquisition == "initial"
        else label_next(previous, units, acquisition, chain, repeat, query, study_seed)
    )
    pool = np.setdiff1d(sets.pool, labelled)
    name = (study_seed, "stress", network.name, repeat, query)
    validation = data.seen(sets.validation)
    start = build_network(network, seed_from_name(*name, "weights"))
    task = training_task(start, settings, data.training(labelled), validation)
    result = fit(task, start, settings, seed_from_name(*name, "fit"), checkpoint, report)
    predicted = partial(
        predict_patches,
        result.network,
        draws=chain.draws,
        seed=seed_from_name(*name, "draws"),
        precision=settings.precision,
    )
    prediction = predicted(validation.inputs)
    dataset = xr.Dataset(
        {
            "labelled": ("label", labelled),
            "pool": ("pool_patch", pool),
            "validation": ("patch", sets.validation),
            "true_max": ("patch", masked_maximum(validation.target, validation.mask), _UNIT),
            "mean_max": ("patch", masked_maximum(prediction.mean, validation.mask), _UNIT),
            "roi_max": (("draw", "patch"), prediction.roi_max, _UNIT),
            "squared_error": ("patch", squared_errors(prediction, validation), _SQUARED_UNIT),
        },
        attrs={
            "repeat": repeat,
            "query": query,
            "unit": chain.unit,
            "labelled_units": len(np.unique(units[labelled])),
            "network": network.name,
            "fit_seconds": result.seconds,
            "steps": len(result.history),
            "batch": settings.batch,
            "evidence": settings.evidence,
            "precision": result.precision,
        },
    )
    if acquisition != "random" and query < chain.queries:
        unlabelled = data.seen(pool)
        noise = noise_of_maxima(prediction, validation)
        dataset = dataset.assign(
            pool_scores(predicted(unlabelled.inputs), unlabelled, noise, chain.query_rate)
        )
    return result.network, dataset


def noise_of_maxima(prediction: Prediction, validation: PatchData) -> float:
    """Variance of the ROI maxima about their draws that the weights do not explain, at least a small one.

    The mean squared error of the maxima on validation patches minus the mean variance of the draws.
    """
    truth = masked_maximum(validation.target, validation.mask)
    error = np.mean((prediction.roi_max.mean(axis=0) - truth) ** 2)
    return float(max(error - np.mean(prediction.roi_max.var(axis=0)), 1e-3 * error, 1e-12))


def pool_scores(
    prediction: Prediction, pool: PatchData, noise_variance: float, count: int
) -> dict[str, tuple[str, NDArray]]:
    """The scores of every acquisition but random, for each patch of the pool."""
    truth, mean = masked_maximum(pool.target, pool.mask), masked_maximum(prediction.mean, pool.mask)
    scores = {
        "max_variance": max_variance(prediction.epistemic_std, pool.mask),
        "predicted_maximum": predicted_maximum(prediction.roi_max),
        "batchbald": batchbald(prediction.roi_max, noise_variance, count),
        "relative_spread": relative_spread(prediction.roi_max),
        "oracle": relative_error(mean, truth),
        "oracle_squared": squared_errors(prediction, pool),
    }
    return {f"score_{name}": ("pool_patch", score) for name, score in scores.items()}


def squared_errors(prediction: Prediction, patches: PatchData) -> NDArray:
    """Squared error averaged over the solid pixels of each region of interest, shape (patch,)."""
    squared = np.where(patches.mask, (prediction.mean - patches.target) ** 2, 0.0)
    return np.asarray(squared.sum((1, 2)) / patches.mask.sum((1, 2)))
