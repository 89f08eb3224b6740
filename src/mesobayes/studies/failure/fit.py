# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of heteroencoders on folds of the specimens, and their predictions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.fem.bar.failure import FAILED
from mesobayes.learning.damage_fit import (
    DamageData,
    DamageFitSettings,
    fit_damage,
    predict_draws,
    predict_fields,
)
from mesobayes.metrics.clusters import (
    RANK_LEVEL,
    RANK_THRESHOLD,
    rank_clusters,
    rank_of_place,
)
from mesobayes.nets.functional_heteroencoder import Parameters, build_heteroencoder, warm_start
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.record.seeds import seed_from_name
from mesobayes.studies.failure.baseline import fit_pore_baseline
from mesobayes.studies.failure.specimens import assign_folds, choose_realizations
from mesobayes.studies.failure.target import (
    Transform,
    TransformSettings,
    Weighting,
    transform_damage,
    weight_table,
)

_BLOCK = 64


class Fold(NamedTuple):
    """Rows of good specimens: training, test, and which of the test rows are the realizations a to l."""

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    realizations: NDArray[np.int64]


@dataclass(frozen=True)
class Variant:
    """One model of the study: "point", "bayes", "modern" or "baseline", its target and its weighting."""

    kind: str
    transform: Transform
    weighting: Weighting

    @property
    def name(self) -> str:
        return f"{self.kind}_{self.transform}_{self.weighting}"


def split(specimens: xr.Dataset, fold: int, folds: int, seed: str) -> Fold:
    """Test on one fold, train on seven eighths of the rest: 7 : 1 : 2 with five folds."""
    numbers = assign_folds(specimens.sizes["specimen"], folds, seed)
    good = specimens["status"].values == FAILED
    test = np.flatnonzero(good & (numbers == fold))
    rest = np.flatnonzero(good & (numbers != fold))
    train = rest[np.arange(len(rest)) % 8 != 7]
    if fold == 0:
        realizations = np.searchsorted(test, choose_realizations(specimens["status"].values, numbers))
    else:
        realizations = np.zeros(0, np.int64)
    return Fold(train, test, realizations)


def fit_fold(
    specimens: xr.Dataset,
    start: xr.Dataset | None,
    variant: Variant,
    fold: int,
    folds: int,
    transform: TransformSettings,
    network: HeteroencoderSettings,
    fit: DamageFitSettings,
    draws: int,
    seed: str,
    report: Callable[[int, float], None] | None = None,
) -> xr.Dataset:
    """Fit one variant on one fold and predict its test specimens.

    `start` is the deterministic fit whose weights begin a variational one. The result holds over `specimen`
    the `mean` and `target`, ranks of the true place of failure, for variational fits `std` and the `draws`
    of the realizations a to l, and the weights.
    """
    rows = split(specimens, fold, folds, seed)
    pores = specimens["pores"].values.astype(bool)
    target = transform_damage(specimens["damage"].values, ~pores, variant.transform, transform)
    train, test = rows.train, rows.test
    places = specimens["failed_voxel"].values[test]
    if variant.kind == "baseline":
        model = fit_pore_baseline(pores[train], target[train])
        mean = model.predict(pores[test])
        result = summarise(mean[None], mean, None, places)
    else:
        name = (seed, "heteroencoder", variant.kind, variant.transform, variant.weighting, fold)
        parameters = build_heteroencoder(network, seed_from_name(*name))
        if start is not None:
            parameters = warm_start(parameters, unpack(start, parameters))
        data = DamageData(
            pores[train], target[train], weight_table(variant.weighting, target[train], ~pores[train])
        )
        fitted = fit_damage(parameters, data, network, fit, seed_from_name(*name, "fit"), report)
        result = _predict(fitted.parameters, pores[test], places, rows, network, draws, seed)
        result = pack(result, fitted.parameters).assign(loss=("step", fitted.loss.astype(np.float32)))
        result.attrs |= {"noise_std": fitted.noise_std, "seconds": fitted.seconds}
    return (
        result.assign(
            target=(("specimen", "x", "y", "z"), target[test].astype(np.float16)),
            pores=(("specimen", "x", "y", "z"), pores[test].astype(np.uint8)),
            failed_voxel=(("specimen", "axis"), places),
        )
        .assign_coords(specimen=specimens["specimen"].values[test])
        .assign_attrs(
            variant=variant.name,
            kind=variant.kind,
            transform=variant.transform,
            weighting=variant.weighting,
            fold=fold,
            n_train=len(train),
            n_test=len(test),
            realizations=rows.realizations.tolist(),
        )
    )


def _predict(
    parameters: Parameters,
    pores: NDArray[np.bool_],
    places: NDArray[np.integer],
    rows: Fold,
    network: HeteroencoderSettings,
    draws: int,
    seed: str,
) -> xr.Dataset:
    if network.estimator == "none":
        mean = predict_fields(parameters, pores, network)
        return summarise(mean[None], mean, None, places)
    parts, kept = [], []
    for begin in range(0, len(pores), _BLOCK):
        block = slice(begin, begin + _BLOCK)
        everything = np.arange(len(pores[block]))
        mean, std, fields = predict_draws(
            parameters, pores[block], network, draws, seed_from_name(seed, "draws"), everything
        )
        parts.append(summarise(fields, mean, std, places[block]))
        inside = rows.realizations[(rows.realizations >= begin) & (rows.realizations < begin + _BLOCK)]
        kept.append(fields[:, inside - begin])
    result = xr.concat(parts, dim="specimen", data_vars="all")
    if len(rows.realizations):
        result["draws"] = (
            ("draw", "kept", "x", "y", "z"),
            np.concatenate(kept, axis=1).astype(np.float16),
        )
    return result


def summarise(
    draws: NDArray[np.floating],
    mean: NDArray[np.floating],
    std: NDArray[np.floating] | None,
    places: NDArray[np.integer],
) -> xr.Dataset:
    """Fields and the rank of the true place among the clusters, from draws (draw, n, x, y, z)."""
    ranked = [rank_clusters(draws[:, i], RANK_THRESHOLD, RANK_LEVEL) for i in range(len(mean))]
    ranks = [rank_of_place(r, place) for r, place in zip(ranked, places, strict=True)]
    axes = ("specimen", "x", "y", "z")
    data = xr.Dataset(
        {
            "mean": (axes, mean.astype(np.float16)),
            "rank": ("specimen", np.array(ranks, np.int32), {"long_name": "rank of the true place, 0: none"}),
            "clusters": ("specimen", np.array([len(r.mass) for r in ranked], np.int32)),
        }
    )
    if std is not None:
        data["std"] = (axes, std.astype(np.float16))
    return data


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
