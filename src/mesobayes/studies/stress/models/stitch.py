# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole held-out structure from predictions of its windows (Krokos et al. 2022, section 4.1.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry
from mesobayes.images.stitching import stitch_rois, tile_origins
from mesobayes.learning.predict import predict_draws
from mesobayes.learning.settings import Precision
from mesobayes.nets.build import StressNetwork
from mesobayes.nets.settings import LocalNetworkSettings
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.fit import model_inputs
from mesobayes.studies.stress.mechanics.channels import read_surroundings
from mesobayes.studies.stress.models.local_windows import window_channels
from mesobayes.studies.stress.models.patch_data import PatchData
from mesobayes.studies.stress.models.settings import ModelSettings
from mesobayes.studies.stress.models.trained import open_trained
from mesobayes.studies.stress.models.training_sets import held_out
from mesobayes.studies.stress.patches import window_inputs
from mesobayes.studies.stress.predict import on_whole_patch, predict_patches
from mesobayes.studies.stress.stores import PATCHES, STITCHED, STRUCTURES

Predict = Callable[[NDArray], tuple[NDArray, NDArray]]  # inputs of windows -> mean, spread (window, y, x)


def stitch_structure(
    fit: Path,
    weights: Path,
    structures: Path,
    patches: Path,
    store: Path,
    model: ModelSettings,
    index: int,
    draws: int,
    precision: Precision,
    run: Run,
) -> None:
    """Write the stress of one held-out structure, by finite elements and put together from windows.

    Args:
        fit, weights: of the model.
        structures: of a family; of the model's own, or of another one.
        patches: of the same family: they know which structures are held out.
        store: written.
        model: settings of the model.
        index: place of the structure in a random order of those held out.
        draws: posterior draws.
        precision: of matrix products.
        run: scale, seed and hashes.
    """
    trained = open_trained(fit, weights, run.seed)
    origin = trained.origin
    splits = open_store(patches, PATCHES, variables=("split", "structure"))
    number = held_out_structure(splits, model, origin["repeat"], index, run.seed)
    structure = open_store(structures, STRUCTURES, sample_id="structure").isel(structure=number)
    geometry = PatchGeometry(splits.attrs["pixels_per_radius"])
    images = images_of(structure, splits.attrs.get("stress_unit"))
    predict = predictor(trained.network, model, images, geometry, draws, trained.seed, precision)
    result = stitched(predict, images, geometry)
    keys = ("model", "network", "repeat", "labels", "examples", "steps", "fit_seconds")
    attributes = {key: origin[key] for key in keys} | {
        **{"family": splits.attrs["family"], "trained_on": model.family, "draws": draws},
        **{"structure": int(structure["structure"]), "pixels_per_radius": geometry.pixels_per_radius},
    }
    print(f"structure {attributes['structure']} from {result.sizes['window']} windows", flush=True)
    write_store(result.assign_attrs(attributes), store, STITCHED, run)


def predictor(
    network: StressNetwork,
    model: ModelSettings,
    images: StructureImages,
    geometry: PatchGeometry,
    draws: int,
    seed: int,
    precision: Precision = "default",
) -> Predict:
    """Return how a network predicts the windows of a structure.

    A network of images sees them. `local` reads their channels from the structure, in the same order, and
    says nothing outside the regions of interest: NaN.
    """
    if isinstance(network.settings, LocalNetworkSettings):
        mechanics = network.settings.mechanics
        origins = tile_origins(images.solid.shape, geometry, geometry.stride)
        around = read_surroundings(
            images.macro[None], images.solid, images.coverage, geometry.pixels_per_radius
        )
        seen = window_channels(around, images.solid, images.coverage, origins, geometry, mechanics)
        margin = [(0, 0), *[(geometry.margin, geometry.margin)] * 2]

        def by_pixels(inputs: NDArray) -> tuple[NDArray, NDArray]:
            del inputs
            found = predict_patches(network, seen.patches().inputs, draws, seed, precision=precision)
            mean, std = (
                np.pad(field.astype(float), margin, constant_values=np.nan)
                for field in (found.mean, found.epistemic_std)
            )
            return mean, std

        return by_pixels
    whole = on_whole_patch(network, geometry.patch)

    def by_images(inputs: NDArray) -> tuple[NDArray, NDArray]:
        roi = np.zeros((len(inputs), geometry.roi, geometry.roi), np.float32)
        seen = model_inputs(PatchData(inputs, roi, roi.astype(bool)), model).inputs
        found = predict_draws(whole, seen, draws, seed, precision=precision)
        return found.mean, found.std

    return by_images


def held_out_structure(
    patches: xr.Dataset, model: ModelSettings, repeat: int, index: int, study_seed: str
) -> int:
    """Place in the structures store of a held-out structure, the `index`-th in a random order.

    Raises:
        ValueError: fewer structures are held out.
    """
    structures = np.unique(patches["structure"].values[held_out(patches, model, repeat, study_seed)])
    if index >= len(structures):
        raise ValueError(
            f"structure {index} of those held out of {patches.attrs['family']} is asked for, but there are "
            f"{len(structures)}: raise validation_structures in the scale file"
        )
    order = rng_from_name(study_seed, "shown structures", str(patches.attrs["family"]))
    return int(order.permutation(structures)[index])


@dataclass(frozen=True)
class StructureImages:
    """A structure under its load.

    Attributes:
        macro: (component, y, x) stress without pores, in units of E.
        tresca: (y, x) Tresca stress with pores, in units of E; 0 in voids.
        solid, coverage: (y, x) material at the pixel centre, area fraction of material.
        unit: of the stress that networks see; None for the scale of each patch, where the problem is linear.
    """

    macro: NDArray
    tresca: NDArray
    solid: NDArray
    coverage: NDArray
    unit: float | None


def images_of(structure: xr.Dataset, unit: float | None = None) -> StructureImages:
    """Images of one structure: of a plate under the strain drawn for it, of a strip as they are."""
    macro, solid = structure["macro_stress"].values, structure["geometry"].values.astype(bool)
    if "load" in structure["macro_stress"].dims:
        macro = np.tensordot(structure["strain"].values, macro, axes=1)  # (load,) x (load, component, y, x)
    tresca = structure["micro_tresca"].values * solid
    return StructureImages(macro, tresca, solid, structure["coverage"].values, unit)


def stitched(predict: Predict, images: StructureImages, geometry: PatchGeometry) -> xr.Dataset:
    """Truth and prediction of a whole structure, and the prediction of every window, in units of E.

    Windows step by half a region of interest, also those without a feature. The image is put together from
    every second of them, whose regions of interest lie side by side; pixels that no region reaches are NaN.
    `window_mean (window, row, column)` is what each window gives on its whole patch.
    """
    origins = tile_origins(images.solid.shape, geometry, geometry.stride)
    inputs, scale = window_inputs(images.macro, images.solid, images.coverage, origins, geometry, images.unit)
    mean, std = (field * scale[:, None, None] for field in predict(inputs))
    tiles = {tuple(origin) for origin in tile_origins(images.solid.shape, geometry).tolist()}
    tiling = np.array([tuple(origin) in tiles for origin in origins.tolist()])
    roi = geometry.roi_slice()
    whole = partial(stitch_rois, origins=origins[tiling], shape=images.solid.shape, geometry=geometry)
    image, unit = ("y", "x"), {"units": "E"}
    return xr.Dataset(
        {
            "solid": (image, images.solid),
            "truth": (image, images.tresca.astype(np.float32), {**unit, "long_name": "finite elements"}),
            "mean": (image, whole(mean[tiling][:, roi, roi]).astype(np.float32), unit),
            "std": (image, whole(std[tiling][:, roi, roi]).astype(np.float32), unit),
            "window_mean": (("window", "row", "column"), mean.astype(np.float32), unit),
            "origin": (("window", "corner"), origins, {"units": "pixel"}),
        }
    )
