# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers of a fit with their spread over the test cells, and all that stands on a figure of fits."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from mesobayes.drawing.drawing import Number
from mesobayes.metrics.regression import r2
from mesobayes.record.seeds import rng_from_name
from mesobayes.studies.permeability.figures.panels import Fits

_RESAMPLES = 1000
_ENDS = (2.5, 97.5)
_SCORES = ("mape", "r2", "skill", "anisotropy_r2")
_COUNTS = (
    "n_training",
    "n_validation",
    "n_test",
    "epochs",
    "steps",
    "evidence",
    "draws",
    "fit_seed",
    "draw_seed",
    "fit_seconds",
)


def percentage_errors(fit: xr.Dataset) -> np.ndarray:
    """Absolute relative errors of μ of the test cells, (sample, i)."""
    return np.abs(np.exp(fit["log_mean"].values - fit["log_truth"].values) - 1.0)


def mape_number(fit: xr.Dataset, component: int) -> Number:
    """Mean absolute percentage error of one component, its interval from the test cells."""
    alone = fit.attrs["baseline_mape"][component]
    return Number.of(
        percentage_errors(fit)[:, component].tolist(), f"the cubic in the volume fraction gives {alone:.4f}"
    )


def r2_number(fit: xr.Dataset, component: int) -> Number:
    """R² of one component, its interval from resampled test cells."""
    truth, mean = (np.exp(fit[key].values[:, component]) for key in ("log_truth", "log_mean"))
    rng = rng_from_name(str(fit.attrs["seed"]), "permeability", "bootstrap", str(fit.attrs["model"]))
    rows = rng.integers(len(truth), size=(len(truth), _RESAMPLES))  # (sample, resample)
    scores = r2(truth[rows], mean[rows])
    low, high = np.percentile(scores[np.isfinite(scores)], _ENDS)  # without resamples of a single cell
    alone = fit.attrs["baseline_r2"][component]
    return Number(
        fit.attrs["r2"][component],
        float(low),
        float(high),
        len(truth),
        f"the cubic in the volume fraction gives {alone:.4f}",
    )


def minutes_number(fit: xr.Dataset) -> Number:
    """Wall time of a fit."""
    counts = f"{fit.attrs['n_training']} cells, {fit.attrs['epochs']} epochs on this machine"
    return Number(fit.attrs["fit_seconds"] / 60, note=counts)


def epochs_to_converge(fit: xr.Dataset) -> int:
    """First epoch from which on the validation loss stays within 10 % of its smallest value."""
    loss = fit["history"].values[:, 1]
    away = np.flatnonzero(loss > 1.1 * loss.min())
    away = away[away < int(np.argmin(loss))]
    return int(away[-1] + 2) if len(away) else 1


def drawn_of(fits: Fits) -> dict[str, Any]:
    """Scores, counts, losses and predictions of all fits, and the scores of the volume fraction alone."""
    first = next(iter(fits.values()))
    drawn: dict[str, Any] = {}
    for name, fit in fits.items():
        drawn[name] = {key: fit.attrs[key] for key in (*_SCORES, *_COUNTS) if key in fit.attrs}
        drawn[name] |= {key: fit.attrs[key] for key in fit.attrs if key.startswith(("coverage", "interval"))}
        shown = ("history", "log_mean", "epistemic_std", "noise_std")
        drawn[name] |= {key: fit[key].values for key in shown if key in fit}
    drawn["volume fraction alone"] = {key: first.attrs[f"baseline_{key}"] for key in ("mape", "r2", "spread")}
    truth = {key: first[key].values for key in ("log_truth", "log_baseline")}
    return {"fits": drawn, "sample": first["sample"].values, **truth}
