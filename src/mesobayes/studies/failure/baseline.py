# SPDX-License-Identifier: GPL-3.0-or-later
"""Damage without a network: least squares on what anyone would measure around a voxel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.examples import (
    Examples,
    add_validation,
    label_prediction,
    prepare,
    summarise,
)
from mesobayes.studies.failure.fit_settings import BaselineSettings, WeightSettings
from mesobayes.studies.failure.folds import split_specimens
from mesobayes.studies.failure.loss_weights import WeightTable, weight_table
from mesobayes.studies.failure.place_settings import RankingSettings
from mesobayes.studies.failure.settings import SplitSettings, TransformSettings, Variant
from mesobayes.studies.failure.stores import FIT, SPECIMENS

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]
FEATURES = (
    *("porosity, width 1", "porosity, width 2", "porosity, width 4"),
    *("void share of the cross-section", "smoothed along z"),
    *("closeness of a pore", "size of the nearest pore", "its area across the load", "closeness of a face"),
)


def fit_baseline(
    specimens: Path,
    prediction: Path,
    variant: Variant,
    fold: int,
    split: SplitSettings,
    transform: TransformSettings,
    weighting: WeightSettings,
    settings: BaselineSettings,
    ranking: RankingSettings,
    run: Run,
) -> None:
    """Write the predictions of the regression on the test specimens of one fold, like those of a network.

    Its loss has the weights that a network of this variant has on this fold.
    """
    data = open_store(specimens, SPECIMENS, finite=("damage",), sample_id="specimen")
    examples = prepare(data, split_specimens(data, fold, split, run.seed), variant.transform, transform)
    train = examples.rows.train
    table = weight_table(variant.weighting, examples.target[train], ~examples.pores[train], weighting)
    result = predict_baseline(examples, table, settings, ranking)
    write_store(label_prediction(result, examples, variant, fold), prediction, FIT, run)


def predict_baseline(
    examples: Examples, table: WeightTable, settings: BaselineSettings, ranking: RankingSettings
) -> xr.Dataset:
    """Predict the test and validation specimens without a network."""
    test, train = examples.rows.test, examples.rows.train[: settings.specimens]
    weights = table.weights(examples.target[train], np.arange(len(train)))
    baseline = fit_pore_baseline(examples.pores[train], examples.target[train], weights, settings.ridge)
    parts = []
    for rows in (test, examples.rows.validation):
        mean = baseline.predict(examples.pores[rows])
        parts.append(summarise(mean[None], mean, None, examples.places[rows], ranking))
    return add_validation(*parts)


def pore_features(pores: BoolArray) -> FloatArray:
    """Features (x, y, z, feature) of one specimen, in the order of `FEATURES`."""
    void = pores.astype(float)
    smooth = [ndimage.gaussian_filter(void, width, mode="constant") for width in (1.0, 2.0, 4.0)]
    section = np.broadcast_to(void.mean(axis=(0, 1)), pores.shape)
    along = ndimage.gaussian_filter1d(section, 1.5, axis=2)
    labels, count = ndimage.label(pores, np.ones((3, 3, 3)))
    if count:
        distance, nearest = ndimage.distance_transform_edt(~pores, return_indices=True)
        owner = labels[tuple(nearest)]
        sizes = np.bincount(labels.ravel(), minlength=count + 1)
        area = np.zeros(count + 1)
        for number in range(1, count + 1):
            area[number] = (labels == number).any(axis=2).sum()  # projected on the plane across the load
        size, projected = np.log1p(sizes[owner]), np.sqrt(area[owner])
        near = np.exp(-distance / 2.0)
    else:
        size = projected = near = np.zeros(pores.shape)
    x, y = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in pores.shape[:2])
    face = np.broadcast_to(np.exp(-np.minimum(x[:, None], y[None, :]) / 2.0)[..., None], pores.shape)
    return np.stack([*smooth, section, along, near, size, projected, face], axis=-1).astype(np.float32)


def _expand(features: FloatArray) -> FloatArray:
    """1, the features, and all their products (voxel, term)."""
    n = features.shape[1]
    first, second = np.triu_indices(n)
    ones = np.ones((len(features), 1), features.dtype)
    return np.concatenate([ones, features, features[:, first] * features[:, second]], axis=1)


@dataclass(frozen=True)
class PoreBaseline:
    """Quadratic regression of the (transformed) damage on the features of a voxel."""

    mean: FloatArray
    std: FloatArray
    weights: FloatArray

    def predict(self, pores: BoolArray) -> FloatArray:
        """Damage (n, x, y, z), 0 in voids."""
        fields = []
        for specimen in pores:
            features = (pore_features(specimen).reshape(-1, len(FEATURES)) - self.mean) / self.std
            fields.append((_expand(features) @ self.weights).reshape(specimen.shape))
        return np.where(pores, 0.0, np.stack(fields)).astype(np.float32)


def fit_pore_baseline(
    pores: BoolArray, target: FloatArray, weights: FloatArray, ridge: float
) -> PoreBaseline:
    """Weighted least squares on the solid voxels of specimens (n, x, y, z).

    Args:
        pores, target: of the specimens.
        weights: of the squared error of every voxel, with a mean of about 1.
        ridge: penalty of the coefficients per voxel.
    """
    features = [pore_features(specimen)[~specimen] for specimen in pores]
    stacked = np.concatenate(features)
    mean, std = stacked.mean(axis=0), stacked.std(axis=0) + 1e-6
    terms = 1 + len(FEATURES) + len(FEATURES) * (len(FEATURES) + 1) // 2
    normal, right, count = np.zeros((terms, terms)), np.zeros(terms), 0
    for f, solid, t, weight in zip(features, ~pores, target, weights, strict=True):
        a = _expand((f - mean) / std).astype(float)
        weighted = a * weight[solid][:, None]
        normal += weighted.T @ a
        right += weighted.T @ t[solid]
        count += len(a)
    coefficients = np.linalg.solve(normal + ridge * count * np.eye(terms), right)
    return PoreBaseline(mean, std, coefficients.astype(np.float32))
