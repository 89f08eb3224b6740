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
    """Spread of weight draws and noise together, (sample, i), of log μ."""
    return np.hypot(predictions["epistemic_std"].values, predictions["noise_std"].values)


def calibration(predictions: xr.Dataset, level: float, factor: float) -> dict[str, Any]:
    """Calibrated intervals, and how many labels of the test cells they hold.

    Args:
        level: share of the labels that intervals are meant to hold.
        factor: half width in predictive standard deviations; infinite where too few cells calibrate it, and
            then no coverage is calibrated.
    """
    truth, mean = predictions["log_truth"].values, predictions["log_mean"].values
    std, nominal = predictive_std(predictions), NormalDist().inv_cdf(0.5 + 0.5 * level)
    known = np.isfinite(factor)
    return {
        "interval_level": level,
        "interval_factor": factor,
        "coverage_nominal": coverage_within(truth, mean, nominal * std),
        "coverage_calibrated": coverage_within(truth, mean, factor * std) if known else np.nan,
        "interval_half_width_percent": 100 * float(np.mean(factor * std)) if known else np.nan,
    }
