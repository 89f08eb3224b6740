# SPDX-License-Identifier: GPL-3.0-or-later
"""Label noise of strips: how far their ROI maxima are from those of a finer mesh."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.errors import SolveError
from mesobayes.fem.strip.settings import StripMeshSettings, StripSolverSettings
from mesobayes.fem.strip.solution import solve_strip
from mesobayes.geometry.settings import StripFamily
from mesobayes.images.patches import PatchGeometry, cut_windows, patch_origins
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.label_noise import LabelNoise, write_noise
from mesobayes.studies.stress.strip.random_strips import draw_strip


def measure_strip_noise(
    store: Path,
    family: StripFamily,
    structures: int,
    mesh: StripMeshSettings,
    solver: StripSolverSettings,
    refinement: float,
    pixels_per_unit: int,
    pixels_per_radius: int,
    threshold: float,
    run: Run,
) -> None:
    """Write how far labels are from those of a mesh finer by ``refinement``, and the accuracy that allows."""
    noise = deviations_of_strips(
        family, range(structures), run.seed, mesh, solver, refinement, pixels_per_unit, pixels_per_radius
    )
    write_noise(noise, threshold, refinement, store, run)


def deviations_of_strips(
    family: StripFamily,
    indices: Iterable[int],
    study_seed: str,
    mesh: StripMeshSettings,
    solver: StripSolverSettings,
    refinement: float,
    pixels_per_unit: int,
    pixels_per_radius: int,
) -> LabelNoise:
    """Compare ROI maxima of the windows of a few strips with those on a finer mesh.

    ROIs without a hole, where any mesh does well, and strips that do not reach their end displacement on both
    meshes do not count. Raises MeshError and SolveError, the latter too where no strip is left.
    """
    deviations = []
    for index in indices:
        strip, load = draw_strip(family, study_seed, index)
        coarse, fine = (
            solve_strip(strip, load, True, pixels_per_unit, sizes, solver)
            for sizes in (mesh, mesh.refined(refinement))
        )
        if coarse.attrs["reached"] == fine.attrs["reached"] == load:
            deviations.append(
                _roi_deviations(
                    coarse["tresca"].values, fine["tresca"].values, PatchGeometry(pixels_per_radius)
                )
            )
    if not deviations:
        raise SolveError("No strip reached its end displacement on both meshes: measure more of them.")
    return LabelNoise(np.concatenate(deviations), len(deviations))


def _roi_deviations(coarse: NDArray, fine: NDArray, geometry: PatchGeometry) -> NDArray:
    """|maximum / reference maximum - 1| of the ROIs that hold material and part of a hole."""
    origins = patch_origins(fine.shape, geometry)
    maxima, exact = (
        cut_windows(image, origins, geometry.roi, geometry.margin).max(axis=(1, 2))
        for image in (coarse, fine)
    )
    void = cut_windows(fine == 0.0, origins, geometry.roi, geometry.margin).any(axis=(1, 2))
    counted = void & (exact > 0.0)
    return np.asarray(np.abs(maxima[counted] / exact[counted] - 1.0))
