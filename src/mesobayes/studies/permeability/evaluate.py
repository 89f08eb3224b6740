# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stored of a fit: predictions beside labels, losses, calibrated intervals, usual images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.learning.fit import FitResult
from mesobayes.learning.outliers import fit_outlier_detector
from mesobayes.metrics.regression import (
    FractionBaseline,
    coverage_factor,
    fit_fraction_baseline,
    fit_fraction_spread,
)
from mesobayes.nets.permeability import PeriodicPermeabilityNet, PermeabilityNetwork
from mesobayes.studies.permeability.predict import LogPrediction, pooled_features, predict_log, predict_mean
from mesobayes.studies.permeability.scores import calibration, scores
from mesobayes.studies.permeability.settings import PredictionSettings
from mesobayes.studies.permeability.split import FitSeeds, Parts, labelled
from mesobayes.studies.permeability.task import CellTask


def evaluate(
    result: FitResult[PermeabilityNetwork],
    task: CellTask,
    parts: Parts,
    baseline: FractionBaseline,
    name: str,
    seeds: FitSeeds,
    settings: PredictionSettings,
) -> xr.Dataset:
    """Predict the test cells of a fit, calibrate its intervals on the validation cells, and describe it.

    Returns:
        For the test cells `log_mean`, `log_truth`, `log_baseline`, `epistemic_std`, `noise_std` (sample, i),
        the last of the likelihood or of the errors in training; `volume_fraction (sample)`, `history (epoch,
        part)`; of a periodic network what makes an image unusual; scores and calibration in the attributes.
    """
    network = result.network
    training, validation, test = (labelled(part, task.network.outputs) for part in parts)
    targets = [part.target for part in (training, validation, test)]
    predicted = predict_log(network, test.images, settings.draws, seeds.draws)
    held_out = predict_log(network, validation.images, settings.draws, seeds.calibration)
    if task.settings.loss == "mse":  # no likelihood was fitted
        means = [predict_mean(network, training.images), held_out.mean, predicted.mean]
        predictions = described(parts, targets, means, name, settings.level)
    else:
        predictions = beside_labels(parts.test, targets[-1], predicted, baseline)
        predictions.attrs = facts(parts, baseline, name) | scores(predictions)
        predictions.attrs |= calibrated(predictions, targets[1], held_out, settings.level)
    predictions = add_history(predictions, epoch_history(result, task))
    predictions.attrs |= {
        "fit_seconds": result.seconds,
        "epochs": predictions.sizes["epoch"],
        "steps": len(result.history),
        "evidence": task.settings.evidence,
        "precision": result.precision,
        "draws": settings.draws,
        "fit_seed": str(seeds.fit),
        "draw_seed": str(seeds.draws),
    }
    if isinstance(network, PeriodicPermeabilityNet):
        unlike = outliers(network, training.images, validation.images, settings)
        predictions = predictions.merge(unlike, combine_attrs="override")
    return predictions


def described(
    parts: Parts, targets: Sequence[np.ndarray], means: Sequence[np.ndarray], name: str, level: float
) -> xr.Dataset:
    """Predictions of the test cells by a model without a likelihood, with scores and calibrated intervals.

    The spread of its errors is a parabola in the volume fraction, fitted to the training cells; held-out
    cells then say how many spreads an interval needs.

    Args:
        targets, means: log μ and its predictions (n, i) of the training, validation and test cells.
    """
    fraction = [part["volume_fraction"].values for part in parts]
    baseline = fit_fraction_baseline(fraction[0], targets[0])
    spread = fit_fraction_spread(fraction[0], targets[0] - means[0])
    held_out, predicted = (
        LogPrediction(mean, np.zeros_like(mean), np.repeat(spread.predict(f)[:, None], mean.shape[1], axis=1))
        for mean, f in zip(means[1:], fraction[1:], strict=True)
    )
    predictions = beside_labels(parts.test, targets[2], predicted, baseline)
    predictions.attrs = facts(parts, baseline, name) | scores(predictions)
    predictions.attrs |= calibrated(predictions, targets[1], held_out, level)
    predictions.attrs["spread_coefficients"] = spread.coefficients.tolist()
    return predictions


def facts(parts: Parts, baseline: FractionBaseline, name: str) -> dict[str, Any]:
    """What a fit was made of."""
    fraction = parts.training["volume_fraction"].values
    return {
        "family": parts.test.attrs["family"],
        "model": name,
        "n_training": parts.training.sizes["sample"],
        "n_validation": parts.validation.sizes["sample"],
        "n_test": parts.test.sizes["sample"],
        "baseline_coefficients": baseline.coefficients.tolist(),
        "baseline_spread": baseline.spread,
        "fraction_range": [float(fraction.min()), float(fraction.max())],
    }


def beside_labels(
    cells: xr.Dataset, target: np.ndarray, predicted: LogPrediction, baseline: FractionBaseline
) -> xr.Dataset:
    """Predictions of cells beside their labels (n, i) and what the volume fraction tells."""
    fraction = cells["volume_fraction"]
    without_image = np.repeat(baseline.predict(fraction.values)[:, None], target.shape[1], axis=1)
    variables = {
        "log_mean": (predicted.mean, "predicted logarithm of the permeability"),
        "log_truth": (target, "logarithm of the computed permeability"),
        "log_baseline": (without_image, "prediction from the volume fraction alone"),
        "epistemic_std": (predicted.epistemic_std, "standard deviation over weight draws"),
        "noise_std": (
            predicted.noise_std,
            "standard deviation of the likelihood, or of the errors in training",
        ),
    }
    predictions = xr.Dataset(
        {
            key: (("sample", "i"), values.astype(np.float64), {"long_name": text, "units": "1"})
            for key, (values, text) in variables.items()
        },
        coords={"sample": cells["sample"].values, "i": cells["i"].values[: target.shape[1]]},
    )
    predictions["volume_fraction"] = fraction.variable
    return predictions


def epoch_history(result: FitResult, task: CellTask) -> np.ndarray:
    """Mean squared errors of log μ, (epoch, [training, validation]), from the steps and from the score."""
    ends = result.scores[:, 0].astype(int)
    squares = result.history[:, result.terms.index(task.terms[0])]
    training = [part.mean() for part in np.split(squares, ends)[: len(ends)]]
    return np.column_stack([training, result.scores[:, 1]])


def add_history(predictions: xr.Dataset, history: np.ndarray) -> xr.Dataset:
    """Add the losses (epoch, [training, validation]) to the predictions of a fit."""
    text = {"long_name": "mean squared error of log permeability", "units": "1"}
    return predictions.assign(history=(("epoch", "part"), history, text)).assign_coords(
        epoch=np.arange(1, len(history) + 1), part=["training", "validation"]
    )


def calibrated(
    predictions: xr.Dataset, truth: np.ndarray, held_out: LogPrediction, level: float
) -> dict[str, Any]:
    """Intervals calibrated on the labels of the validation cells, and their coverage of the test cells."""
    return calibration(
        predictions, level, coverage_factor(truth, held_out.mean, held_out.predictive_std, level)
    )


def outliers(
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
