# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: how far the labels of a family are from those of a finer mesh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.geometry import PlateFamily
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import write_store
from mesobayes.studies.stress.label_noise import measure_label_noise as measure

THRESHOLD = 0.10  # the relative error within which a prediction counts, Krokos et al. 2022, Algorithm 1


def measure_label_noise(
    output: Path | str,
    family: PlateFamily,
    structures: int,
    mesh: MeshSettings,
    refinement: float,
    pixels_per_radius: int,
    provenance: Provenance,
) -> None:
    """Write how far labels are from those of a mesh finer by ``refinement``, and the accuracy that allows."""
    noise = measure(
        family, range(structures), provenance.seed, mesh, pixels_per_radius, mesh.refined(refinement)
    )
    attributes = {
        **noise.attributes(),
        "label_noise_accuracy": float(np.mean(noise.deviations < THRESHOLD)),
        "label_noise_refinement": refinement,
    }
    print(", ".join(f"{key} {value:.4g}" for key, value in attributes.items()), flush=True)
    meaning = {"units": "1", "long_name": "relative deviation of the ROI maximum from the finer mesh"}
    dataset = xr.Dataset({"deviation": ("label", noise.deviations, meaning)}, attrs=attributes)
    write_store(dataset, output, "stress/label_noise", provenance)
