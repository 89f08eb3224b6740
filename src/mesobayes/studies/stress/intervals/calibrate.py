# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibration of the intervals of a model: half widths, and what they hold on structures of a family."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.metrics.calibration import GUARANTEED_FROM, halvings
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.intervals.methods import (
    CALIBRATED,
    TARGETS,
    Errors,
    errors_of,
    half_widths,
    has_heads,
    scores_by_structure,
    scores_over_halvings,
)
from mesobayes.studies.stress.intervals.settings import IntervalSettings
from mesobayes.studies.stress.stores import CALIBRATION, PREDICTION


def calibrate(prediction: Path, home: Path | None, store: Path, settings: IntervalSettings, run: Run) -> None:
    """Write how well intervals of a model do on the structures of a family, and the half widths.

    Args:
        prediction: of held-out structures of a family.
        home: of held-out structures of the family that the model learned from, which calibrate; None where
            that is the same family: then one half of the structures calibrates and the other one tests.
        store: written.
        settings: levels, halvings.
        run: scale, seed and hashes.
    """
    scored = open_store(prediction, PREDICTION, finite=("truth", "mean", "true_max", "mean_max", "roi_max"))
    origin = None if home is None else open_store(home, PREDICTION, finite=("true_max", "roi_max"))
    result = calibration(scored, origin, settings, run.seed)
    some = result["coverage"].sel(level=settings.levels[-1]).mean("structure")
    print(some.to_series().unstack("target").round(3), flush=True)
    write_store(result, store, CALIBRATION, run)


def calibration(
    prediction: xr.Dataset, home: xr.Dataset | None, settings: IntervalSettings, study_seed: str
) -> xr.Dataset:
    """Return coverage, interval score and width by structure, and half widths, of every kind of interval.

    Returns:
        `coverage`, `score`, `width` (interval, target, level, structure), `factor` (interval, target, level)
        from all structures that calibrate, and by interval and target `rms_error` and `mean_scale`; of each
        patch `true_max` and, of a network with heads, `max_centre` and `max_std`. Abroad, the interval
        "recalibrated" takes its half widths from halves of the structures there.
    """
    parts = []
    for target in TARGETS:
        errors = _errors(prediction, target, settings, study_seed)
        origin = errors if home is None else _errors(home, target, settings, study_seed)
        parts.append(_of_target(errors, origin, home is None, settings, study_seed))
    structures = {"scored": prediction, "calibration": prediction if home is None else home}
    counts = {f"{what}_structures": len(np.unique(one["structure"])) for what, one in structures.items()}
    half = -(-counts["calibration_structures"] // 2) if home is None else counts["calibration_structures"]
    keys = ("network", "model", "repeat", "family", "trained_on", "labels", "steps", "draws", "fit_seconds")
    law = ["max_centre", "max_std"] if has_heads(prediction) else []
    maxima = prediction[["true_max", "mean_max", *law]]
    scores = xr.concat(parts, xr.Variable("target", list(TARGETS)))
    return scores.assign(maxima.data_vars).assign_attrs(
        {key: prediction.attrs[key] for key in keys}
        | counts
        | {
            "patches": prediction.sizes["patch"],
            "halvings": settings.halvings,
            "calibrated_on": half,
            "guaranteed": int(half >= GUARANTEED_FROM),
        }
    )


def _errors(
    prediction: xr.Dataset, target: str, settings: IntervalSettings, study_seed: str
) -> dict[str, Errors]:
    rng = rng_from_name(study_seed, "scored pixels", str(prediction.attrs["family"]))
    return errors_of(prediction, target, settings.pixels, rng)


def _of_target(
    errors: dict[str, Errors],
    origin: dict[str, Errors],
    at_home: bool,
    settings: IntervalSettings,
    study_seed: str,
) -> xr.Dataset:
    """Return scores and half widths of every kind of interval for one target."""
    levels = settings.levels
    structure = errors["constant"].structure
    several = len(np.unique(structure)) > 1  # a single structure cannot be halved, and leaves no score
    rng = rng_from_name(study_seed, "halvings")
    halves = list(halvings(structure, settings.halvings, rng)) if several else []
    scores, factors = {}, {}
    for method, some in errors.items():
        factors[method] = half_widths(method, origin[method], levels)
        halve = at_home and method in CALIBRATED
        scores[method] = (
            scores_over_halvings(some, method, halves, levels)
            if halve
            else scores_by_structure(some, factors[method], levels)
        )
    scored = dict(errors)
    if not at_home and "calibrated" in errors:
        scored["recalibrated"] = some = errors["calibrated"]
        factors["recalibrated"] = half_widths("calibrated", some, levels)
        scores["recalibrated"] = scores_over_halvings(some, "calibrated", halves, levels)
    both: dict[str, Any] = {
        name: (("interval", "level", "structure"), np.stack([scores[method][row] for method in scored]))
        for row, name in enumerate(("coverage", "score", "width"))
    }
    both["factor"] = (("interval", "level"), np.stack([factors[method] for method in scored]))
    both["rms_error"] = ("interval", [float(np.sqrt(np.mean(one.error**2))) for one in scored.values()])
    both["mean_scale"] = ("interval", [float(np.mean(one.scale)) for one in scored.values()])
    return xr.Dataset(
        both, {"interval": list(scored), "level": list(levels), "structure": np.unique(structure)}
    )
