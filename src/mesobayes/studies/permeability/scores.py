# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of predicted permeabilities beside those of the volume fraction alone, and calibrated intervals."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.metrics.regression import anisotropy_r2, coverage_within, mape, r2, skill


def scores(predictions: xr.Dataset) -> dict[str, Any]:
    """Scores of a fit on its test cells; `baseline_…` are those of the volume fraction alone."""
    truth, mean, base = (predictions[key].values for key in ("log_truth", "log_mean", "log_baseline"))
    return {
        "mape": mape(np.exp(truth), np.exp(mean)).tolist(),
        "r2": r2(np.exp(truth), np.exp(mean)).tolist(),
        "baseline_mape": mape(np.exp(truth), np.exp(base)).tolist(),
        "baseline_r2": r2(np.exp(truth), np.exp(base)).tolist(),
        "skill": skill(truth, mean, base),
        "anisotropy_r2": anisotropy_r2(truth, mean),
    }


def predictive_std(predictions: xr.Dataset) -> np.ndarray:
    """Spread of weight draws and noise of the likelihood, if any, together, (sample, i), of log μ."""
    noise = predictions["noise_std"].values if "noise_std" in predictions else 0.0
    return np.sqrt(predictions["epistemic_std"].values ** 2 + noise**2)


def calibration(
    predictions: xr.Dataset, level: float, half_width: float, factor: float | None
) -> dict[str, Any]:
    """Calibrated intervals, and how many labels of the test cells they hold.

    Args:
        level: share of the labels that intervals are meant to hold.
        half_width: half width of an interval of log μ that is the same for every image.
        factor: half width in predictive standard deviations, of a variational network. Either is infinite
            where too few cells calibrate it, and then no coverage is calibrated.
    """
    found = {"interval_level": level, "interval_half_width": half_width}
    if factor is None:
        return found
    truth, mean = predictions["log_truth"].values, predictions["log_mean"].values
    std, nominal = predictive_std(predictions), NormalDist().inv_cdf(0.5 + 0.5 * level)
    return found | {
        "interval_factor": factor,
        "coverage_nominal": coverage_within(truth, mean, nominal * std),
        "coverage_calibrated": coverage_within(truth, mean, factor * std) if np.isfinite(factor) else np.nan,
        "interval_half_width_percent": 100 * float(np.mean(factor * std)),
    }
