# SPDX-License-Identifier: GPL-3.0-or-later
"""The finite-element answer beside the network's, for the pores that were read from a user's image."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.fem.plate.solution import image_stress, solve_nodal_stress
from mesobayes.geometry import Plate
from mesobayes.images.tensor import tresca
from mesobayes.studies.stress.own.reading import OwnPlate, pore_shapes


def solve_own_plate(
    plate: OwnPlate, strain: tuple[float, float, float], mesh: MeshSettings
) -> tuple[NDArray, float]:
    """Tresca stress (y, x) in units of E, NaN in the voids, and the seconds for meshing and solving.

    Raises MeshError, as where two pores overlap, and SolveError.
    """
    begin = time.perf_counter()
    height, width = (count / plate.pixels_per_radius for count in plate.solid.shape)
    pores = tuple(
        replace(shape, cx=shape.cx - 0.5 * width, cy=shape.cy - 0.5 * height)
        for shape in pore_shapes(plate.around.pores, plate.pixels_per_radius)
    )
    solution = solve_nodal_stress(Plate(max(height, width), (), pores), settings=mesh)
    rows, columns = plate.solid.shape
    x, y = ((np.arange(n) - 0.5 * (n - 1)) / plate.pixels_per_radius for n in (columns, rows))
    stress = np.tensordot(np.asarray(strain), image_stress(solution, x, y), axes=1)
    found = tresca(stress)
    return np.where(np.any(stress != 0, axis=0), found, np.nan), time.perf_counter() - begin
