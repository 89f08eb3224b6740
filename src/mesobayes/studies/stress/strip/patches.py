# SPDX-License-Identifier: GPL-3.0-or-later
"""From strips to patches: windows of the undeformed strip, one unit of stress for all (section 4.2.2)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from mesobayes.images.patches import PatchGeometry, patch_origins, patches_with_features
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.patches import patches_of_images, split_by_structure
from mesobayes.studies.stress.stores import PATCHES, STRUCTURES, noise_of


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
        structures, STRUCTURES, variables=(*fields, "status"), finite=fields, sample_id="structure"
    )
    patches = cut_strips(
        data, pixels_per_radius, patches_per_structure, stress_unit, validation_structures, run.seed
    )
    held_out = int(patches["split"].sum())
    print(f"{patches.sizes['patch'] - held_out} patches for training, {held_out} for validation", flush=True)
    write_store(patches.assign_attrs(noise_of(data.attrs)), store, PATCHES, run)


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
    geometry = PatchGeometry(pixels_per_radius)

    def patches_of(strip: xr.Dataset) -> xr.Dataset:
        solid = strip["geometry"].values.astype(bool)
        origins = patch_origins(solid.shape, geometry)
        origins = origins[patches_with_features(solid, origins, geometry)]
        rng = rng_from_name(study_seed, "strip", "windows", int(strip["structure"]))
        kept = np.sort(rng.permutation(len(origins))[:patches_per_structure])
        return patches_of_images(
            strip["macro_stress"].values,
            strip["micro_stress"].values,
            solid,
            strip["coverage"].values,
            origins[kept],
            geometry,
            stress_unit,
        )

    patches = split_by_structure(structures, patches_of, pixels_per_radius, validation_structures, study_seed)
    patches["scale"].attrs["long_name"] = "unit of stress, the same for every patch"
    return patches.assign_attrs(pixels_per_unit=structures.attrs["pixels_per_unit"], stress_unit=stress_unit)
