# SPDX-License-Identifier: GPL-3.0-or-later
"""Turned copies of structures as training data (Krokos et al. 2022, section 4.1.4 and equation 11)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.images.patches import PatchGeometry, patch_origins
from mesobayes.images.rotation import rotate_images, rotate_scalar
from mesobayes.record.seeds import rng_from_name
from mesobayes.studies.stress.models.patch_data import PatchData, patch_data
from mesobayes.studies.stress.patches import patches_of_images


def turned_copies(
    structures: xr.Dataset, rotations: int, geometry: PatchGeometry, study_seed: str
) -> Iterator[PatchData]:
    """Patches of every structure turned by `rotations` angles of its own, uniform on the circle.

    The load turns with the structure. Only patches inside the circle that an image contains are cut: what
    lies beyond is not known of a turned image. So a copy gives about 30 patches of a plate that gives 79.
    """
    for number in range(structures.sizes["structure"]):
        structure = structures.isel(structure=number).load()
        name = int(structure["structure"])
        angles = rng_from_name(study_seed, "rotations", name).uniform(0.0, 360.0, rotations)
        yield from (turned_patches(structure, angle, geometry) for angle in angles)


def turned_patches(structure: xr.Dataset, degrees: float, geometry: PatchGeometry) -> PatchData:
    """Patches of one structure and its load, turned counter-clockwise by `degrees`."""
    strain = structure["strain"].values
    macro, micro = (
        np.tensordot(strain, structure[name].values, axes=1) for name in ("macro_stress", "micro_stress")
    )
    macro, _ = rotate_images(macro, np.any(macro != 0, axis=0), degrees)  # its problem has large holes only
    micro, solid = rotate_images(micro, structure["geometry"].values.astype(bool), degrees)
    coverage = rotate_scalar(structure["coverage"].values, degrees)
    origins = patch_origins(solid.shape, geometry)
    origins = origins[inside_circle(origins, solid.shape, geometry)]
    patches = patches_of_images(macro, micro, solid, coverage, origins, geometry)
    patches = patches.assign_attrs(pixels_per_radius=geometry.pixels_per_radius)
    return patch_data(patches, np.arange(patches.sizes["patch"]))


def inside_circle(
    origins: NDArray[np.int64], shape: tuple[int, ...], geometry: PatchGeometry
) -> NDArray[np.bool_]:
    """Whether each window lies within the largest circle in an image of `shape`."""
    corner = np.abs(origins + (geometry.patch - np.array(shape)) / 2) + geometry.patch / 2
    return np.asarray(np.hypot(*corner.T) <= min(shape) / 2)
