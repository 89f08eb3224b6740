# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores against the number of training cells, and against the steps of a stopped solver."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.metrics.regression import (
    FractionBaseline,
    anisotropy_r2,
    fit_fraction_baseline,
    mape,
    skill,
)
from mesobayes.metrics.ridge import fit_quadratic_ridge
from mesobayes.nets.settings import ContactNetworkSettings
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.permeability.contact_task import predict_contacts
from mesobayes.studies.permeability.contacts import fit_graphs, labelled_graphs
from mesobayes.studies.permeability.mechanics import graphs_in
from mesobayes.studies.permeability.settings import ContactSettings, SplitSettings
from mesobayes.studies.permeability.split import Parts, fit_seeds, labelled, part_cells
from mesobayes.studies.permeability.stopped import fit_bounds, predict_bounds
from mesobayes.studies.permeability.stores import CELLS, CURVE, MECHANICS

STEPS = (1, 2, 3, 5, 8, 12)  # of the stopped solver that are compared
SCORES = {
    "skill": "skill over the volume fraction",
    "mape": "mean absolute error",
    "anisotropy_r2": "R² of log μ11/μ22",
}
Predict = Callable[[np.ndarray, int], np.ndarray]


def label_curve(
    cells: Path,
    mechanics: Path,
    store: Path,
    network: ContactNetworkSettings | None,
    settings: ContactSettings,
    split: SplitSettings,
    run: Run,
) -> None:
    """Write the scores of all cheap models for growing numbers of training cells.

    Args:
        network: of conductances; None for a family whose inclusions cannot be told apart.
    """
    found = curve_of(
        open_store(cells, CELLS), open_store(mechanics, MECHANICS), network, settings, split, run.seed, print
    )
    write_store(found, store, CURVE, run)


def curve_of(
    cells: xr.Dataset,
    mechanics: xr.Dataset,
    network: ContactNetworkSettings | None,
    settings: ContactSettings,
    split: SplitSettings,
    study_seed: str,
    report: Callable[[str], None] = lambda line: None,
) -> xr.Dataset:
    """Fit every model to random subsets of the training cells and score it on the test cells.

    Subsets of one repeat are nested, and the same for all models. The skill is over the cubic of all training
    cells.

    Returns:
        `skill`, `mape`, `anisotropy_r2` (model, cells, repeat) and the same of the bounds themselves, without
        labels, `bound_…` (step).
    """
    family = cells.attrs["family"]
    parts = part_cells(cells.assign(mechanics.drop_vars("sample")), split, study_seed)
    usable = (
        np.flatnonzero(parts.training["found"].values)
        if network
        else np.arange(parts.training.sizes["sample"])
    )
    parts = Parts(parts.training.isel(sample=usable), parts.validation, parts.test)
    if network:
        parts = parts._replace(test=parts.test.isel(sample=np.flatnonzero(parts.test["found"].values)))
    targets = [labelled(part, cells.sizes["i"]).target for part in parts]
    baseline = fit_fraction_baseline(parts.training["volume_fraction"].values, targets[0])
    most = min(len(usable), settings.cells_max)
    counts = [count for count in settings.curve if count < most] + [most]
    models: dict[str, Predict] = {
        "volume fraction": lambda rows, _: _fraction(parts, targets[0], rows),
        "dipoles": lambda rows, _: _dipoles(parts, targets[0], rows),
    }
    for steps in (steps for steps in STEPS if steps <= mechanics.sizes["step"]):
        models[f"stopped {steps}"] = partial(_stopped, parts, targets[0], steps)
    if network:
        models["contacts"] = lambda rows, repeat: predict_contacts(
            fit_graphs(
                labelled_graphs(parts.training.isel(sample=rows), targets[0][rows]),
                labelled_graphs(parts.validation, targets[1]),
                network,
                settings.fit,
                fit_seeds(study_seed, family, f"contacts {len(rows)} {repeat}"),
            ).network,
            graphs_in(parts.test),
        )[:, : cells.sizes["i"]]
    scored = np.full((len(SCORES), len(models), len(counts), settings.repeats), np.nan)
    for repeat in range(settings.repeats):
        order = rng_from_name(study_seed, "permeability", family, "curve", repeat).permutation(len(usable))
        for place, count in enumerate(counts):
            for number, (name, predict) in enumerate(models.items()):
                values = _scores(parts.test, targets[2], predict(np.sort(order[:count]), repeat), baseline)
                scored[:, number, place, repeat] = values
                if name == "contacts":
                    report(f"{count} cells, repeat {repeat}: skill {values[0]:.3f}")
    bounds = [
        _scores(parts.test, targets[2], parts.test["log_energy"].values[..., k], baseline)
        for k in range(mechanics.sizes["step"])
    ]
    variables: dict[str, Any] = {
        name: (("model", "cells", "repeat"), values, {"long_name": text, "units": "1"})
        for (name, text), values in zip(SCORES.items(), scored, strict=True)
    }
    variables |= {
        f"bound_{name}": ("step", values, {"long_name": f"{text}, of the bound itself", "units": "1"})
        for (name, text), values in zip(SCORES.items(), np.transpose(bounds), strict=True)
    }
    return xr.Dataset(
        variables,
        {
            "model": list(models),
            "cells": counts,
            "repeat": range(settings.repeats),
            "step": mechanics["step"].values,
        },
        {"family": family, "n_test": parts.test.sizes["sample"], "components": cells.sizes["i"]},
    )


def _scores(
    test: xr.Dataset, truth: np.ndarray, predicted: np.ndarray, baseline: FractionBaseline
) -> list[float]:
    alone = np.repeat(baseline.predict(test["volume_fraction"].values)[:, None], truth.shape[1], axis=1)
    error = float(np.mean(mape(np.exp(truth), np.exp(predicted))))
    return [skill(truth, predicted, alone), error, anisotropy_r2(truth, predicted)]


def _stopped(parts: Parts, target: np.ndarray, steps: int, rows: np.ndarray, repeat: int) -> np.ndarray:
    """Quadratic ridge on the bounds after so many steps."""
    ridge = fit_bounds(parts.training.isel(sample=rows), target[rows], steps)
    return predict_bounds(ridge, parts.test, steps)


def _fraction(parts: Parts, target: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Cubic in the volume fraction."""
    fraction = parts.training["volume_fraction"].values[rows]
    alone = fit_fraction_baseline(fraction, target[rows]).predict(parts.test["volume_fraction"].values)
    return np.repeat(alone[:, None], target.shape[1], axis=1)


def _dipoles(parts: Parts, target: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Quadratic ridge on volume fraction and dipoles: along the load, and their mean over the loads."""
    ridge = fit_quadratic_ridge(
        _dipole_features(parts.training.isel(sample=rows), target.shape[1]), target[rows].ravel()
    )
    return ridge.predict(_dipole_features(parts.test, target.shape[1])).reshape(-1, target.shape[1])


def _dipole_features(cells: xr.Dataset, components: int) -> np.ndarray:
    dipoles = cells["graph_log_dipoles"].values
    along = dipoles[:, :components].reshape(-1)
    shared = np.stack([cells["volume_fraction"].values, dipoles.mean(axis=1)], axis=1)
    return np.column_stack([np.repeat(shared, components, axis=0), along])
