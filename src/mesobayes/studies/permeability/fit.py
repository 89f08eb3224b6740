# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks fitted to families of cells: new fits and transfer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import xarray as xr
from flax import nnx

from mesobayes.learning.fit import fit
from mesobayes.learning.progress import Report, print_progress
from mesobayes.learning.weights import save_network
from mesobayes.metrics.regression import FractionBaseline, fit_fraction_baseline
from mesobayes.nets.build import build_network
from mesobayes.nets.permeability import PeriodicPermeabilityNet, PermeabilityNetwork
from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.permeability.evaluate import evaluate
from mesobayes.studies.permeability.predict import load_permeability_network, pooled_features
from mesobayes.studies.permeability.settings import CellFitSettings, PredictionSettings, SplitSettings
from mesobayes.studies.permeability.split import fit_seeds, labelled, part_cells
from mesobayes.studies.permeability.stores import CELLS, FIT
from mesobayes.studies.permeability.task import LabelledImages, cell_task


def fit_permeability(
    cells: Path,
    start: Path | None,
    fit: Path,
    weights: Path,
    name: str,
    network: PermeabilityNetworkSettings,
    settings: CellFitSettings,
    split: SplitSettings,
    prediction: PredictionSettings,
    run: Run,
) -> None:
    """Fit one network to a family of cells; write its predictions of the test cells and its weights.

    Args:
        start: weights to go on from; None for a new network.
        name: name of the fit, part of its seeds.
    """
    fitted, predictions = fit_cells(
        open_store(cells, CELLS, finite=("permeability", "volume_fraction"), sample_id="sample"),
        network,
        settings,
        split,
        run.seed,
        name,
        prediction,
        None if start is None else load_permeability_network(start),
        run.checkpoint,
        print_progress,
    )
    save_network(fitted, weights, run)
    write_store(predictions, fit, FIT, run)


def fit_cells(
    cells: xr.Dataset,
    network_settings: PermeabilityNetworkSettings,
    fit_settings: CellFitSettings,
    split_settings: SplitSettings,
    study_seed: str,
    name: str,
    prediction: PredictionSettings,
    initial: PermeabilityNetwork | None = None,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> tuple[PermeabilityNetwork, xr.Dataset]:
    """Fit one network to a family of cells and evaluate it on the test cells.

    Args:
        name: name of the fit, part of its seeds.
        initial: network to go on from (transfer learning); by default a new one.

    Returns:
        The network, and its predictions of the test cells as `evaluate` returns them.
    """
    seeds = fit_seeds(study_seed, cells.attrs["family"], name)
    parts = part_cells(cells, split_settings, study_seed)
    training = labelled(parts.training, network_settings.outputs)
    validation = labelled(parts.validation, network_settings.outputs)
    baseline = fit_fraction_baseline(parts.training["volume_fraction"].values, training.target)

    start = build_network(network_settings, seeds.weights) if initial is None else nnx.clone(initial)
    if isinstance(start, PeriodicPermeabilityNet):
        _set_constants(start, baseline, training.images[: fit_settings.feature_images], initial is not None)
    settings = replace(fit_settings, batch=min(fit_settings.batch, len(training.images)))
    task = cell_task(start, settings, _single(training), _single(validation))
    result = fit(task, start, settings, seeds.fit, checkpoint, report)
    return result.network, evaluate(result, task, parts, baseline, name, seeds, prediction)


def _single(cells: LabelledImages) -> LabelledImages:
    """The same with labels in single precision, as the device takes them."""
    return cells._replace(target=cells.target.astype(np.float32))


def _set_constants(
    network: PeriodicPermeabilityNet, baseline: FractionBaseline, images: np.ndarray, keep_features: bool
) -> None:
    """Set what the network takes from the training set before the fit: baseline and scales."""
    network.baseline[...] = jnp.asarray(baseline.coefficients, jnp.float32)
    network.correction_scale[...] = jnp.float32(max(baseline.spread, 1e-3))
    if not keep_features:
        features = pooled_features(network, images)
        network.feature_mean[...] = jnp.asarray(features.mean(axis=0))
        network.feature_std[...] = jnp.asarray(np.maximum(features.std(axis=0), 1e-3))
