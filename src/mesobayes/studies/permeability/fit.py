# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks fitted to families of cells: splits, new fits and transfer, predictions of unseen cells."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
import xarray as xr
from flax import nnx

from mesobayes.learning.outliers import fit_outlier_detector
from mesobayes.metrics.regression import FractionBaseline, coverage_factor, fit_fraction_baseline
from mesobayes.nets.build import build_network
from mesobayes.nets.permeability import (
    PeriodicPermeabilityNet,
    PermeabilityNetwork,
)
from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name, seed_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.permeability.data import CELLS
from mesobayes.studies.permeability.draws import (
    load_permeability_network,
    pooled_features,
    predict_draws,
    save_permeability_network,
)
from mesobayes.studies.permeability.regression import LabelledImages, Report, fit_regression
from mesobayes.studies.permeability.regression_settings import RegressionSettings
from mesobayes.studies.permeability.scores import calibration, scores
from mesobayes.studies.permeability.settings import PredictionSettings, SplitSettings

FIT = "permeability/fit"  # schema of the predictions of a fit
TRAINING, VALIDATION, TEST = 0, 1, 2


def fit_permeability(
    cells: Path,
    start: Path | None,
    fit: Path,
    weights: Path,
    name: str,
    network: PermeabilityNetworkSettings,
    settings: RegressionSettings,
    split: SplitSettings,
    prediction: PredictionSettings,
    run: Run,
) -> None:
    """Fit one network to a family of cells; write its predictions of the test cells and its weights.

    Args:
        start: weights to go on from; None for a new network.
        name: name of the fit, part of its seed.
    """
    data = open_store(cells, CELLS, finite=("permeability", "volume_fraction"), sample_id="sample")
    fitted, predictions = fit_cells(
        data,
        network,
        settings,
        split,
        run.seed,
        name,
        prediction,
        None if start is None else load_permeability_network(start),
        run.checkpoint,
        lambda line: print(line, flush=True),
    )
    save_permeability_network(fitted, weights)
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

    Every cell is a structure of its own: no two share an image. Raises ValueError for fewer than three cells.
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
    fit_settings: RegressionSettings,
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
        name: name of the fit, part of its seed.
        initial: network to go on from (transfer learning); by default a new one.

    Returns:
        The network, and for the test cells `log_mean`, `log_truth`, `log_baseline`, `epistemic_std`,
        `noise_std` (sample, i), `volume_fraction (sample)`, `history (epoch, part)`; scores and calibration
        in the attributes.
    """
    split = split_cells(cells["sample"].values, split_settings, study_seed, cells.attrs["family"])
    images = cells["image"].values
    components = network_settings.outputs
    diagonal = np.diagonal(cells["permeability"].values, axis1=1, axis2=2)[:, :components]
    fraction, target = cells["volume_fraction"].values, np.log(diagonal)
    training, validation, test = (np.flatnonzero(split == part) for part in (TRAINING, VALIDATION, TEST))
    baseline = fit_fraction_baseline(fraction[training], target[training])

    seeds = fit_seeds(study_seed, cells.attrs["family"], name)
    network = build_network(network_settings, seeds.weights) if initial is None else nnx.clone(initial)
    if isinstance(network, PeriodicPermeabilityNet):
        _set_constants(
            network, baseline, images[training][: fit_settings.feature_images], initial is not None
        )
    fit = fit_regression(
        network,
        LabelledImages(images[training], target[training].astype(np.float32)),
        LabelledImages(images[validation], target[validation].astype(np.float32)),
        fit_settings,
        seeds.fit,
        checkpoint,
        report,
    )
    held_out = predict_draws(fit.network, images[validation], prediction.draws, seeds.calibration)
    predicted = predict_draws(fit.network, images[test], prediction.draws, seeds.draws)
    without_image = np.repeat(baseline.predict(fraction[test])[:, None], components, axis=1)
    result = xr.Dataset(
        {
            key: (("sample", "i"), values.astype(np.float64), {"long_name": text, "units": "1"})
            for key, values, text in (
                ("log_mean", predicted.mean, "predicted logarithm of the permeability"),
                ("log_truth", target[test], "logarithm of the computed permeability"),
                ("log_baseline", without_image, "prediction from the volume fraction alone"),
                ("epistemic_std", predicted.epistemic_std, "standard deviation over weight draws"),
                ("noise_std", predicted.noise_std, "standard deviation of the likelihood"),
            )
        },
        coords={"sample": cells["sample"].values[test], "i": cells["i"].values[:components]},
        attrs={
            "family": cells.attrs["family"],
            "model": name,
            "n_training": len(training),
            "n_validation": len(validation),
            "n_test": len(test),
            "fit_seconds": fit.seconds,
            "epochs": len(fit.history),
            "draws": prediction.draws,
            "fit_seed": str(seeds.fit),
            "draw_seed": str(seeds.draws),
            "baseline_coefficients": baseline.coefficients.tolist(),
            "baseline_spread": baseline.spread,
            "fraction_range": [float(fraction[training].min()), float(fraction[training].max())],
        },
    )
    result["volume_fraction"] = ("sample", fraction[test], {"long_name": "volume fraction", "units": "1"})
    result["history"] = (
        ("epoch", "part"),
        fit.history,
        {"long_name": "mean squared error of log permeability", "units": "1"},
    )
    result = result.assign_coords(epoch=np.arange(1, len(fit.history) + 1), part=["training", "validation"])
    result.attrs |= scores(result)
    result.attrs["interval_level"] = prediction.level
    result.attrs["interval_half_width"] = coverage_factor(  # of log μ, the same for every image
        target[validation], held_out.mean, np.ones_like(held_out.mean), prediction.level
    )
    if network_settings.estimator != "none":
        factor = coverage_factor(target[validation], held_out.mean, held_out.predictive_std, prediction.level)
        result.attrs |= calibration(result, factor, prediction.level)
    if isinstance(fit.network, PeriodicPermeabilityNet):
        detector = _outliers(fit.network, images[training], images[validation], prediction)
        result = result.merge(detector, combine_attrs="override")
    return fit.network, result


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
    units = {"units": "1"}
    return xr.Dataset(
        {
            "feature_mean": ("feature", detector.mean, {"long_name": "mean of the pooled features", **units}),
            "feature_whitening": (
                ("feature", "direction"),
                detector.whitening,
                {"long_name": "whitening of the pooled features", **units},
            ),
            "outlier_threshold": ((), detector.threshold, {"long_name": "largest usual distance", **units}),
        }
    )
