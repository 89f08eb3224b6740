# SPDX-License-Identifier: GPL-3.0-or-later
"""Prediction of held-out patches by a fitted model: every score and picture is made from what this stores."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry
from mesobayes.learning.settings import Precision
from mesobayes.metrics.scores import accuracy_at
from mesobayes.nets.build import StressNetwork
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.stress.fit import model_inputs
from mesobayes.studies.stress.mechanics.baseline import score_baseline
from mesobayes.studies.stress.models.network_data import open_network_data
from mesobayes.studies.stress.models.patch_data import PatchData, blocks, masked_maximum
from mesobayes.studies.stress.models.patch_traits import patch_traits
from mesobayes.studies.stress.models.settings import ModelSettings
from mesobayes.studies.stress.models.trained import open_trained
from mesobayes.studies.stress.models.training_sets import scored_patches
from mesobayes.studies.stress.predict import predict_patches
from mesobayes.studies.stress.stores import PREDICTION

_UNIT = {"units": "patch scale"}


def predict_model(
    fit: Path,
    weights: Path,
    patches: Path,
    channels: Path | None,
    store: Path,
    model: ModelSettings,
    draws: int,
    most: int,
    precision: Precision,
    run: Run,
) -> None:
    """Write what a fitted model predicts for held-out patches of a family, beside the truth.

    Args:
        fit, weights: of the model.
        patches: of the family to predict; of the model's own family, or of another one.
        channels: the same, for a network of single pixels.
        store: written.
        model: settings of the model.
        draws: posterior draws.
        most: patches at most.
        precision: of matrix products.
        run: scale, seed and hashes.
    """
    trained = open_trained(fit, weights, run.seed)
    origin = trained.origin
    family = open_network_data(patches, channels, trained.network.settings)
    data = family.patches
    numbers = scored_patches(data, model, origin["repeat"], most, run.seed)
    geometry = PatchGeometry(data.attrs["pixels_per_radius"])

    def block(some: NDArray) -> xr.Dataset:
        held_out = model_inputs(family.seen(some), model)
        traits = patch_traits(data["input"].isel(patch=some).values, geometry)
        result = predicted(trained.network, held_out, draws, trained.seed, precision)
        return result.assign({name: ("patch", values) for name, values in traits.items()})

    parts = [block(numbers[some]) for some in blocks(len(numbers))]
    chosen = data.isel(patch=numbers)
    result = xr.concat(parts, "patch", combine_attrs="override").assign(
        origin=(("patch", "corner"), chosen["origin"].values, {"units": "pixel"}),
        patch=("patch", numbers),
        structure=("patch", chosen["structure"].values),
        scale=("patch", chosen["scale"].values, {"units": "E", "long_name": "patch scale"}),
    )
    counts = ("labels", "structures", "examples", "rotations", "steps", "batch", "fit_seconds")
    attributes = {key: origin[key] for key in ("model", "network", "repeat", "split", *counts)} | {
        key: value for key, value in origin.items() if key.startswith("label_noise")
    }
    attributes |= {"family": data.attrs["family"], "trained_on": model.family, "draws": draws}
    if data.attrs["family"] == model.family:
        attributes["baseline_accuracy"] = score_baseline(data, numbers, 0.1).accuracy
    accuracy = accuracy_at(result["mean_max"].values, result["true_max"].values, 0.1)
    print(f"{100 * accuracy:.1f} % of {len(numbers)} maxima within 10 %", flush=True)
    write_store(result.assign_attrs(attributes), store, PREDICTION, run)


def predicted(
    network: StressNetwork, patches: PatchData, draws: int, seed: int, precision: Precision = "default"
) -> xr.Dataset:
    """Truth, posterior mean and spread on the region of interest, and maxima, in units of the patch scale."""
    found = predict_patches(network, patches.inputs, draws, seed, precision=precision)
    image = ("patch", "y", "x")
    result = xr.Dataset(
        {
            "truth": (image, patches.target * patches.mask, {**_UNIT, "long_name": "finite elements"}),
            "mask": (image, patches.mask, {"long_name": "material"}),
            "mean": (image, found.mean.astype(np.float32), {**_UNIT, "long_name": "posterior mean"}),
            "std": (image, found.epistemic_std.astype(np.float32), {**_UNIT, "long_name": "spread of draws"}),
            "true_max": ("patch", masked_maximum(patches.target, patches.mask), _UNIT),
            "mean_max": ("patch", masked_maximum(found.mean, patches.mask), _UNIT),
            "roi_max": (("draw", "patch"), found.roi_max, _UNIT),
        }
    )
    if found.predictive is None:
        return result
    law = found.predictive
    return result.assign(
        pixel_std=(image, law.std.astype(np.float32), {**_UNIT, "long_name": "predictive spread"}),
        max_centre=("patch", law.max_centre, {**_UNIT, "long_name": "centre of the maximum"}),
        max_std=("patch", law.max_std, {**_UNIT, "long_name": "predictive spread of the maximum"}),
    )
