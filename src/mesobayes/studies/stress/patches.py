# SPDX-License-Identifier: GPL-3.0-or-later
"""From structures to the patches a network learns from (Krokos et al. 2022, sections 3.1 and 4.1.2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry, cut_windows, patch_origins, patches_with_features
from mesobayes.images.tensor import tresca
from mesobayes.record.parts import write_parts
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.record.store import open_store
from mesobayes.studies.stress.stores import PATCHES, STRUCTURES, noise_of

CHANNELS = ("xx", "yy", "xy", "solid", "coverage")
TRAIN, VALIDATION = 0, 1


def cut_patches(
    structures: Path, store: Path, pixels_per_radius: int, validation_structures: int | None, run: Run
) -> None:
    """Write the patches of all good structures, split by structure; None holds all structures out."""
    images = ("geometry", "coverage", "macro_stress", "micro_stress")
    data = open_store(
        structures,
        STRUCTURES,
        variables=(*images, "strain", "status"),
        finite=(*images[1:], "strain"),
        sample_id="structure",
        later=images,
    )
    geometry = PatchGeometry(pixels_per_radius)
    cut = CutStructures(
        data, validation_structures, run.seed, lambda one: patches_of_structure(one, geometry)
    )
    write_patches(cut, store, run, pixels_per_radius=pixels_per_radius, **noise_of(data.attrs))


def write_patches(cut: CutStructures, store: Path, run: Run, **attributes: Any) -> None:
    """Write the patches of all good structures, one structure in memory at a time."""
    counts = [(part.sizes["patch"], int(part["split"][0])) for part in cut if part.sizes["patch"]]
    held_out = sum(count for count, split in counts if split == VALIDATION)
    count = sum(count for count, _ in counts)
    print(f"{count - held_out} patches for training, {held_out} for validation", flush=True)
    write_parts(cut, count, "patch", store, PATCHES, run, cut.attributes | attributes)


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
    cut = CutStructures(
        structures, validation_structures, study_seed, lambda one: patches_of_structure(one, geometry)
    )
    return cut.joined().assign_attrs(pixels_per_radius=pixels_per_radius)


@dataclass(frozen=True)
class CutStructures:
    """The patches that a function cuts from each good structure, with `structure` and `split`, part by part.

    Attributes:
        structures: data set of them.
        validation_structures: how many are held out, drawn by the seed of the study; None for all.
        patches_of: one structure -> its patches.

    Raises ValueError as `cut_structures` does.
    """

    structures: xr.Dataset
    validation_structures: int | None
    study_seed: str
    patches_of: Callable[[xr.Dataset], xr.Dataset]

    def __post_init__(self) -> None:
        if len(self.good) <= self.held_out < self.structures.sizes["structure"]:
            raise ValueError(
                f"{len(self.good)} good structures cannot give {self.held_out} for validation and at least "
                "one for training; raise n_structures or lower validation_structures in the scale file"
            )

    @property
    def good(self) -> NDArray[np.int64]:
        """Numbers of the good structures."""
        return np.flatnonzero(self.structures["status"].values == 0)

    @property
    def held_out(self) -> int:
        """How many structures are held out."""
        return len(self.good) if self.validation_structures is None else self.validation_structures

    @property
    def attributes(self) -> dict[str, Any]:
        """What the store of the patches says of them."""
        return {
            "n_structures": len(self.good),
            "validation_structures": self.held_out,
            "split_by": "structure",
            "family": self.structures.attrs["family"],
        }

    def __iter__(self) -> Iterator[xr.Dataset]:
        held_out = rng_from_name(self.study_seed, "split").permutation(self.good)[: self.held_out]
        for index in self.good:
            patches = self.patches_of(self.structures.isel(structure=int(index)).load())
            split = VALIDATION if index in held_out else TRAIN
            yield patches.assign(
                structure=("patch", np.full(patches.sizes["patch"], index, np.int32)),
                split=("patch", np.full(patches.sizes["patch"], split, np.uint8)),
            )

    def joined(self) -> xr.Dataset:
        """All patches as one data set."""
        return xr.concat(list(self), dim="patch", combine_attrs="override").assign_attrs(self.attributes)


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
