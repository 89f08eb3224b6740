# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of the models in numbers: means and deviations over folds, and how many folds stand behind each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.drawing.drawing import Number, Table
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.labels import KIND_NAMES, TRANSFORM_NAMES, WEIGHT_NAMES, by_variant
from mesobayes.studies.failure.settings import SCALINGS, FigureSettings

RANKING_SCORES = ("reciprocal_rank", "top1", "top3", "searched")
CURVES = ("recall", "precision", "cluster_recall", "cluster_precision")


def at_threshold(scores: xr.Dataset, what: str, scaling: str, threshold: float) -> xr.DataArray:
    """One of `CURVES` at a threshold (fold,); NaN where there is nothing to divide by."""
    along = "cluster_threshold" if what.startswith("cluster") else "threshold"
    return scores[what].sel(scaling=scaling).sel({along: threshold}, method="nearest")


def cluster_numbers(scores: xr.Dataset, threshold: float) -> dict[str, Number]:
    """Recall and precision by cluster at a threshold of the predicted field as it is, over the folds.

    The note says what they are when each prediction is normalised by equation 8 before.
    """
    numbers = {}
    for what in ("recall", "precision"):
        raw, scaled = (at_threshold(scores, f"cluster_{what}", s, threshold) for s in SCALINGS)
        note = f"threshold {threshold:g} of predictions as they are; {_text(scaled)} normalised by eq. 8"
        numbers[what] = Number.of(raw.values.tolist(), note)
    return numbers


def _text(values: xr.DataArray) -> str:
    return f"{float(values.mean()):.2f} ± {float(values.std(ddof=1)) if values.size > 1 else np.nan:.2f}"


def spread(values: xr.DataArray) -> dict[str, float | int | None]:
    """Mean and deviation over the folds that have a value, and their number."""
    there = values.values[np.isfinite(values.values)]
    mean = float(there.mean()) if there.size else None
    deviation = float(there.std(ddof=1)) if there.size > 1 else None
    return {"mean": mean, "deviation": deviation, "folds": int(there.size)}


def curves(scores: Mapping[str, xr.Dataset]) -> dict[str, dict[str, Any]]:
    """Curves of recall and precision of every model by scaling: mean, deviation and number of folds."""
    some = next(iter(scores.values()))
    drawn: dict[str, dict[str, Any]] = {
        name: {
            scaling: {
                key: {
                    "mean": data[key].sel(scaling=scaling).mean("fold").values,
                    "deviation": data[key].sel(scaling=scaling).std("fold", ddof=1).values
                    if data.sizes["fold"] > 1
                    else None,
                    "folds": data[key].sel(scaling=scaling).notnull().sum("fold").values,
                }
                for key in CURVES
            }
            for scaling in SCALINGS
        }
        for name, data in scores.items()
    }
    axes: dict[str, Any] = {key: some[key].values for key in ("threshold", "cluster_threshold")}
    return {**axes, **drawn}


def table_at(scores: Mapping[str, xr.Dataset], threshold: float) -> dict[str, dict[str, Any]]:
    """All scores of every model, the curves at one threshold: mean, deviation and number of folds."""
    return {
        name: {
            **{
                scaling: {what: spread(at_threshold(data, what, scaling, threshold)) for what in CURVES}
                for scaling in SCALINGS
            },
            **{key: spread(data[key]) for key in ("mse", *RANKING_SCORES, "seconds")},
            **{key: data.attrs[key] for key in ("steps_before", "steps", "filters") if key in data.attrs},
        }
        for name, data in scores.items()
    }


def failure_scores(scores: list[xr.Dataset], figures: FigureSettings, run: Run) -> Table:
    """Scores of all models at one threshold, of predictions as they are and normalised by equation 8."""
    named = by_variant(scores)
    numbers = table_at(named, figures.cluster_threshold)
    columns = [(s, w) for s in SCALINGS for w in CURVES]
    rows: list[tuple[Any, ...]] = [
        (
            *("model", "target", "weights", "filters", "steps", "folds", "threshold"),
            *(
                f"{s} {w.replace('_', ' ')}{what}"
                for s, w in columns
                for what in ("", " deviation", " folds with a value")
            ),
            *(f"{key.replace('_', ' ')}{what}" for key in RANKING_SCORES for what in ("", " deviation")),
            "seconds",
        )
    ]
    for name, data in named.items():
        kind, transform, weighting = name.split("_")
        found = numbers[name]
        steps = found["steps_before"] + found["steps"] if "steps" in found else ""
        cells = [_rounded(found[s][w], k) for s, w in columns for k in ("mean", "deviation", "folds")]
        cells += [_rounded(found[key], k) for key in RANKING_SCORES for k in ("mean", "deviation")]
        model = (KIND_NAMES[kind], TRANSFORM_NAMES[transform], WEIGHT_NAMES[weighting])
        size = (found.get("filters", ""), steps, data.sizes["fold"], figures.cluster_threshold)
        rows.append((*model, *size, *cells, _rounded(found["seconds"], "mean")))
    return Table(rows, drawn={"scores": numbers})


def _rounded(found: Mapping[str, float | int | None], key: str) -> float | int | str:
    value = found[key]
    return "" if value is None or not np.isfinite(value) else round(value, 5)
