# SPDX-License-Identifier: GPL-3.0-or-later
"""Accuracy, coverage and cost of every model of the study, on structures like its own: one table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.drawing.drawing import Table
from mesobayes.studies.stress.figures.predictions import (
    Predictions,
    accuracies,
    by_network,
    coverages,
    structures_of,
)

_LEVEL = 0.95
_HEAD = (
    *("model", "network", "scored on", "labels", "steps", "repeats", "patches", "structures"),
    *("within 10 %", "least", "most"),
    *("weight draws hold at 95 %", "misfit modelled holds", "calibrated holds", "interval score", "fit s"),
)


def model_scores(predictions: Predictions, calibrations: list[xr.Dataset]) -> Table:
    """Put every model in a row, means over repeats, with the smallest and largest accuracy.

    Args:
        predictions: of every model, by every network and repeat, on structures of its own family.
        calibrations: of the models whose intervals are calibrated, on their own family.
    """
    rows: list[tuple[Any, ...]] = [_HEAD]
    models = dict.fromkeys(one.attrs["model"] for one in predictions)
    for model in models:
        for network, repeats in by_network([p for p in predictions if p.attrs["model"] == model]).items():
            own = [c for c in calibrations if (c.attrs["model"], c.attrs["network"]) == (model, network)]
            rows.append(_row(model, network, repeats, own))
    return Table(rows, {}, {"interval of": "maxima of regions of interest", "level": _LEVEL})


def _row(
    model: str, network: str, repeats: Sequence[xr.Dataset], calibrated: Sequence[xr.Dataset]
) -> tuple[Any, ...]:
    facts, shares = repeats[0].attrs, accuracies(repeats)
    spread = float(np.mean(coverages(repeats))) if repeats[0].sizes["draw"] > 1 else None
    intervals = (("predictive", "coverage"), ("calibrated", "coverage"), ("calibrated", "score"))
    held = [_mean_of(calibrated, *which) for which in intervals]
    return (
        *(model, network, facts["family"], facts["labels"], facts["steps"], len(repeats)),
        *(repeats[0].sizes["patch"], structures_of(repeats[0])),
        *map(_short, (float(np.mean(shares)), min(shares), max(shares), spread, *held)),
        round(float(np.mean([one.attrs["fit_seconds"] for one in repeats])), 1),
    )


def _mean_of(calibrated: Sequence[xr.Dataset], interval: str, name: str) -> float | None:
    """Mean over repeats and structures of what an interval of maxima does; None where it was not tested."""
    where = {"interval": interval, "target": "maximum", "level": _LEVEL}
    some = [one[name].sel(where) for one in calibrated if interval in one["interval"].values]
    values = [float(one.mean()) for one in some if one.notnull().any()]
    return float(np.mean(values)) if values else None


def _short(value: float | None) -> float | str:
    return "" if value is None or not np.isfinite(value) else round(float(value), 4)
