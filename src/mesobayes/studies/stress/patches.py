# SPDX-License-Identifier: GPL-3.0-or-later
"""From structures to the patches a network learns from (Krokos et al. 2022, sections 3.1 and 4.1.2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry, cut_windows, patch_origins, patches_with_features
from mesobayes.images.tensor import tresca
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.stores import PATCHES, STRUCTURES, noise_of

CHANNELS = ("xx", "yy", "xy", "solid", "coverage")
TRAIN, VALIDATION = 0, 1


def cut_patches(
    structures: Path, store: Path, pixels_per_radius: int, validation_structures: int | None, run: Run
) -> None:
    """Write the patches of all good structures, split by structure; None holds all structures out."""
    data = open_store(
        structures,
        STRUCTURES,
        variables=("geometry", "coverage", "macro_stress", "micro_stress", "strain", "status"),
        finite=("coverage", "macro_stress", "micro_stress", "strain"),
        sample_id="structure",
    )
    patches = cut_structures(data, pixels_per_radius, validation_structures, run.seed)
    held_out = int(patches["split"].sum())
    print(f"{patches.sizes['patch'] - held_out} patches for training, {held_out} for validation", flush=True)
    write_store(patches.assign_attrs(noise_of(data.attrs)), store, PATCHES, run)


def cut_structures(
    structures: xr.Dataset, pixels_per_radius: int, validation_structures: int | None, study_seed: str
) -> xr.Dataset:
    """All patches of the good structures, scaled, split by structure.

    `input (patch, y, x, channel)` holds the macro stress divided by the patch scale (its largest component by
    magnitude over the patch), the solid mask and the solid area fraction of each pixel; `target (patch, y,
    x)` the micro Tresca stress over the same scale. `split (patch)` is 0 for training and 1 for validation;
    all patches of one structure are in one split.
    Raises ValueError if fewer good structures exist than `validation_structures` + 1, unless all are held
    out.
    """
    geometry = PatchGeometry(pixels_per_radius)
    return split_by_structure(
        structures,
        lambda structure: patches_of_structure(structure, geometry),
        pixels_per_radius,
        validation_structures,
        study_seed,
    )


def split_by_structure(
    structures: xr.Dataset,
    patches_of: Callable[[xr.Dataset], xr.Dataset],
    pixels_per_radius: int,
    validation_structures: int | None,
    study_seed: str,
) -> xr.Dataset:
    """The patches that a function cuts from each good structure, with `structure` and `split`.

    Raises ValueError as `cut_structures` does.
    """
    good = np.flatnonzero(structures["status"].values == 0)
    validation_structures = len(good) if validation_structures is None else validation_structures
    if len(good) <= validation_structures < structures.sizes["structure"]:
        raise ValueError(
            f"{len(good)} good structures cannot give {validation_structures} for validation and at least "
            "one for training; raise n_structures or lower validation_structures in the scale file"
        )
    held_out = rng_from_name(study_seed, "split").permutation(good)[:validation_structures]
    parts = []
    for index in good:
        patches = patches_of(structures.isel(structure=int(index)))
        split = VALIDATION if index in held_out else TRAIN
        parts.append(
            patches.assign(
                structure=("patch", np.full(patches.sizes["patch"], index, np.int32)),
                split=("patch", np.full(patches.sizes["patch"], split, np.uint8)),
            )
        )
    attributes = {
        "pixels_per_radius": pixels_per_radius,
        "n_structures": len(good),
        "validation_structures": validation_structures,
        "split_by": "structure",
        "family": structures.attrs["family"],
    }
    return xr.concat(parts, dim="patch", combine_attrs="override").assign_attrs(attributes)


def patches_of_structure(structure: xr.Dataset, geometry: PatchGeometry) -> xr.Dataset:
    """Patches of one structure (no `structure` dimension): `input`, `target`, `scale`, `origin`.

    The load is the far-field strain drawn for the structure: the stored fields of the three unit strains are
    superposed (the problem is linear).
    """
    strain = structure["strain"].values  # (load,)
    macro = np.tensordot(strain, structure["macro_stress"].values, axes=1)  # (component, y, x)
    micro = np.tensordot(strain, structure["micro_stress"].values, axes=1)
    solid = structure["geometry"].values.astype(bool)
    return patches_of_images(
        macro, micro, solid, structure["coverage"].values, patch_origins(solid.shape, geometry), geometry
    )


def window_inputs(
    macro: NDArray,
    solid: NDArray,
    coverage: NDArray,
    origins: NDArray,
    geometry: PatchGeometry,
    unit: float | None = None,
) -> tuple[NDArray, NDArray]:
    """Inputs (patch, y, x, channel) of a network for the windows at the origins (patch, 2), and their scales.

    macro (component, y, x); solid, coverage (y, x). The scale (patch,) is the largest stress component of the
    window by magnitude, 1 where there is no stress; or `unit` everywhere.
    """
    stress = cut_windows(macro, origins, geometry.patch)  # (patch, component, y, x)
    largest = np.abs(stress).max(axis=(1, 2, 3))
    scale = np.where(largest > 0, largest, 1.0) if unit is None else np.full(len(origins), unit)
    shapes = cut_windows(np.stack([solid, coverage]), origins, geometry.patch)
    images = np.concatenate([stress / scale[:, None, None, None], shapes], axis=1)
    return np.moveaxis(images, 1, -1).astype(np.float32), scale


def patches_of_images(
    macro: NDArray,
    micro: NDArray,
    solid: NDArray,
    coverage: NDArray,
    origins: NDArray,
    geometry: PatchGeometry,
    unit: float | None = None,
) -> xr.Dataset:
    """Patches at the origins (patch, 2) that hold a feature, from the images of one load.

    macro, micro (component, y, x); solid, coverage (y, x); unit: scale of every patch instead of its own.
    """
    origins = origins[patches_with_features(solid, origins, geometry)]
    inputs, scale = window_inputs(macro, solid, coverage, origins, geometry, unit)
    target = cut_windows(tresca(micro) * solid, origins, geometry.patch) / scale[:, None, None]
    return xr.Dataset(
        {
            "input": (
                ("patch", "y", "x", "channel"),
                inputs,
                {
                    "long_name": "scaled macro stress, solid mask, solid area fraction",
                    "units": "patch scale, 1",
                },
            ),
            "target": (
                ("patch", "y", "x"),
                target.astype(np.float32),
                {"long_name": "micro Tresca stress", "units": "patch scale"},
            ),
            "scale": (
                "patch",
                scale.astype(np.float32),
                {"long_name": "largest macro stress component of the patch", "units": "E"},
            ),
            "origin": (
                ("patch", "corner"),
                origins.astype(np.int32),
                {"long_name": "lower left pixel of the patch", "units": "pixel"},
            ),
        },
        coords={"channel": list(CHANNELS), "corner": ["row", "column"]},
    )
