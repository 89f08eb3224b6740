# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks that predict permeability: splits, fits, transfer, calibrated intervals, scores."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import xarray as xr
from flax import nnx

from mesobayes.learning.outliers import fit_outlier_detector
from mesobayes.learning.regression import (
    LabelledImages,
    RegressionSettings,
    Report,
    fit_regression,
)
from mesobayes.learning.regression_prediction import pooled_features, predict_draws
from mesobayes.metrics.regression import (
    FractionBaseline,
    anisotropy_r2,
    coverage_factor,
    coverage_within,
    fit_fraction_baseline,
    mape,
    r2,
    skill,
)
from mesobayes.nets.build import build_network
from mesobayes.nets.permeability import PeriodicPermeabilityNet, PermeabilityNetwork
from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.record.seeds import rng_from_name, seed_from_name

TRAINING, VALIDATION, TEST = 0, 1, 2
LEVEL = 0.95  # of the calibrated intervals
_STATISTICS_IMAGES = 256  # enough for the scale of the features


@dataclass(frozen=True)
class SplitSettings:
    """Shares of the cells for validation and test (section 5.2: 15 % each)."""

    validation: float = 0.15
    test: float = 0.15


def split_cells(samples: np.ndarray, settings: SplitSettings, study_seed: str) -> np.ndarray:
    """0 training, 1 validation, 2 test for cells with the given ids; at least one of each.

    Every cell is a structure of its own: no two share an image. Raises ValueError for fewer than three cells.
    """
    if len(samples) < 3:
        raise ValueError(f"{len(samples)} cells cannot be split in three: raise the number of cells")
    order = rng_from_name(study_seed, "split").permutation(len(samples))
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
    draws: int,
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
    split = split_cells(cells["sample"].values, split_settings, study_seed)
    images = cells["image"].values
    components = network_settings.outputs
    diagonal = np.diagonal(cells["permeability"].values, axis1=1, axis2=2)[:, :components]
    fraction, target = cells["volume_fraction"].values, np.log(diagonal)
    training, validation, test = (np.flatnonzero(split == part) for part in (TRAINING, VALIDATION, TEST))
    baseline = fit_fraction_baseline(fraction[training], target[training])

    seed = seed_from_name(study_seed, "fit", cells.attrs["family"], name)
    network = build_network(network_settings, seed) if initial is None else nnx.clone(initial)
    if isinstance(network, PeriodicPermeabilityNet):
        _set_constants(network, baseline, images[training], keep_features=initial is not None)
    fit = fit_regression(
        network,
        LabelledImages(images[training], target[training].astype(np.float32)),
        LabelledImages(images[validation], target[validation].astype(np.float32)),
        fit_settings,
        seed,
        checkpoint,
        report,
    )
    held_out = predict_draws(fit.network, images[validation], draws, seed)
    predicted = predict_draws(fit.network, images[test], draws, seed)
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
            "draws": draws,
            "fit_seed": str(seed),
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
    result.attrs["interval_half_width"] = coverage_factor(  # of log μ, the same for every image
        target[validation], held_out.mean, np.ones_like(held_out.mean), LEVEL
    )
    if network_settings.estimator != "none":
        factor = coverage_factor(target[validation], held_out.mean, held_out.predictive_std, LEVEL)
        result.attrs |= _calibration(result, factor)
    if isinstance(fit.network, PeriodicPermeabilityNet):
        detector = _outliers(fit.network, images[training], images[validation])
        result = result.merge(detector, combine_attrs="override")
    return fit.network, result


def predict_tensor_diagonal(
    network: PermeabilityNetwork, fit: xr.Dataset, image: np.ndarray, draws: int
) -> dict[str, Any]:
    """Diagonal of the permeability of one image of any size, by the periodic network.

    The component along an axis is the network's component along x of the image with the two axes exchanged.
    Intervals are calibrated on the validation cells of the fit: by the predictive distribution of a
    variational network, else of constant width in log μ. `unlike_training` lists why they may not hold.
    """
    if not isinstance(network, PeriodicPermeabilityNet):
        raise TypeError("images of any size need the periodic network")
    half_widths, means, distance = [], [], 0.0
    for axis in range(image.ndim):
        turned = np.swapaxes(image, -1, -1 - axis)[None]
        log = predict_draws(network, turned, draws, int(fit.attrs["fit_seed"]), batch=1)
        means.append(float(log.mean[0, 0]))
        calibrated = fit.attrs.get("interval_factor", 0.0) * float(log.predictive_std[0, 0])
        half_widths.append(calibrated or float(fit.attrs["interval_half_width"]))
        whitened = (pooled_features(network, turned, batch=1) - fit["feature_mean"].values) @ fit[
            "feature_whitening"
        ].values
        distance = max(distance, float(np.sqrt(np.mean(whitened**2))))
    fraction, (low, high) = float(image.mean()), fit.attrs["fraction_range"]
    threshold = float(fit["outlier_threshold"])
    reasons = []
    if not low <= fraction <= high:
        reasons.append(f"volume fraction {fraction:.3f} outside the training range {low:.3f} to {high:.3f}")
    if distance > threshold:
        reasons.append(f"features at distance {distance:.2f}, beyond {threshold:.2f} of the training images")
    if any(edge % network.settings.multiple for edge in image.shape):
        reasons.append(
            f"an edge is no multiple of {network.settings.multiple} pixels: its continuation has a seam"
        )
    return {
        "volume_fraction": fraction,
        "components": ["xx", "yy", "zz"][: image.ndim],
        "permeability": [
            {"mean": float(np.exp(m)), "lower": float(np.exp(m - w)), "upper": float(np.exp(m + w))}
            for m, w in zip(means, half_widths, strict=True)
        ],
        "level": LEVEL,
        "out_of_distribution": bool(distance > threshold or not low <= fraction <= high),
        "feature_distance": distance,
        "feature_distance_usual": threshold,
        "unlike_training": reasons,
    }


def scores(result: xr.Dataset) -> dict[str, Any]:
    """Scores of a fit beside those of the volume fraction alone."""
    truth, mean, base = (result[key].values for key in ("log_truth", "log_mean", "log_baseline"))
    return {
        "mape": mape(np.exp(truth), np.exp(mean)).tolist(),
        "r2": r2(np.exp(truth), np.exp(mean)).tolist(),
        "baseline_mape": mape(np.exp(truth), np.exp(base)).tolist(),
        "baseline_r2": r2(np.exp(truth), np.exp(base)).tolist(),
        "skill": skill(truth, mean, base),
        "anisotropy_r2": anisotropy_r2(truth, mean),
    }


def _set_constants(
    network: PeriodicPermeabilityNet, baseline: FractionBaseline, images: np.ndarray, keep_features: bool
) -> None:
    """Set what the network takes from the training set before the fit: baseline and scales."""
    network.baseline[...] = jnp.asarray(baseline.coefficients, jnp.float32)
    network.correction_scale[...] = jnp.float32(max(baseline.spread, 1e-3))
    if not keep_features:
        features = pooled_features(network, images[:_STATISTICS_IMAGES])
        network.feature_mean[...] = jnp.asarray(features.mean(axis=0))
        network.feature_std[...] = jnp.asarray(np.maximum(features.std(axis=0), 1e-3))


def _calibration(result: xr.Dataset, factor: float) -> dict[str, Any]:
    """Coverage of the test cells by nominal and by calibrated intervals of the predictive distribution."""
    truth, mean = result["log_truth"].values, result["log_mean"].values
    std = np.sqrt(result["epistemic_std"].values ** 2 + result["noise_std"].values ** 2)
    return {
        "interval_factor": factor,
        "interval_level": LEVEL,
        "coverage_nominal": coverage_within(truth, mean, 1.96 * std),
        "coverage_calibrated": coverage_within(truth, mean, factor * std),
        "interval_half_width_percent": 100 * float(np.mean(factor * std)),
    }


def _outliers(network: PeriodicPermeabilityNet, training: np.ndarray, validation: np.ndarray) -> xr.Dataset:
    """What decides whether an image is unlike the training images."""
    detector = fit_outlier_detector(pooled_features(network, training), pooled_features(network, validation))
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
