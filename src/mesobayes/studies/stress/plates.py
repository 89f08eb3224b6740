# SPDX-License-Identifier: GPL-3.0-or-later
"""Which plate and far-field strain a structure is: by its name when drawn, by its parameters when stored."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.geometry import Ellipse, Plate, PlateFamily, sample_plate
from mesobayes.record.seeds import rng_from_name


def draw_structure(
    family: PlateFamily, study_seed: str, index: int, draw: int = 0
) -> tuple[Plate, NDArray[np.float64]]:
    """Plate and far-field strain (exx, eyy, exy), uniform on the unit sphere, of one draw of a structure."""
    rng = rng_from_name(study_seed, "structure", family.name, index, draw)
    plate = sample_plate(family, rng)
    direction = rng.standard_normal(3)
    return plate, direction / np.linalg.norm(direction)


def stored_plate(structure: xr.Dataset) -> Plate:
    """Plate of one structure of a store (no `structure` dimension)."""
    x = structure["x"].values
    ellipses, pores = (
        tuple(Ellipse(*row) for row in structure[name].values if np.isfinite(row[0]))
        for name in ("ellipse", "pore")
    )
    return Plate(float(x[-1] - x[0] + (x[1] - x[0])), ellipses, pores)
