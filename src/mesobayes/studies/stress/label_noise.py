# SPDX-License-Identifier: GPL-3.0-or-later
"""Label noise: how far the ROI maxima of a mesh are from those of a much finer one.

Accuracy is counted as the share of ROI maxima of the Tresca stress predicted within 10 %, so a label that is
itself wrong by several per cent limits what accuracy can mean. Every data set carries its measured noise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.fem.plate.settings import DEFAULT_MESH, MeshSettings
from mesobayes.fem.plate.solution import NodalStress, image_stress, solve_nodal_stress, tresca
from mesobayes.geometry import Plate, PlateFamily
from mesobayes.images.raster import coverage_image, pixel_centres
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.stress.plates import draw_structure
from mesobayes.studies.stress.stores import LABEL_NOISE

FloatArray = NDArray[np.float64]

REFERENCE_MESH = DEFAULT_MESH.refined(1.8)
_ROI_SIDE, _STRIDE = 8, 4  # in R


@dataclass(frozen=True)
class LabelNoise:
    """Relative deviations of ROI maxima from the reference, one for every ROI, load and structure."""

    deviations: FloatArray
    structures: int

    @property
    def percentiles(self) -> tuple[float, float, float]:
        """Median, 95th percentile and maximum."""
        median, high, largest = np.percentile(self.deviations, [50.0, 95.0, 100.0])
        return float(median), float(high), float(largest)

    def attributes(self) -> dict[str, float | int]:
        """What a data set stores about its labels, deviations as fractions."""
        median, high, largest = self.percentiles
        return {
            "label_noise_median": median,
            "label_noise_p95": high,
            "label_noise_max": largest,
            "label_noise_rois": len(self.deviations),
            "label_noise_structures": self.structures,
        }


def measure_label_noise(
    store: Path,
    family: PlateFamily,
    structures: int,
    mesh: MeshSettings,
    refinement: float,
    pixels_per_radius: int,
    threshold: float,
    run: Run,
) -> None:
    """Write how far labels are from those of a mesh finer by ``refinement``, and the accuracy that allows.

    A prediction counts when the relative error of its ROI maximum is below ``threshold``.
    """
    noise = deviations_of_structures(
        family, range(structures), run.seed, mesh, pixels_per_radius, mesh.refined(refinement)
    )
    write_noise(noise, threshold, refinement, store, run)


def write_noise(noise: LabelNoise, threshold: float, refinement: float, store: Path, run: Run) -> None:
    """Write deviations, their percentiles and the share below ``threshold`` to a store."""
    attributes = {
        **noise.attributes(),
        "label_noise_accuracy": float(np.mean(noise.deviations < threshold)),
        "label_noise_refinement": refinement,
    }
    print(", ".join(f"{key} {value:.4g}" for key, value in attributes.items()), flush=True)
    meaning = {"units": "1", "long_name": "relative deviation of the ROI maximum from the finer mesh"}
    dataset = xr.Dataset({"deviation": ("label", noise.deviations, meaning)}, attrs=attributes)
    write_store(dataset, store, LABEL_NOISE, run)


def deviations_of_structures(
    family: PlateFamily,
    indices: Iterable[int],
    study_seed: str,
    mesh: MeshSettings = DEFAULT_MESH,
    pixels_per_radius: int = 4,
    reference: MeshSettings = REFERENCE_MESH,
) -> LabelNoise:
    """Compare ROI maxima of a few structures, under the three unit strains, with those on a finer mesh.

    ROIs of side 8R at stride 4R tile the central square; those without a hole, where any mesh does well, and
    those without material do not count. The structures are the first draws of `simulate_batch` with the
    same seed. Raises MeshError and SolveError.
    """
    deviations = []
    for index in (indices := list(indices)):
        plate, _ = draw_structure(family, study_seed, index)
        coarse = solve_nodal_stress(plate, True, mesh)
        fine = solve_nodal_stress(plate, True, reference)
        deviations.append(roi_deviations(plate, family.margin, coarse, fine, pixels_per_radius))
    return LabelNoise(np.concatenate(deviations), len(indices))


def roi_deviations(
    plate: Plate, margin: float, solution: NodalStress, reference: NodalStress, pixels_per_radius: int
) -> FloatArray:
    """|maximum / reference maximum - 1| of the ROIs that hold material and part of a hole, all loads."""
    centres = pixel_centres(plate.side, pixels_per_radius)
    border = round(margin * pixels_per_radius)
    maxima, exact = (
        roi_maxima(tresca(image_stress(nodal, centres, centres).swapaxes(0, 1)), border, pixels_per_radius)
        for nodal in (solution, reference)
    )
    coverage = coverage_image(plate.holes(), centres, centres)
    void = np.asarray(1.0 - coverage[None], dtype=np.float64)
    holds_edge = roi_maxima(void, border, pixels_per_radius) > 0.0
    counted = np.broadcast_to(holds_edge, exact.shape) & (exact > 0.0)
    return np.abs(maxima[counted] / exact[counted] - 1.0)


def roi_maxima(images: FloatArray, border: int, pixels_per_radius: int) -> FloatArray:
    """Maxima (load, row, column) of images (load, y, x) over ROIs, 8R wide at stride 4R, within the border.

    What is left of the central square beyond a whole number of strides is not used.
    """
    block = _STRIDE * pixels_per_radius
    inner = images[:, border : images.shape[1] - border, border : images.shape[2] - border]
    count = inner.shape[1] // block
    if count < _ROI_SIDE // _STRIDE:
        raise ValueError(f"The central square of {inner.shape[1]} pixels is smaller than one ROI of 8 R.")
    inner = inner[:, : count * block, : count * block]
    blocks = inner.reshape(len(images), count, block, count, block).max(axis=(2, 4))
    rows = np.maximum(blocks[:, 1:], blocks[:, :-1])
    return np.maximum(rows[:, :, 1:], rows[:, :, :-1])
