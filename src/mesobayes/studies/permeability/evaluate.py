# SPDX-License-Identifier: GPL-3.0-or-later
"""What is stored of a fit: predictions beside labels, losses, calibrated intervals, usual images."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from mesobayes.learning.fit import FitResult
from mesobayes.learning.outliers import fit_outlier_detector
from mesobayes.metrics.regression import FractionBaseline, coverage_factor
from mesobayes.nets.permeability import PeriodicPermeabilityNet, PermeabilityNetwork
from mesobayes.studies.permeability.predict import LogPrediction, pooled_features, predict_log
from mesobayes.studies.permeability.scores import calibration, scores
from mesobayes.studies.permeability.settings import PredictionSettings
from mesobayes.studies.permeability.split import FitSeeds, Parts, labelled
from mesobayes.studies.permeability.task import CellTask, LabelledImages


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
        the last where a likelihood was fitted; `volume_fraction (sample)`, `history (epoch, part)`; of a
        periodic network what makes an image unusual; scores and calibration in the attributes.
    """
    network = result.network
    training, validation, test = (labelled(part, task.network.outputs) for part in parts)
    predicted = predict_log(network, test.images, settings.draws, seeds.draws)
    predictions = beside_labels(parts.test, test, predicted, baseline)
    if task.settings.loss == "mse":
        predictions = predictions.drop_vars("noise_std")  # no likelihood was fitted
    predictions = add_history(predictions, epoch_history(result, task))
    fraction = parts.training["volume_fraction"].values
    predictions.attrs = {
        "family": parts.test.attrs["family"],
        "model": name,
        "n_training": len(training.images),
        "n_validation": len(validation.images),
        "n_test": len(test.images),
        "fit_seconds": result.seconds,
        "epochs": predictions.sizes["epoch"],
        "steps": len(result.history),
        "evidence": task.settings.evidence,
        "precision": result.precision,
        "draws": settings.draws,
        "fit_seed": str(seeds.fit),
        "draw_seed": str(seeds.draws),
        "baseline_coefficients": baseline.coefficients.tolist(),
        "baseline_spread": baseline.spread,
        "fraction_range": [float(fraction.min()), float(fraction.max())],
        **scores(predictions),
    }
    held_out = predict_log(network, validation.images, settings.draws, seeds.calibration)
    variational = task.network.estimator != "none"
    predictions.attrs |= calibrated(predictions, validation.target, held_out, settings.level, variational)
    if isinstance(network, PeriodicPermeabilityNet):
        unlike = outliers(network, training.images, validation.images, settings)
        predictions = predictions.merge(unlike, combine_attrs="override")
    return predictions


def beside_labels(
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
    predictions: xr.Dataset, truth: np.ndarray, held_out: LogPrediction, level: float, variational: bool
) -> dict[str, Any]:
    """Intervals calibrated on the labels of the validation cells, and their coverage of the test cells."""
    half_width = coverage_factor(truth, held_out.mean, np.ones_like(held_out.mean), level)
    factor = coverage_factor(truth, held_out.mean, held_out.predictive_std, level) if variational else None
    return calibration(predictions, level, half_width, factor)


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
