# SPDX-License-Identifier: GPL-3.0-or-later
"""Boundary-value problems on JAX-FEM's weak forms, one file per problem, with direct solvers."""

from mesobayes.fem.errors import MeshError, SolveError
from mesobayes.fem.failure import fail_specimen
from mesobayes.fem.homogenisation import Homogenised, effective_permeability, homogenise, homogenise_batch
from mesobayes.fem.material_point import integrate_material_point
from mesobayes.fem.plate import solve_plate, solve_unit_strains
from mesobayes.fem.settings import MeshSettings

__all__ = [
    "Homogenised",
    "MeshError",
    "MeshSettings",
    "SolveError",
    "effective_permeability",
    "fail_specimen",
    "homogenise",
    "homogenise_batch",
    "integrate_material_point",
    "solve_plate",
    "solve_unit_strains",
]
