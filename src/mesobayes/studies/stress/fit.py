# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit of one model: a network, a training set and a seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry
from mesobayes.learning.fit import FitResult, fit
from mesobayes.learning.progress import Progress
from mesobayes.learning.step import number_of_examples
from mesobayes.learning.weights import save_network
from mesobayes.nets.build import StressNetwork, build_network
from mesobayes.nets.channels import STRESS_CHANNELS
from mesobayes.nets.settings import LocalNetworkSettings
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import seed_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.models.gather import gather, in_store_order
from mesobayes.studies.stress.models.network_data import (
    AnyNetworkSettings,
    NetworkData,
    open_network_data,
    training_task,
)
from mesobayes.studies.stress.models.patch_data import PatchData, patch_data
from mesobayes.studies.stress.models.rotations import turned_copies
from mesobayes.studies.stress.models.settings import ModelSettings
from mesobayes.studies.stress.models.symmetries import Batch
from mesobayes.studies.stress.models.training_sets import scored_patches, training_patches
from mesobayes.studies.stress.stores import MODEL, STRUCTURES, noise_of


def fit_model(
    patches: Path,
    channels: Path | None,
    structures: Path | None,
    store: Path,
    weights: Path,
    name: str,
    model: ModelSettings,
    network: AnyNetworkSettings,
    settings: PatchFitSettings,
    repeat: int,
    run: Run,
) -> None:
    """Fit one repeat of a model; write its weights, and how it was fitted.

    Args:
        patches: patches of the model's family.
        channels: their channels, for a network of single pixels.
        structures: of the same family, where the model learns from turned copies of them.
        store, weights: written.
        name: name of the model, part of the seed.
        model, network, settings: what is fitted, and how.
        repeat: number of the seed, or of the fold.
        run: scale, seed and hashes.
    """
    family = open_network_data(patches, channels, network)
    cut = family.patches
    geometry = PatchGeometry(cut.attrs["pixels_per_radius"])
    numbers = training_patches(cut, model, repeat, run.seed)
    data = (
        family.training(numbers)
        if isinstance(network, LocalNetworkSettings)
        else image_examples(family, numbers, structures, model, geometry, run.seed)
    )
    count = number_of_examples(data)
    print(f"{len(numbers)} labelled patches, {count} with turned copies", flush=True)
    some = scored_patches(cut, model, repeat, settings.validation_patches, run.seed)
    seed = (run.seed, "stress", network.name, name, repeat)
    start = build_network(model.network(network, geometry.roi), seed_from_name(*seed, "weights"))
    training = model.fit(settings)
    task = training_task(start, training, data, model_inputs(family.seen(some), model))
    result = fit(task, start, training, seed_from_name(*seed, "fit"), run.checkpoint, print_accuracy)
    save_network(result.network, weights, run)
    record = history(result).assign(labelled=("label", numbers))
    attributes = {
        **{"model": name, "network": network.name, "family": model.family, "repeat": repeat},
        **{"labels": len(numbers), "examples": count, "folds": model.folds, "split": model.split},
        **{"rotations": model.rotations, "evidence": training.evidence, "batch": training.batch},
        **{"structures": len(np.unique(cut["structure"].values[numbers])), **noise_of(cut.attrs)},
    }
    write_store(record.assign_attrs(attributes), store, MODEL, run)


def image_examples(
    family: NetworkData,
    numbers: NDArray,
    structures: Path | None,
    model: ModelSettings,
    geometry: PatchGeometry,
    study_seed: str,
) -> Batch:
    """What a network of images learns from: patches, and those of turned copies of their structures.

    The copies are made twice: at first they are only counted.
    """

    def turned() -> Iterator[PatchData]:
        if structures is not None:
            fields = ("macro_stress", "micro_stress")
            images = open_store(structures, STRUCTURES, sample_id="structure", later=fields)
            chosen = images.isel(structure=np.unique(family.patches["structure"].values[numbers]))
            yield from turned_copies(chosen, model.rotations, geometry, study_seed)

    def parts() -> Iterator[tuple[NDArray, PatchData]]:
        for rows in in_store_order(numbers):
            yield rows, patch_data(family.patches, numbers[rows])
        begin = len(numbers)
        for part in turned():
            yield np.arange(begin, begin + len(part)), part
            begin += len(part)

    count = len(numbers) + sum(map(len, turned()))
    return gather(((rows, Batch(**vars(model_inputs(part, model)))) for rows, part in parts()), count)


def model_inputs(patches: PatchData, model: ModelSettings) -> PatchData:
    """Return patches as the network of a model sees them: the stress averaged if the model says so."""
    return with_average_stress(patches) if model.average_input else patches


def with_average_stress(patches: PatchData) -> PatchData:
    """Replace the macroscopic stress by its average over the patch (Krokos et al. 2022, section 5).

    The average is taken where there is macroscopic stress: outside the large holes.
    """
    inputs = patches.inputs.copy()
    stress = inputs[..., STRESS_CHANNELS]
    solid = np.any(stress != 0, axis=-1, keepdims=True)
    count = np.maximum(solid.sum(axis=(1, 2), keepdims=True), 1)
    inputs[..., STRESS_CHANNELS] = stress.sum(axis=(1, 2), keepdims=True) / count
    return replace(patches, inputs=inputs)


def history(result: FitResult[StressNetwork]) -> xr.Dataset:
    """Return the terms of every step and the scores of a fit as a data set."""
    return xr.Dataset(
        {
            "term": (("step", "term_name"), result.history, {"long_name": "terms of the objective"}),
            "score": ("report", result.scores[:, 1], {"long_name": "1 - accuracy at 10 %", "units": "1"}),
            "score_step": ("report", result.scores[:, 0], {"long_name": "step of the score"}),
        },
        {"term_name": list(result.terms)},
        {"fit_seconds": result.seconds, "steps": len(result.history), "precision": result.precision},
    )


def print_accuracy(progress: Progress) -> None:
    """Print the progress of a fit, its score as the accuracy it stands for."""
    accuracy = "" if progress.score is None else f"  accuracy {100 * (1 - progress.score):.1f} %"
    print(f"{progress}{accuracy}", flush=True)
