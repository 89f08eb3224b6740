# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole patches to look at, drawn at random by what they show, never by how well they are predicted."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry
from mesobayes.learning.predict import predict_draws
from mesobayes.learning.settings import Precision
from mesobayes.learning.weights import load_network
from mesobayes.nets.build import StressNetwork
from mesobayes.nets.channels import COVERAGE_CHANNEL, SOLID_CHANNEL, STRESS_CHANNELS
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name, seed_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.fit import model_inputs
from mesobayes.studies.stress.models.patch_data import patch_data
from mesobayes.studies.stress.models.patch_traits import extreme_patches
from mesobayes.studies.stress.models.settings import ModelSettings
from mesobayes.studies.stress.predict import on_whole_patch
from mesobayes.studies.stress.stores import PATCHES, PREDICTION, WHOLE_PATCHES

_SCALED = {"units": "patch scale"}


def show_patches(
    weights: Path,
    patches: Path,
    prediction: Path,
    store: Path,
    model: ModelSettings,
    each: int,
    precision: Precision,
    run: Run,
) -> None:
    """Write whole patches with what a model gives on them, outside the region of interest too.

    Args:
        weights: of the model.
        patches: of the family that the prediction is of.
        prediction: of the same weights: the patches are among those predicted.
        store: written.
        model: settings of the model.
        each: patches of every kind.
        precision: of matrix products.
        run: scale, seed and hashes.
    """
    data = open_store(patches, PATCHES, finite=("input", "target", "scale"), later=("input", "target"))
    scored = open_store(prediction, PREDICTION)
    chosen = patches_by_kind(scored, each, run.seed)
    kinds = [kind for kind, numbers in chosen.items() for _ in numbers]
    some = data.isel(patch=np.concatenate(list(chosen.values())))
    network = on_whole_patch(
        cast(StressNetwork, load_network(weights)), PatchGeometry(data.attrs["pixels_per_radius"]).patch
    )
    origin = scored.attrs
    seed = seed_from_name(run.seed, "draws", origin["network"], origin["model"], origin["repeat"])
    seen = model_inputs(patch_data(some, np.arange(len(kinds))), model).inputs
    found = predict_draws(network, seen, origin["draws"], seed, precision=precision)
    inputs, image = some["input"].values, ("patch", "y", "x")
    result = xr.Dataset(
        {
            "kind": ("patch", np.array(kinds)),
            "number": ("patch", np.concatenate(list(chosen.values())), {"long_name": "patch in its store"}),
            "structure": ("patch", some["structure"].values),
            "scale": ("patch", some["scale"].values, {"units": "E"}),
            "stress": ((*image, "component"), inputs[..., STRESS_CHANNELS], _SCALED),
            "solid": (image, inputs[..., SOLID_CHANNEL].astype(bool)),
            "coverage": (image, inputs[..., COVERAGE_CHANNEL], {"units": "1"}),
            "truth": (image, some["target"].values, {**_SCALED, "long_name": "finite elements"}),
            "mean": (image, found.mean.astype(np.float32), {**_SCALED, "long_name": "posterior mean"}),
        }
    )
    keys = ("model", "network", "repeat", "family", "labels", "examples", "steps", "draws", "fit_seconds")
    attributes = {key: origin[key] for key in keys} | {"pixels_per_radius": data.attrs["pixels_per_radius"]}
    write_store(result.assign_attrs(attributes), store, WHOLE_PATCHES, run)


def patches_by_kind(prediction: xr.Dataset, each: int, study_seed: str) -> dict[str, NDArray[np.int64]]:
    """Numbers of at most so many predicted patches of every kind, in one random order.

    `random`; `pores`: interacting pores, none of them near a large hole; `hole`: a pore near a large hole;
    `varying` and `constant`: see `extreme_patches`.
    """
    order = rng_from_name(study_seed, "shown patches", prediction.attrs["family"])
    place = order.permutation(prediction.sizes["patch"])
    pore, pores, hole = (
        prediction[name].values.astype(bool) for name in ("pore", "pores_interact", "hole_interacts")
    )
    everywhere = np.ones(len(place), bool)
    kinds = {
        "random": everywhere,
        "pores": pores & ~hole,
        "hole": hole,
        **extreme_patches(pore, prediction["variation"].values, each),
    }
    numbers = prediction["patch"].values
    return {kind: numbers[place[member[place]][:each]] for kind, member in kinds.items()}
