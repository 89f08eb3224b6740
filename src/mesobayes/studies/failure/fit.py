# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of heteroencoders on folds of the specimens, and their predictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.nets.functional_heteroencoder import Parameters, build_heteroencoder, warm_start
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import seed_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.damage_fit import DamageData, fit_damage, predict_draws, predict_fields
from mesobayes.studies.failure.examples import Examples, label_prediction, prepare, summarise
from mesobayes.studies.failure.folds import split_specimens
from mesobayes.studies.failure.loss_weights import weight_table
from mesobayes.studies.failure.settings import (
    DamageFitSettings,
    RankingSettings,
    SplitSettings,
    TransformSettings,
    Variant,
    WeightSettings,
)
from mesobayes.studies.failure.stores import FIT, SPECIMENS

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]
_BLOCK = 64


def fit_fold(
    specimens: Path,
    start: Path | None,
    fit: Path,
    variant: Variant,
    fold: int,
    split: SplitSettings,
    transform: TransformSettings,
    weights: WeightSettings,
    network: HeteroencoderSettings,
    settings: DamageFitSettings,
    ranking: RankingSettings,
    draws: int,
    run: Run,
) -> None:
    """Write the predictions of one network on the test specimens of one fold, the weights and the losses.

    Args:
        specimens, start, fit: stores; `start` is the deterministic fit that a variational one begins from.
        variant, fold: which model, which part of the specimens.
        split, transform, weights, network, settings, ranking: of the configuration.
        draws: of a variational prediction.
        run: seed and origin.
    """
    data = open_store(specimens, SPECIMENS, finite=("damage",), sample_id="specimen")
    examples = prepare(data, split_specimens(data, fold, split, run.seed), variant.transform, transform)
    warm = None if start is None else open_store(start, FIT)
    result = fit_network(
        examples, warm, variant, fold, weights, network, settings, ranking, draws, run.seed, _print_loss
    )
    write_store(label_prediction(result, examples, variant, fold), fit, FIT, run)


def _print_loss(step: int, loss: float) -> None:
    print(f"step {step}  loss {loss:.5f}", flush=True)


def fit_network(
    examples: Examples,
    start: xr.Dataset | None,
    variant: Variant,
    fold: int,
    weights: WeightSettings,
    network: HeteroencoderSettings,
    settings: DamageFitSettings,
    ranking: RankingSettings,
    draws: int,
    seed: str,
    report: Callable[[int, float], None] | None = None,
) -> xr.Dataset:
    """Fit one network on one fold and predict its test specimens.

    `start` is the deterministic fit whose weights begin a variational one. The result holds over `specimen`
    the `mean`, ranks of the true place of failure, for variational fits `std` and the `draws` of the
    realizations a to l, and the weights.
    """
    rows = examples.rows
    pores, target = examples.pores[rows.train], examples.target[rows.train]
    name = (seed, "heteroencoder", variant.kind, variant.transform, variant.weighting, fold)
    parameters = build_heteroencoder(network, seed_from_name(*name))
    if start is not None:
        parameters = warm_start(parameters, unpack(start, parameters))
    data = DamageData(pores, target, weight_table(variant.weighting, target, ~pores, weights))
    fitted = fit_damage(parameters, data, network, settings, seed_from_name(*name, "fit"), report)
    result = _predict(fitted.parameters, examples, network, ranking, draws, seed_from_name(*name, "draws"))
    result = pack(result, fitted.parameters).assign(loss=("step", fitted.loss.astype(np.float32)))
    if network.estimator != "none":  # the others have no likelihood
        result = result.assign_attrs(noise_std=fitted.noise_std, evidence=settings.evidence)
    return result.assign_attrs(seconds=fitted.seconds)


def _predict(
    parameters: Parameters,
    examples: Examples,
    network: HeteroencoderSettings,
    ranking: RankingSettings,
    draws: int,
    seed: int,
) -> xr.Dataset:
    rows = examples.rows
    pores, places = examples.pores[rows.test], examples.places[rows.test]
    if network.estimator == "none":
        mean = predict_fields(parameters, pores, network)
        return summarise(mean[None], mean, None, places, ranking)
    parts, kept = [], []
    for begin in range(0, len(pores), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        everything = np.arange(len(pores[block]))
        mean, std, fields = predict_draws(parameters, pores[block], network, draws, seed, everything)
        parts.append(summarise(fields, mean, std, places[block], ranking))
        inside = rows.realizations[(rows.realizations >= begin) & (rows.realizations < begin + _BLOCK)]
        kept.append(fields[:, inside - begin])
    result = xr.concat(parts, dim="specimen", data_vars="all")
    if len(rows.realizations):
        result["draws"] = (
            ("draw", "kept", "x", "y", "z"),
            np.concatenate(kept, axis=1).astype(np.float16),
        )
    return result


def pack(data: xr.Dataset, parameters: Parameters) -> xr.Dataset:
    """Add all parameters as one vector each."""
    leaves = [np.asarray(leaf).ravel() for leaf in jax.tree.leaves(parameters)]
    return data.assign(weights=("weight", np.concatenate(leaves).astype(np.float32)))


def unpack(data: xr.Dataset, like: Parameters) -> Parameters:
    """Point weights of a stored deterministic fit of the same architecture."""
    point = like._replace(
        layers=tuple(
            layer._replace(kernel=layer.kernel._replace(rho=None), bias=layer.bias._replace(rho=None))
            for layer in like.layers
        )
    )
    return restore(data["weights"].values, point)


def restore(vector: NDArray[np.floating], like: Parameters) -> Parameters:
    """Parameters shaped like `like` from the stored vector; raises ValueError if the lengths differ."""
    leaves, structure = jax.tree.flatten(like)
    sizes = [int(leaf.size) for leaf in leaves]
    if sum(sizes) != len(vector):
        raise ValueError(
            f"the stored fit has {len(vector)} parameters, the network {sum(sizes)}: fit it again"
        )
    pieces = np.split(vector, np.cumsum(sizes)[:-1])
    return jax.tree.unflatten(
        structure, [jnp.asarray(p.reshape(leaf.shape)) for p, leaf in zip(pieces, leaves, strict=True)]
    )
