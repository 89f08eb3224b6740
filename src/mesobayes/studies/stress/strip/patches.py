# SPDX-License-Identifier: GPL-3.0-or-later
"""From strips to patches: windows of the undeformed strip, one unit of stress for all (section 4.2.2)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr

from mesobayes.images.patches import PatchGeometry, patch_origins, patches_with_features
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.record.store import open_store
from mesobayes.studies.stress.patches import CutStructures, patches_of_images, write_patches
from mesobayes.studies.stress.stores import STRUCTURES, noise_of


def cut_strip_patches(
    structures: Path,
    store: Path,
    pixels_per_radius: int,
    patches_per_structure: int,
    stress_unit: float,
    validation_structures: int,
    run: Run,
) -> None:
    """Write the patches of all strips that reached their end displacement, split by structure."""
    fields = ("geometry", "coverage", "macro_stress", "micro_stress")
    data = open_store(
        structures,
        STRUCTURES,
        variables=(*fields, "status"),
        finite=fields,
        sample_id="structure",
        later=fields,
    )
    cut = CutStructures(
        data,
        validation_structures,
        run.seed,
        window_cutter(pixels_per_radius, patches_per_structure, stress_unit, run.seed),
    )
    kept = {"pixels_per_unit": data.attrs["pixels_per_unit"], "stress_unit": stress_unit}
    write_patches(cut, store, run, pixels_per_radius=pixels_per_radius, **kept, **noise_of(data.attrs))


def cut_strips(
    structures: xr.Dataset,
    pixels_per_radius: int,
    patches_per_structure: int,
    stress_unit: float,
    validation_structures: int,
    study_seed: str,
) -> xr.Dataset:
    """Patches of the good strips, with the layout of those of plates.

    Macroscopic stress and target are in units of `stress_unit` (in E), the `scale` of every patch: nothing
    else is scaled, as printed. `pixels_per_radius` gives the sizes of the windows in pixels.
    Raises ValueError if fewer good strips exist than `validation_structures` + 1.
    """
    patches_of = window_cutter(pixels_per_radius, patches_per_structure, stress_unit, study_seed)
    patches = CutStructures(structures, validation_structures, study_seed, patches_of).joined()
    return patches.assign_attrs(
        pixels_per_radius=pixels_per_radius,
        pixels_per_unit=structures.attrs["pixels_per_unit"],
        stress_unit=stress_unit,
    )


def window_cutter(
    pixels_per_radius: int, patches_per_structure: int, stress_unit: float, study_seed: str
) -> Callable[[xr.Dataset], xr.Dataset]:
    """Function that cuts random windows from one strip."""
    geometry = PatchGeometry(pixels_per_radius)

    def patches_of(strip: xr.Dataset) -> xr.Dataset:
        solid = strip["geometry"].values.astype(bool)
        origins = patch_origins(solid.shape, geometry)
        origins = origins[patches_with_features(solid, origins, geometry)]
        rng = rng_from_name(study_seed, "strip", "windows", int(strip["structure"]))
        kept = np.sort(rng.permutation(len(origins))[:patches_per_structure])
        patches = patches_of_images(
            strip["macro_stress"].values,
            strip["micro_stress"].values,
            solid,
            strip["coverage"].values,
            origins[kept],
            geometry,
            stress_unit,
        )
        patches["scale"].attrs["long_name"] = "unit of stress, the same for every patch"
        return patches

    return patches_of
