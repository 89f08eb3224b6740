# SPDX-License-Identifier: GPL-3.0-or-later
"""The solver stopped early, and a regression that takes its bounds to the permeability.

What the regression says is projected onto the bounds. They hold the label, so no error grows by that, and the
answer is exact where the solver has converged.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from mesobayes.metrics.ridge import QuadraticRidge, fit_quadratic_ridge
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.permeability.evaluate import described
from mesobayes.studies.permeability.settings import PredictionSettings, SplitSettings
from mesobayes.studies.permeability.split import labelled, part_cells
from mesobayes.studies.permeability.stores import CELLS, FIT, MECHANICS

_ARRAYS = ("mean", "std", "column_mean", "column_std", "coefficients")


def fit_stopped(
    cells: Path,
    mechanics: Path,
    fit: Path,
    steps: int,
    split: SplitSettings,
    prediction: PredictionSettings,
    run: Run,
) -> None:
    """Fit the regression on the bounds after so many steps; write it with predictions of the test cells."""
    found = fit_stopped_cells(
        open_store(cells, CELLS), open_store(mechanics, MECHANICS), steps, split, prediction, run.seed
    )
    write_store(found, fit, FIT, run)


def fit_stopped_cells(
    cells: xr.Dataset,
    mechanics: xr.Dataset,
    steps: int,
    split: SplitSettings,
    prediction: PredictionSettings,
    study_seed: str,
) -> xr.Dataset:
    """Return predictions of the test cells as `evaluate` does, and the regression that `stopped_of` reads."""
    cells = cells.assign(mechanics.drop_vars("sample"))
    parts = part_cells(cells, split, study_seed)
    targets = [labelled(part, cells.sizes["i"]).target for part in parts]
    ridge = fit_bounds(parts.training, targets[0], steps)
    predicted = [predict_bounds(ridge, part, steps) for part in parts]
    found = described(parts, targets, predicted, "stopped", prediction.level)
    found.attrs |= {"stopped_steps": steps, "ridge_penalty": ridge.penalty}
    for name in _ARRAYS:
        values = getattr(ridge, name)
        found[f"ridge_{name}"] = (f"ridge {len(values)}", values)
    return found


def stopped_of(fit: xr.Dataset) -> QuadraticRidge:
    """The regression of a stored fit."""
    mean, std, column_mean, column_std, coefficients = (fit[f"ridge_{name}"].values for name in _ARRAYS)
    return QuadraticRidge(mean, std, column_mean, column_std, coefficients, fit.attrs["ridge_penalty"])


def fit_bounds(mechanics: xr.Dataset, target: np.ndarray, steps: int) -> QuadraticRidge:
    """Regression of log μ (n, i) on the bounds, each load for itself."""
    return fit_quadratic_ridge(_features(mechanics, steps), target.ravel())


def predict_bounds(ridge: QuadraticRidge, mechanics: xr.Dataset, steps: int) -> np.ndarray:
    """Log permeability (n, i), within the bounds after so many steps."""
    found = ridge.predict(_features(mechanics, steps)).reshape(mechanics["log_energy"].shape[:2])
    return within(
        found, mechanics["log_lower"].values[..., steps - 1], mechanics["log_radau"].values[..., steps - 1]
    )


def within(values: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Project onto the bounds; where rounding lets them cross, by 1e-4 in volumes, the upper one counts."""
    return np.minimum(np.maximum(values, lower), upper)


def _features(mechanics: xr.Dataset, steps: int) -> np.ndarray:
    """Both upper bounds after 1 to `steps` steps, (n i, 2 steps)."""
    values = [mechanics[name].values[..., :steps] for name in ("log_energy", "log_radau")]
    return np.concatenate(values, axis=-1).reshape(-1, 2 * steps)
