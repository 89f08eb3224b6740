# SPDX-License-Identifier: GPL-3.0-or-later
"""How often intervals hold the label, before and after calibration, also of other families."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import NormalDist

import numpy as np
import xarray as xr

from mesobayes.metrics.regression import FractionSpread, coverage_factor, coverage_within, skill
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.permeability.contact_task import predict_contacts
from mesobayes.studies.permeability.contacts import load_contact_network
from mesobayes.studies.permeability.mechanics import graphs_in
from mesobayes.studies.permeability.predict import LogPrediction, load_permeability_network, predict_log
from mesobayes.studies.permeability.settings import PredictionSettings, SplitSettings
from mesobayes.studies.permeability.split import labelled, part_cells
from mesobayes.studies.permeability.stopped import predict_bounds, stopped_of
from mesobayes.studies.permeability.stores import CELLS, COVERAGE, FIT, MECHANICS

MODELS = ("modern", "bayes", "contacts", "stopped")
SCORES = {
    "coverage_nominal": "share of labels in mean ± z std",
    "coverage_calibrated": "share of labels in the interval calibrated on the family of the fit",
    "coverage_recalibrated": "the same, calibrated on held-out cells of this family",
    "half_width": "mean half width of the calibrated interval of log μ",
    "skill": "skill over a cubic in the volume fraction, fitted to the family of the fit",
}


def cover_families(
    cells: list[Path],
    mechanics: list[Path],
    fits: list[Path],
    weights: list[Path],
    store: Path,
    split: SplitSettings,
    prediction: PredictionSettings,
    run: Run,
) -> None:
    """Write how the intervals of models of one family do on the test cells of several.

    Args:
        cells, mechanics: of the families, that of the fits first.
        fits: of the models, in the order of `MODELS`.
        weights: of all but the last one.
    """
    models = dict(zip(MODELS, [open_store(path, FIT) for path in fits], strict=True))
    families = [
        open_store(one, CELLS).assign(open_store(other, MECHANICS).drop_vars("sample"))
        for one, other in zip(cells, mechanics, strict=True)
    ]
    write_store(coverage_of(families, models, weights, split, prediction, run.seed), store, COVERAGE, run)


def coverage_of(
    families: list[xr.Dataset],
    models: Mapping[str, xr.Dataset],
    weights: list[Path],
    split: SplitSettings,
    prediction: PredictionSettings,
    study_seed: str,
) -> xr.Dataset:
    """Return `SCORES` (model, family) and the number of labels behind them, `labels (model, family)`.

    Conductances are judged on the cells whose inclusions are found; without any there is no number.
    """
    table = np.full((len(SCORES), len(models), len(families)), np.nan)
    labels = np.zeros((len(models), len(families)), np.int64)
    for column, cells in enumerate(families):
        parts = part_cells(cells, split, study_seed)
        for row, (name, fit) in enumerate(models.items()):
            held_out, test = parts.validation, parts.test
            if name == "contacts":
                held_out, test = (part.isel(sample=part["found"].values == 1) for part in (held_out, test))
            if not (held_out.sizes["sample"] and test.sizes["sample"]):
                continue
            path = weights[row] if row < len(weights) else None
            predicted = [predict_family(name, fit, path, part, prediction.draws) for part in (held_out, test)]
            truth = [labelled(part, cells.sizes["i"]).target for part in (held_out, test)]
            fraction = test["volume_fraction"].values
            alone = np.polyval(fit.attrs["baseline_coefficients"], fraction)[:, None] + np.zeros_like(
                truth[1]
            )
            table[:, row, column] = _scores(predicted, truth, fit, alone, prediction.level)
            labels[row, column] = truth[1].size
    variables = {
        key: (("model", "family"), values, {"long_name": text, "units": "1"})
        for (key, text), values in zip(SCORES.items(), table, strict=True)
    }
    variables["labels"] = (("model", "family"), labels, {"long_name": "labels of test cells", "units": "1"})
    names = [cells.attrs["family"] for cells in families]
    return xr.Dataset(variables, {"model": list(models), "family": names}, {"level": prediction.level})


def predict_family(
    name: str, fit: xr.Dataset, weights: Path | None, cells: xr.Dataset, draws: int
) -> LogPrediction:
    """Predict cells of any family by a fit, with the spread that it gives them."""
    if name == "bayes":
        assert weights is not None
        network = load_permeability_network(weights)
        return predict_log(network, cells["image"].values, draws, int(fit.attrs["draw_seed"]))
    if name == "stopped":
        mean = predict_bounds(stopped_of(fit), cells, int(fit.attrs["stopped_steps"]))
    elif name == "contacts":
        assert weights is not None
        mean = predict_contacts(load_contact_network(weights), graphs_in(cells))[:, : cells.sizes["i"]]
    else:
        assert weights is not None
        mean = predict_log(load_permeability_network(weights), cells["image"].values, 1, 0).mean
    spread = FractionSpread(np.array(fit.attrs["spread_coefficients"])).predict(
        cells["volume_fraction"].values
    )
    return LogPrediction(mean, np.zeros_like(mean), np.repeat(spread[:, None], mean.shape[1], axis=1))


def _scores(
    predicted: list[LogPrediction], truth: list[np.ndarray], fit: xr.Dataset, alone: np.ndarray, level: float
) -> list[float]:
    held_out, test = predicted
    std, factor = test.predictive_std, fit.attrs["interval_factor"]
    again = coverage_factor(truth[0], held_out.mean, held_out.predictive_std, level)
    nominal = NormalDist().inv_cdf(0.5 + 0.5 * level)
    found = [
        coverage_within(truth[1], test.mean, f * std) if np.isfinite(f) else np.nan
        for f in (nominal, factor, again)
    ]
    width = float(np.mean(factor * std)) if np.isfinite(factor) else np.nan
    return [*found, width, skill(truth[1], test.mean, alone)]
