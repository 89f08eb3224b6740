# SPDX-License-Identifier: GPL-3.0-or-later
"""Stress images of a strip at finite strain: mesh, path of equilibria, recovery, pixels.

Images show the undeformed strip: a pixel holds what has happened to the material point that lay at its centre
before loading. Only so do images of the pores and of the macroscopic problem lie on each other, and the
printed image of 80 x 400 pixels has the sides of the undeformed strip.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.fem.pixels import pixel_values
from mesobayes.fem.strip.assembly import prepare_assembly
from mesobayes.fem.strip.equilibrium import find_equilibrium
from mesobayes.fem.strip.meshing import mesh_strip
from mesobayes.fem.strip.saint_venant import UNIT_SAINT_VENANT
from mesobayes.fem.strip.settings import (
    DEFAULT_STRIP_MESH,
    DEFAULT_STRIP_SOLVER,
    StripMeshSettings,
    StripSolverSettings,
)
from mesobayes.fem.strip.stress import recover_cauchy, recover_linear
from mesobayes.geometry.strip import Strip
from mesobayes.images.raster import axis_centres, solid_image
from mesobayes.images.tensor import tresca

FloatArray = NDArray[np.float64]
COMPONENTS = ("xx", "yy", "xy")


def solve_strip(
    strip: Strip,
    end_displacement: float,
    pores: bool = True,
    pixels_per_unit: float = 200,
    mesh: StripMeshSettings = DEFAULT_STRIP_MESH,
    solver: StripSolverSettings = DEFAULT_STRIP_SOLVER,
) -> xr.Dataset:
    """Images of a strip of Saint Venant-Kirchhoff material in plane strain (E = 1, ν = 0.3).

    The left end is clamped; the right end moves by u_x = 0, u_y = -`end_displacement` > 0. Lengths are in
    units of the strip's height, stresses in units of E, all zero in voids. Returns the Cauchy stress
    (component, y, x), its tresca (y, x), the displacement (direction, y, x), strain_norm (y, x), the norm of
    the Green-Lagrange strain, and linear_stress (component, y, x) of the linear model; attributes `reached`,
    the end displacement that the finite-strain fields belong to, and `reason`, why it is not the one asked
    for.

    Raises MeshError and SolveError, and ValueError for an end displacement that is not positive.
    """
    if not (np.isfinite(end_displacement) and end_displacement > 0.0):
        raise ValueError(f"the end displacement must be a positive number, not {end_displacement}")
    x, y = (axis_centres(side, pixels_per_unit) for side in (strip.length, strip.height))
    meshed = mesh_strip(strip, pores, mesh)
    state = find_equilibrium(prepare_assembly(meshed, UNIT_SAINT_VENANT), end_displacement, solver)
    fields = recover_cauchy(meshed, state.displacement)
    linear = recover_linear(meshed, state.linear)
    nodal = np.concatenate([fields.stress, state.displacement, fields.strain_norm[:, None], linear], axis=1)
    image = pixel_values(
        meshed.points, meshed.cells, meshed.curved, nodal, solid_image(meshed.holes, x, y), x, y
    )
    stress_dims, units = ("component", "y", "x"), {"units": "E"}
    length = {"units": "height of the strip"}
    return xr.Dataset(
        {
            "stress": (stress_dims, image[:3], units),
            "tresca": (("y", "x"), tresca(image[:3]), units),
            "displacement": (("direction", "y", "x"), image[3:5], length),
            "strain_norm": (("y", "x"), image[5], {"units": "1"}),
            "linear_stress": (stress_dims, image[6:], units),
        },
        {
            "component": list(COMPONENTS),
            "direction": ["x", "y"],
            "y": ("y", y, length),
            "x": ("x", x, length),
        },
        {
            "end_displacement": end_displacement,
            "reached": state.reached,
            "reason": state.reason,
            "load_steps": state.steps,
            "nodes": len(meshed.points),
        },
    )
