# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of heteroencoders on folds of the specimens, and their predictions."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.learning.fit import FitResult, fit
from mesobayes.learning.predict import predict_draws, predict_mean_weights
from mesobayes.learning.progress import Report, print_progress
from mesobayes.learning.settings import Precision
from mesobayes.learning.weights import load_network, save_network
from mesobayes.nets.build import build_network
from mesobayes.nets.heteroencoder import Heteroencoder
from mesobayes.nets.posterior import warm_start
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import seed_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.examples import (
    Examples,
    add_validation,
    label_prediction,
    prepare,
    summarise,
)
from mesobayes.studies.failure.fit_settings import DamageFitSettings, WeightSettings
from mesobayes.studies.failure.folds import split_specimens
from mesobayes.studies.failure.loss_weights import weight_table
from mesobayes.studies.failure.place_settings import RankingSettings
from mesobayes.studies.failure.settings import SplitSettings, TransformSettings, Variant
from mesobayes.studies.failure.stores import FIT, SPECIMENS
from mesobayes.studies.failure.task import specimen_task

FloatArray = NDArray[np.floating]
_BLOCK = 64  # specimens whose draws are in memory together
_BATCH = 32
_NONE = np.zeros(0, np.int64)


def fit_fold(
    specimens: Path,
    start: Path | None,
    prediction: Path,
    weights: Path,
    variant: Variant,
    fold: int,
    split: SplitSettings,
    transform: TransformSettings,
    weighting: WeightSettings,
    network: HeteroencoderSettings,
    settings: DamageFitSettings,
    steps_before: int,
    ranking: RankingSettings,
    draws: int,
    run: Run,
) -> None:
    """Write the weights of one network fitted on one fold, and its predictions on the test specimens.

    Args:
        specimens: store of all specimens.
        start: weights of the deterministic fit that this one begins from, None for random ones.
        prediction, weights: stores to write.
        variant, fold: which model, which part of the specimens.
        split, transform, weighting, network, settings, ranking: of the configuration.
        steps_before: steps of the fit that this one begins from.
        draws: of a variational prediction.
        run: seed, origin and checkpoint.
    """
    data = open_store(specimens, SPECIMENS, finite=("damage",), sample_id="specimen")
    examples = prepare(data, split_specimens(data, fold, split, run.seed), variant.transform, transform)
    name = (run.seed, "heteroencoder", variant.kind, variant.transform, variant.weighting, fold)
    begin = build_network(network, seed_from_name(*name))
    if start is not None:
        begin = warm_start(begin, load_network(start))
    fitted = fit_network(
        begin,
        examples,
        variant,
        weighting,
        settings,
        seed_from_name(*name, "fit"),
        run.checkpoint,
        print_progress,
    )
    seed = seed_from_name(*name, "draws")
    result = predict_network(fitted.network, examples, ranking, draws, seed, settings.precision)
    result = record_fit(result, fitted, settings, steps_before)
    save_network(fitted.network, weights, run)
    write_store(label_prediction(result, examples, variant, fold), prediction, FIT, run)


def fit_network(
    start: Heteroencoder,
    examples: Examples,
    variant: Variant,
    weighting: WeightSettings,
    settings: DamageFitSettings,
    seed: int,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> FitResult[Heteroencoder]:
    """Fit a network to the training specimens of a fold."""
    train = examples.rows.train
    pores, target = examples.pores[train], examples.target[train]
    table = weight_table(variant.weighting, target, ~pores, weighting)
    return fit(
        specimen_task(start, settings, pores, target, table), start, settings, seed, checkpoint, report
    )


def record_fit(
    result: xr.Dataset, fitted: FitResult[Heteroencoder], settings: DamageFitSettings, steps_before: int
) -> xr.Dataset:
    """Add to a prediction how its fit went; the noise and the evidence only where there is a likelihood."""
    result = result.assign(loss=("step", fitted.history[:, 0]))
    if fitted.noise_std is not None:
        result = result.assign_attrs(noise_std=fitted.noise_std, evidence=settings.evidence)
    return result.assign_attrs(
        steps=len(fitted.history),
        steps_before=steps_before,
        batch=settings.batch,
        filters=fitted.network.settings.filters,
        seconds=fitted.seconds,
        precision=fitted.precision,
    )


def predict_network(
    network: Heteroencoder,
    examples: Examples,
    ranking: RankingSettings,
    draws: int,
    seed: int,
    precision: Precision = "default",
) -> xr.Dataset:
    """Predict the test specimens of a fold, and the clusters of its validation specimens.

    Returns:
        Over `specimen` the `mean`, its clusters and the rank of the true place of failure; of a variational
        network also `std` and the `draws` of the realizations a to l.
    """
    rows = examples.rows
    result, fields = _predict_rows(
        network, examples, rows.test, ranking, draws, seed, precision, rows.realizations
    )
    validation, _ = _predict_rows(network, examples, rows.validation, ranking, draws, seed, precision)
    result = add_validation(result, validation)
    if fields is not None and len(rows.realizations):
        result["draws"] = (("draw", "kept", "x", "y", "z"), fields)
    return result


def _predict_rows(
    network: Heteroencoder,
    examples: Examples,
    rows: NDArray[np.integer],
    ranking: RankingSettings,
    draws: int,
    seed: int,
    precision: Precision,
    keep: NDArray[np.integer] = _NONE,
) -> tuple[xr.Dataset, FloatArray | None]:
    """Predict some specimens; of a variational network also the draws of those to keep, places in `rows`."""
    pores, places = examples.pores[rows].astype(np.uint8), examples.places[rows]
    if network.settings.estimator == "none":
        mean = predict_mean_weights(network, pores, forward=solid_field, batch=_BATCH, precision=precision)
        return summarise(mean[None], mean, None, places, ranking), None
    parts, kept = [], []
    for begin in range(0, len(pores), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        found = predict_draws(
            network,
            pores[block],
            draws,
            seed,
            forward=solid_field,
            functional=whole_field,
            batch=_BATCH,
            precision=precision,
        )
        parts.append(summarise(found.values, found.mean, found.std, places[block], ranking))
        inside = keep[(keep >= begin) & (keep < begin + _BLOCK)]
        kept.append(found.values[:, inside - begin])
    fields = np.concatenate(kept, axis=1).astype(np.float16)
    return xr.concat(parts, dim="specimen", data_vars="all"), fields


def solid_field(network: Heteroencoder, pores: jax.Array) -> jax.Array:
    """Damage (b, x, y, z) of pores (b, x, y, z), 0 in voids."""
    return jnp.where(pores > 0, 0.0, network(pores))


def whole_field(field: jax.Array, pores: jax.Array) -> jax.Array:
    """The field itself, kept for every draw."""
    del pores
    return field
