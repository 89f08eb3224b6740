# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: figure 33 of Krokos et al. 2022, drawn from the collected learning curves."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.drawing.registry import Target, read_registry
from mesobayes.drawing.style import drawing_style, save_figure
from mesobayes.metrics.learning_curve import LabelSaving, chains_of, claim_verdict, label_saving
from mesobayes.record.errors import StoreError
from mesobayes.record.provenance import Provenance, versions
from mesobayes.record.store import open_store
from mesobayes.studies.stress.figures.selective import selective_learning

_PLATEAU_TOLERANCE = 0.05  # accuracies closer than this to the printed one count as the same


def fig_selective_learning(
    curves: Path | str,
    registry: Path | str,
    pdf: Path | str,
    png: Path | str,
    record: Path | str,
    provenance: Provenance,
) -> None:
    """Draw the figure and write what it shows.

    Raises:
        StoreError: the curves were computed at another scale.
    """
    start = time.perf_counter()
    data = open_store(curves, "stress/curves")
    if data.attrs["scale"] != provenance.scale:
        raise StoreError(
            f"{curves} is of scale {data.attrs['scale']}, not {provenance.scale}: delete it and run again"
        )
    target = read_registry(registry)["selective_learning"]
    baseline = {key: data.attrs[f"baseline_{key}"] for key in ("accuracy", "mse")}
    ceiling = data.attrs["label_noise_accuracy"]
    with drawing_style():
        figure = selective_learning(data, baseline, ceiling, _note(data))
    content = {
        **_heading(target),
        **_origin(data, provenance),
        "counts": _counts(data),
        "drawn": _drawn(data, baseline, ceiling),
        "savings": _savings(data),
        "printed": printed_values(target, data),
        "wall_time_s": {
            "fits": round(_unique_seconds(data), 1),
            "drawing": round(time.perf_counter() - start, 1),
        },
    }
    save_figure(figure, pdf, png, record, content)


def printed_values(target: Target, curves: xr.Dataset) -> list[dict[str, Any]]:
    """Compare the printed acquisition on the printed network with what the paper prints, value by value."""
    printed = "printed" in curves["network"].values
    if not printed or not {"random", "max_variance"} <= set(chains_of(curves, "printed")):
        reason = "the configuration leaves out the printed network, maximum variance or random acquisition"
        return [
            {
                "key": v.key,
                "printed": v.value,
                "ours": None,
                "verdict": "not shown at this scale",
                "reason": reason,
            }
            for v in target.printed
        ]
    saving = label_saving(curves, "printed", "max_variance")
    ours = {
        "plateau_accuracy": saving.plateau,
        "patches_needed_maxunc": saving.labels,
        "patches_needed_random": saving.labels_random,
        "label_saving": saving.saving,
    }
    return [_compared(value.key, value.value, ours[value.key], saving, curves) for value in target.printed]


def _compared(key: str, printed: Any, ours: float, saving: LabelSaving, curves: xr.Dataset) -> dict[str, Any]:
    scale = curves.attrs["scale"]
    if key == "plateau_accuracy":
        near = abs(ours - printed) <= _PLATEAU_TOLERANCE
        verdict = (
            "shown" if near else ("contradicts the paper" if scale == "paper" else "not shown at this scale")
        )
        reason = f"random acquisition after {int(curves['labelled'][-1])} labels"
    else:
        printed_saving = printed if key == "label_saving" else 0.4
        verdict, reason = claim_verdict(saving, printed_saving, scale)
    return {
        "key": key,
        "printed": printed,
        "ours": None if np.isnan(ours) else round(float(ours), 6),
        "verdict": verdict,
        "reason": reason,
    }


def _heading(target: Target) -> dict[str, Any]:
    return {
        "slug": target.slug,
        "paper": target.paper,
        "number": target.number,
        "title": target.title,
        "caption": target.caption,
        "settings_of_the_paper": dict(target.settings),
    }


def _origin(curves: xr.Dataset, provenance: Provenance) -> dict[str, Any]:
    return {
        "scale": provenance.scale,
        "seed": provenance.seed,
        "config_hash": {"curves": curves.attrs["config_hash"], "figure": provenance.config_hash},
        "code_hash": {"curves": curves.attrs["code_hash"], "figure": provenance.code_hash},
        "versions": versions(),
    }


def _counts(curves: xr.Dataset) -> dict[str, Any]:
    keys = ("n_structures", "validation_structures", "validation_patches", "draws", "fits", "threshold")
    return {
        **{key: curves.attrs[key] for key in keys},
        "repeats": curves.sizes["repeat"],
        "labelled": curves["labelled"].values.tolist(),
        "split_by": "structure",
    }


def _drawn(curves: xr.Dataset, baseline: dict[str, float], ceiling: float) -> dict[str, Any]:
    chains = {
        f"{network}/{acquisition}": {
            name: np.round(curves[name].sel(network=network, acquisition=acquisition).values, 6).tolist()
            for name in ("accuracy", "mse", "coverage")
        }
        for network in curves["network"].values
        for acquisition in chains_of(curves, network)
    }
    noise = {key: value for key, value in curves.attrs.items() if key.startswith("label_noise")}
    return {"chains (repeat, query)": chains, "baseline": baseline, "ceiling": ceiling, **noise}


def _savings(curves: xr.Dataset) -> dict[str, Any]:
    return {
        f"{network}/{acquisition}": label_saving(curves, network, acquisition).as_dict()
        for network in curves["network"].values
        for acquisition in chains_of(curves, network)
        if acquisition != "random" and "random" in chains_of(curves, network)
    }


def _unique_seconds(curves: xr.Dataset) -> float:
    """Training time of all fits; query 0 stands in every chain but ran once."""
    seconds = curves["fit_seconds"]
    return float(seconds.isel(query=slice(1, None)).sum() + seconds.isel(query=0).max("acquisition").sum())


def _note(curves: xr.Dataset) -> str:
    attrs = curves.attrs
    train = attrs["n_structures"] - attrs["validation_structures"]
    return (
        f"scale {attrs['scale']}: patches of {train} structures; scored on {attrs['validation_patches']} "
        f"patches of {attrs['validation_structures']} other structures; {curves.sizes['repeat']} repeats per "
        f"chain, {attrs['draws']} posterior draws; seed {attrs['seed']}; thin lines are single repeats"
    )
