# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks fitted to families of cells: splits, new fits and transfer, predictions of unseen cells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import xarray as xr
from flax import nnx

from mesobayes.learning.fit import FitResult, fit
from mesobayes.learning.outliers import fit_outlier_detector
from mesobayes.learning.progress import Report, print_progress
from mesobayes.learning.weights import save_network
from mesobayes.metrics.regression import FractionBaseline, coverage_factor, fit_fraction_baseline
from mesobayes.nets.build import build_network
from mesobayes.nets.permeability import PeriodicPermeabilityNet, PermeabilityNetwork
from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name, seed_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.permeability.predict import (
    LogPrediction,
    load_permeability_network,
    pooled_features,
    predict_log,
)
from mesobayes.studies.permeability.scores import calibration, scores
from mesobayes.studies.permeability.settings import CellFitSettings, PredictionSettings, SplitSettings
from mesobayes.studies.permeability.stores import CELLS, FIT
from mesobayes.studies.permeability.task import CellTask, LabelledImages, cell_task

TRAINING, VALIDATION, TEST = 0, 1, 2


def fit_permeability(
    cells: Path,
    start: Path | None,
    fit: Path,
    weights: Path,
    name: str,
    network: PermeabilityNetworkSettings,
    settings: CellFitSettings,
    split: SplitSettings,
    prediction: PredictionSettings,
    run: Run,
) -> None:
    """Fit one network to a family of cells; write its predictions of the test cells and its weights.

    Args:
        start: weights to go on from; None for a new network.
        name: name of the fit, part of its seeds.
    """
    fitted, predictions = fit_cells(
        open_store(cells, CELLS, finite=("permeability", "volume_fraction"), sample_id="sample"),
        network,
        settings,
        split,
        run.seed,
        name,
        prediction,
        None if start is None else load_permeability_network(start),
        run.checkpoint,
        print_progress,
    )
    save_network(fitted, weights, run)
    write_store(predictions, fit, FIT, run)


class FitSeeds(NamedTuple):
    """Seeds of one fit, each of a purpose of its own."""

    weights: int
    fit: int
    calibration: int
    draws: int


def fit_seeds(study_seed: str, family: str, name: str) -> FitSeeds:
    """Return the seeds of a fit from its name."""
    return FitSeeds(
        *(seed_from_name(study_seed, "permeability", family, name, purpose) for purpose in FitSeeds._fields)
    )


def split_cells(samples: np.ndarray, settings: SplitSettings, study_seed: str, family: str) -> np.ndarray:
    """0 training, 1 validation, 2 test for cells with the given ids; at least one of each.

    Every cell is a structure of its own: no two share an image.

    Raises:
        ValueError: there are fewer than three cells.
    """
    if len(samples) < 3:
        raise ValueError(f"{len(samples)} cells cannot be split in three: raise the number of cells")
    order = rng_from_name(study_seed, "permeability", family, "split").permutation(len(samples))
    n_test = max(1, round(settings.test * len(samples)))
    n_validation = max(1, round(settings.validation * len(samples)))
    split = np.full(len(samples), TRAINING, np.uint8)
    split[order[:n_test]] = TEST
    split[order[n_test : n_test + n_validation]] = VALIDATION
    return split


def fit_cells(
    cells: xr.Dataset,
    network_settings: PermeabilityNetworkSettings,
    fit_settings: CellFitSettings,
    split_settings: SplitSettings,
    study_seed: str,
    name: str,
    prediction: PredictionSettings,
    initial: PermeabilityNetwork | None = None,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> tuple[PermeabilityNetwork, xr.Dataset]:
    """Fit one network to a family of cells and evaluate it on the test cells.

    Args:
        name: name of the fit, part of its seeds.
        initial: network to go on from (transfer learning); by default a new one.

    Returns:
        The network, and for the test cells `log_mean`, `log_truth`, `log_baseline`, `epistemic_std`,
        `noise_std` (sample, i), the last where a likelihood was fitted; `volume_fraction (sample)`,
        `history (epoch, part)`; scores and calibration in the attributes.
    """
    family = cells.attrs["family"]
    seeds = fit_seeds(study_seed, family, name)
    split = split_cells(cells["sample"].values, split_settings, study_seed, family)
    parts = [cells.isel(sample=np.flatnonzero(split == part)) for part in (TRAINING, VALIDATION, TEST)]
    training, validation, test = (_labelled(part, network_settings.outputs) for part in parts)
    fraction = parts[TRAINING]["volume_fraction"].values
    baseline = fit_fraction_baseline(fraction, training.target)

    network = build_network(network_settings, seeds.weights) if initial is None else nnx.clone(initial)
    if isinstance(network, PeriodicPermeabilityNet):
        _set_constants(network, baseline, training.images[: fit_settings.feature_images], initial is not None)
    fit_settings = replace(fit_settings, batch=min(fit_settings.batch, len(training.images)))
    task = cell_task(network, fit_settings, _single(training), _single(validation))
    result = fit(task, network, fit_settings, seeds.fit, checkpoint, report)
    history = epoch_history(result, task)

    predictions = _predictions(
        parts[TEST], test, predict_log(result.network, test.images, prediction.draws, seeds.draws), baseline
    )
    if fit_settings.loss == "mse":
        predictions = predictions.drop_vars("noise_std")  # no likelihood was fitted
    predictions["history"] = (
        ("epoch", "part"),
        history,
        {"long_name": "mean squared error of log permeability", "units": "1"},
    )
    predictions = predictions.assign_coords(
        epoch=np.arange(1, len(history) + 1), part=["training", "validation"]
    )
    predictions.attrs = {
        "family": family,
        "model": name,
        "n_training": len(training.images),
        "n_validation": len(validation.images),
        "n_test": len(test.images),
        "fit_seconds": result.seconds,
        "epochs": len(history),
        "steps": len(result.history),
        "evidence": fit_settings.evidence,
        "precision": result.precision,
        "draws": prediction.draws,
        "fit_seed": str(seeds.fit),
        "draw_seed": str(seeds.draws),
        "baseline_coefficients": baseline.coefficients.tolist(),
        "baseline_spread": baseline.spread,
        "fraction_range": [float(fraction.min()), float(fraction.max())],
        **scores(predictions),
    }
    held_out = predict_log(result.network, validation.images, prediction.draws, seeds.calibration)
    predictions.attrs |= calibration(
        predictions,
        prediction.level,
        coverage_factor(validation.target, held_out.mean, np.ones_like(held_out.mean), prediction.level),
        None
        if network_settings.estimator == "none"
        else coverage_factor(validation.target, held_out.mean, held_out.predictive_std, prediction.level),
    )
    if isinstance(result.network, PeriodicPermeabilityNet):
        detector = _outliers(result.network, training.images, validation.images, prediction)
        predictions = predictions.merge(detector, combine_attrs="override")
    return result.network, predictions


def epoch_history(result: FitResult, task: CellTask) -> np.ndarray:
    """Mean squared errors of log μ, (epoch, [training, validation]), from the steps and from the score."""
    ends = result.scores[:, 0].astype(int)
    squares = result.history[:, result.terms.index(task.terms[0])]
    training = [part.mean() for part in np.split(squares, ends)[: len(ends)]]
    return np.column_stack([training, result.scores[:, 1]])


def _labelled(cells: xr.Dataset, components: int) -> LabelledImages:
    """Images and log μ in double precision of the first components."""
    diagonal = np.diagonal(cells["permeability"].values, axis1=1, axis2=2)[:, :components]
    return LabelledImages(cells["image"].values, np.log(diagonal))


def _single(labelled: LabelledImages) -> LabelledImages:
    """The same with labels in single precision, as the device takes them."""
    return labelled._replace(target=labelled.target.astype(np.float32))


def _predictions(
    cells: xr.Dataset, labelled: LabelledImages, predicted: LogPrediction, baseline: FractionBaseline
) -> xr.Dataset:
    """Predictions of cells beside their labels and what the volume fraction tells."""
    fraction = cells["volume_fraction"]
    without_image = np.repeat(baseline.predict(fraction.values)[:, None], labelled.target.shape[1], axis=1)
    variables = {
        "log_mean": (predicted.mean, "predicted logarithm of the permeability"),
        "log_truth": (labelled.target, "logarithm of the computed permeability"),
        "log_baseline": (without_image, "prediction from the volume fraction alone"),
        "epistemic_std": (predicted.epistemic_std, "standard deviation over weight draws"),
        "noise_std": (predicted.noise_std, "standard deviation of the likelihood"),
    }
    predictions = xr.Dataset(
        {
            key: (("sample", "i"), values.astype(np.float64), {"long_name": text, "units": "1"})
            for key, (values, text) in variables.items()
        },
        coords={"sample": cells["sample"].values, "i": cells["i"].values[: labelled.target.shape[1]]},
    )
    predictions["volume_fraction"] = fraction.variable
    return predictions


def _set_constants(
    network: PeriodicPermeabilityNet, baseline: FractionBaseline, images: np.ndarray, keep_features: bool
) -> None:
    """Set what the network takes from the training set before the fit: baseline and scales."""
    network.baseline[...] = jnp.asarray(baseline.coefficients, jnp.float32)
    network.correction_scale[...] = jnp.float32(max(baseline.spread, 1e-3))
    if not keep_features:
        features = pooled_features(network, images)
        network.feature_mean[...] = jnp.asarray(features.mean(axis=0))
        network.feature_std[...] = jnp.asarray(np.maximum(features.std(axis=0), 1e-3))


def _outliers(
    network: PeriodicPermeabilityNet,
    training: np.ndarray,
    validation: np.ndarray,
    settings: PredictionSettings,
) -> xr.Dataset:
    """What decides whether an image is unlike the training images."""
    detector = fit_outlier_detector(
        pooled_features(network, training),
        pooled_features(network, validation),
        settings.outlier_quantile,
        settings.outlier_ridge,
    )
    variables = {
        "feature_mean": (("feature",), detector.mean, "mean of the pooled features"),
        "feature_whitening": (
            ("feature", "direction"),
            detector.whitening,
            "whitening of the pooled features",
        ),
        "outlier_threshold": ((), detector.threshold, "largest usual distance"),
    }
    return xr.Dataset(
        {
            key: (dims, values, {"long_name": text, "units": "1"})
            for key, (dims, values, text) in variables.items()
        }
    )
