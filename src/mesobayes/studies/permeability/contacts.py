# SPDX-License-Identifier: GPL-3.0-or-later
"""The model `contacts`: conductances between inclusions where they are found, else the stopped solver."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from mesobayes.learning.fit import FitResult, fit
from mesobayes.learning.progress import Report, print_progress
from mesobayes.learning.settings import FitSettings
from mesobayes.learning.weights import load_network, save_network
from mesobayes.nets.build import build_network
from mesobayes.nets.contacts import ContactNetwork
from mesobayes.nets.settings import ContactNetworkSettings
from mesobayes.record.errors import StoreError
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.permeability.contact_task import LabelledGraphs, contact_task, predict_contacts
from mesobayes.studies.permeability.evaluate import described
from mesobayes.studies.permeability.mechanics import graphs_in
from mesobayes.studies.permeability.settings import ContactSettings, PredictionSettings, SplitSettings
from mesobayes.studies.permeability.split import FitSeeds, fit_seeds, labelled, part_cells
from mesobayes.studies.permeability.stopped import predict_bounds, stopped_of
from mesobayes.studies.permeability.stores import CELLS, FIT, MECHANICS

NAME = "contacts"


def fit_contacts(
    cells: Path,
    mechanics: Path,
    stopped: Path,
    fit: Path,
    weights: Path,
    network: ContactNetworkSettings,
    settings: ContactSettings,
    split: SplitSettings,
    prediction: PredictionSettings,
    run: Run,
) -> None:
    """Fit the network of conductances to a family; write its predictions of the test cells and its weights.

    Args:
        stopped: the fit that predicts cells whose inclusions cannot be told apart.
    """
    fitted, predictions = fit_contact_cells(
        open_store(cells, CELLS, finite=("permeability", "volume_fraction"), sample_id="sample"),
        open_store(mechanics, MECHANICS),
        open_store(stopped, FIT),
        network,
        settings,
        split,
        prediction,
        run.seed,
        run.checkpoint,
        print_progress,
    )
    save_network(fitted, weights, run)
    write_store(predictions, fit, FIT, run)


def fit_contact_cells(
    cells: xr.Dataset,
    mechanics: xr.Dataset,
    stopped: xr.Dataset,
    network: ContactNetworkSettings,
    settings: ContactSettings,
    split: SplitSettings,
    prediction: PredictionSettings,
    study_seed: str,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> tuple[ContactNetwork, xr.Dataset]:
    """Return the network, and predictions of the test cells as `evaluate` does."""
    seeds = fit_seeds(study_seed, cells.attrs["family"], NAME)
    parts = part_cells(cells.assign(mechanics.drop_vars("sample")), split, study_seed)
    targets = [labelled(part, cells.sizes["i"]).target for part in parts]
    seen = np.flatnonzero(parts.training["found"].values)[: settings.cells_max]
    result = fit_graphs(
        labelled_graphs(parts.training.isel(sample=seen), targets[0][seen]),
        labelled_graphs(parts.validation, targets[1]),
        network,
        settings.fit,
        seeds,
        checkpoint,
        report,
    )
    ridge, steps = stopped_of(stopped), int(stopped.attrs["stopped_steps"])
    means = [
        np.where(
            part["found"].values[:, None] == 1,
            predict_contacts(result.network, graphs_in(part))[:, : cells.sizes["i"]],
            predict_bounds(ridge, part, steps),
        )
        for part in parts
    ]
    predictions = described(parts, targets, means, NAME, prediction.level)
    predictions["found"] = parts.test["found"].variable
    predictions.attrs |= {
        "n_training": len(seen),
        "n_stopped": int(np.sum(parts.test["found"].values == 0)),
        "fit_seconds": result.seconds,
        "steps": len(result.history),
        "fit_seed": str(seeds.fit),
    }
    return result.network, predictions


def fit_graphs(
    training: LabelledGraphs,
    validation: LabelledGraphs,
    network: ContactNetworkSettings,
    settings: FitSettings,
    seeds: FitSeeds,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> FitResult[ContactNetwork]:
    """Fit one network of conductances to labelled graphs.

    Raises:
        ValueError: there are no graphs to learn from.
    """
    if not len(training.target):
        raise ValueError("there is no training cell whose inclusions can be told apart")
    start = build_network(network, seeds.weights)
    settings = replace(settings, batch=min(settings.batch, len(training.target)))
    return fit(contact_task(start, training, validation), start, settings, seeds.fit, checkpoint, report)


def labelled_graphs(cells: xr.Dataset, target: np.ndarray) -> LabelledGraphs:
    """Graphs of cells beside their labels (n, i)."""
    return LabelledGraphs(graphs_in(cells), target.astype(np.float32))


def load_contact_network(path: Path) -> ContactNetwork:
    """Read a fitted network of conductances.

    Raises:
        StoreError: the file is missing, damaged, or of another network.
    """
    network = load_network(path)
    if not isinstance(network, ContactNetwork):
        raise StoreError(f"{path} holds a {type(network).__name__}, no network of conductances")
    return network
