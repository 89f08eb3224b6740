# SPDX-License-Identifier: GPL-3.0-or-later
"""One query of selective learning (Krokos et al. 2022, section 4.3): label, fit, evaluate.

Every random choice is named by study seed, repeat and query, so that chains do not depend on the order in
which they run.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Literal, NamedTuple

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
from mesobayes.studies.stress.models.patch_data import PatchData, blocks, masked_maximum
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
    scored = data.seen(sets.validation[: settings.validation_patches])
    start = build_network(network, seed_from_name(*name, "weights"))
    result = fit(
        training_task(start, settings, data.training(labelled), scored),
        *(start, settings, seed_from_name(*name, "fit"), checkpoint, report),
    )
    predict = partial(
        predict_patches,
        result.network,
        draws=chain.draws,
        seed=seed_from_name(*name, "draws"),
        precision=settings.precision,
    )
    held_out = compare(predict, data, sets.validation)
    dataset = xr.Dataset(
        {
            "labelled": ("label", labelled),
            "pool": ("pool_patch", pool),
            "validation": ("patch", sets.validation),
            "true_max": ("patch", held_out.true_max, _UNIT),
            "mean_max": ("patch", held_out.mean_max, _UNIT),
            "roi_max": (("draw", "patch"), held_out.roi_max, _UNIT),
            "squared_error": ("patch", held_out.squared_error, _SQUARED_UNIT),
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
        noise = noise_of_maxima(held_out)
        dataset = dataset.assign(pool_scores(compare(predict, data, pool), noise, chain.query_rate))
    return result.network, dataset


class Compared(NamedTuple):
    """What a network predicts of n patches beside the truth, in units of the patch scale.

    Attributes:
        true_max, mean_max: (n,) largest stress of a region of interest, of the truth and of the mean field.
        roi_max: (draw, n) largest stress of every draw.
        squared_error: (n,) averaged over the solid pixels.
        variance: (n,) largest posterior variance of a pixel.
    """

    true_max: NDArray
    mean_max: NDArray
    roi_max: NDArray
    squared_error: NDArray
    variance: NDArray


def compare(
    predict: Callable[[NDArray], Prediction], data: NetworkData, numbers: NDArray[np.int64]
) -> Compared:
    """Predict the patches of the given numbers, of which one block at a time is in memory."""

    def block(some: NDArray) -> Compared:
        patches = data.seen(numbers[some])
        prediction = predict(patches.inputs)
        return Compared(
            masked_maximum(patches.target, patches.mask),
            masked_maximum(prediction.mean, patches.mask),
            prediction.roi_max,
            squared_errors(prediction, patches),
            max_variance(prediction.epistemic_std, patches.mask),
        )

    parts = [block(some) for some in blocks(len(numbers))]
    return Compared(*(np.concatenate(values, axis=-1) for values in zip(*parts, strict=True)))


def noise_of_maxima(validation: Compared) -> float:
    """Variance of the ROI maxima about their draws that the weights do not explain, at least a small one.

    The mean squared error of the maxima on validation patches minus the mean variance of the draws.
    """
    error = np.mean((validation.roi_max.mean(axis=0) - validation.true_max) ** 2)
    return float(max(error - np.mean(validation.roi_max.var(axis=0)), 1e-3 * error, 1e-12))


def pool_scores(pool: Compared, noise_variance: float, count: int) -> dict[str, tuple[str, NDArray]]:
    """The scores of every acquisition but random, for each patch of the pool."""
    scores = {
        "max_variance": pool.variance,
        "predicted_maximum": predicted_maximum(pool.roi_max),
        "batchbald": batchbald(pool.roi_max, noise_variance, count),
        "relative_spread": relative_spread(pool.roi_max),
        "oracle": relative_error(pool.mean_max, pool.true_max),
        "oracle_squared": pool.squared_error,
    }
    return {f"score_{name}": ("pool_patch", score) for name, score in scores.items()}


def squared_errors(prediction: Prediction, patches: PatchData) -> NDArray:
    """Squared error averaged over the solid pixels of each region of interest, shape (patch,)."""
    squared = np.where(patches.mask, (prediction.mean - patches.target) ** 2, 0.0)
    return np.asarray(squared.sum((1, 2)) / patches.mask.sum((1, 2)))
