# SPDX-License-Identifier: GPL-3.0-or-later
"""Stress images of one plate: mesh, three unit strains per factorisation, recovery, pixels.

The plate sits in a solid buffer; the outer edge of the domain is displaced by u = E·X (Krokos et al. 2022).
By linearity the stress of every far-field strain is a combination of those of the three unit strains.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mesobayes.fem.pixels import pixel_values
from mesobayes.fem.plate.assembly import element_stiffness, reduce_system
from mesobayes.fem.plate.device import solve_on_device
from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN, UNIT_STRAINS, PlaneStrain
from mesobayes.fem.plate.meshing import Mesh, mesh_plate
from mesobayes.fem.plate.recovery import hoop_stress, recover_stress
from mesobayes.fem.plate.settings import DEFAULT_MESH, DEFAULT_SOLVER, MeshSettings, PlateSolver
from mesobayes.fem.solvers import SolverName, solve_spd
from mesobayes.geometry.plate import Ellipse, Plate
from mesobayes.images.raster import pixel_centres, solid_image

FloatArray = NDArray[np.float64]
COMPONENTS = ("xx", "yy", "xy")
LOADS = ("exx", "eyy", "exy")
_BUFFER_SHARE = 0.13  # largest semi-axis of a hole over its distance from the displaced edge
_HOOP_ANGLES = np.arange(0.0, 360.0, 1.0)


@dataclass(frozen=True)
class NodalStress:
    """Recovered stresses (node, component, load) of the three unit strains on a mesh."""

    mesh: Mesh
    stress: FloatArray


def solve_nodal_stress(
    plate: Plate,
    pores: bool = True,
    settings: MeshSettings = DEFAULT_MESH,
    material: PlaneStrain = UNIT_PLANE_STRAIN,
    solver: SolverName = "auto",
) -> NodalStress:
    """Nodal stresses of the three unit strains exx, eyy, exy from one factorisation.

    Raises MeshError and SolveError.
    """
    mesh = mesh_plate(plate, pores, settings)
    return NodalStress(mesh, recover_stress(mesh, displacements(mesh, material, solver), material))


def solve_meshes(
    meshes: Sequence[Mesh],
    material: PlaneStrain = UNIT_PLANE_STRAIN,
    solver: PlateSolver = DEFAULT_SOLVER,
) -> list[Callable[[], NodalStress]]:
    """For every mesh a function that returns its nodal stresses, or raises MeshError or SolveError.

    On the device all meshes are solved before the first call, on cores each by its own call.
    """
    solutions: list[Callable[[], FloatArray]]
    if solver.name == "device":
        found = solve_on_device(meshes, material, solver.tolerance, solver.iterations_max)
        solutions = [partial(solution.checked, solver.tolerance) for solution in found]
    else:
        solutions = [partial(displacements, mesh, material, solver.name, solver.tolerance) for mesh in meshes]

    def recovered(mesh: Mesh, solution: Callable[[], FloatArray]) -> NodalStress:
        return NodalStress(mesh, recover_stress(mesh, solution(), material))

    return [partial(recovered, *pair) for pair in zip(meshes, solutions, strict=True)]


def displacements(
    mesh: Mesh,
    material: PlaneStrain = UNIT_PLANE_STRAIN,
    solver: SolverName = "auto",
    tolerance: float = 1e-8,
) -> FloatArray:
    """Displacements (node, component, load) of the three unit strains. Raises SolveError."""
    prescribed = np.einsum("lij,nj->nil", UNIT_STRAINS, mesh.points[mesh.outer])
    system = reduce_system(mesh, element_stiffness(mesh, material), prescribed)
    return system.expand(solve_spd(system.lower, system.load, solver, tolerance))


def image_stress(solution: NodalStress, x: FloatArray, y: FloatArray) -> FloatArray:
    """Stresses (load, component, y, x) at the pixel centres, zero in voids.

    Raises MeshError if a material pixel lies in no cell.
    """
    mesh = solution.mesh
    flat = solution.stress.reshape(len(mesh.points), -1)
    image = pixel_values(mesh.points, mesh.cells, mesh.curved, flat, solid_image(mesh.holes, x, y), x, y)
    return image.reshape(3, -1, len(y), len(x)).swapaxes(0, 1)


def solve_unit_strains(
    plate: Plate,
    pores: bool = True,
    settings: MeshSettings = DEFAULT_MESH,
    pixels_per_radius: float = 4,
    material: PlaneStrain = UNIT_PLANE_STRAIN,
    solver: SolverName = "auto",
) -> xr.Dataset:
    """Stress images of the three unit far-field strains, in units of E.

    Returns stress (load, component, y, x), zero in voids, far_stress (load, component) of the solid plate,
    and coordinates x, y in R. Raises MeshError and SolveError.
    """
    centres = pixel_centres(plate.side, pixels_per_radius)
    solution = solve_nodal_stress(plate, pores, settings, material, solver)
    return _dataset(image_stress(solution, centres, centres), material.stress(np.eye(3)), centres)


def solve_plate(
    plate: Plate,
    strain: tuple[float, float, float] = (1.0, 0.0, 0.0),
    pores: bool = True,
    elements_per_radius: float = 7.0,
    pixels_per_radius: float = 4,
    settings: MeshSettings | None = None,
    solver: SolverName = "auto",
) -> xr.Dataset:
    """Stress image of a plate under the far-field strain (exx, eyy, exy), tensor components, plane strain.

    `settings` replaces the default mesh, `elements_per_radius` included. Returns, in units of E, stress
    (component, y, x) and tresca (y, x), both zero in voids, far_stress (component), and pore_hoop (pore,
    angle), the hoop stress on the edge of every pore, angle in degrees from +x.

    Raises MeshError and SolveError, and ValueError for a strain that is not three finite numbers. Warns where
    a hole is so large beside the solid buffer that its stress is not that in a wide plate.

    Around a round pore under the stress (1, 0, 0) the hoop stress reaches 3 (Kirsch 1898):

    >>> from mesobayes.geometry import Ellipse
    >>> plate = Plate(side=24.0, pores=(Ellipse(0.0, 0.0, 1.0, 1.0),))
    >>> stress = solve_plate(plate, strain=(0.91, -0.39, 0.0))  # 1 - ν² and -ν (1 + ν)
    >>> round(stress["pore_hoop"].max().item(), 1)
    3.0
    """
    settings = settings or MeshSettings(elements_per_radius=elements_per_radius)
    material = UNIT_PLANE_STRAIN
    weights = np.asarray(strain, dtype=float)
    if weights.shape != (3,) or not np.all(np.isfinite(weights)):
        raise ValueError(f"strain must be three finite numbers (exx, eyy, exy), got {strain}.")
    _warn_of_buffer(plate.holes(pores), 0.5 * settings.domain_factor * plate.side)
    centres = pixel_centres(plate.side, pixels_per_radius)
    solution = solve_nodal_stress(plate, pores, settings, material, solver)
    solution = NodalStress(solution.mesh, solution.stress @ weights[:, None])
    image = image_stress(solution, centres, centres)
    far = material.stress(weights)
    result = _dataset(image, far[None], centres).isel(load=0, drop=True)
    result["tresca"] = (("y", "x"), tresca(image[0]))
    first_pore = len(plate.ellipses)
    hoop = [
        hoop_stress(solution.mesh, solution.stress, first_pore + k, _HOOP_ANGLES)[:, 0]
        for k in range(len(plate.pores) if pores else 0)
    ]
    result["pore_hoop"] = (("pore", "angle"), np.reshape(hoop, (-1, len(_HOOP_ANGLES))))
    result = result.assign_coords(angle=("angle", _HOOP_ANGLES, {"units": "degree"}))
    for name in ("tresca", "pore_hoop"):
        result[name].attrs["units"] = "E"
    return result


def _warn_of_buffer(holes: tuple[Ellipse, ...], half: float) -> None:
    """Warn of holes that feel the displaced outer edge of the domain, at ± half.

    The displaced edge holds a round hole of radius r in the middle back by about 2 (r/half)² of its stress.
    """
    for index, hole in enumerate(holes):
        reach = max(hole.a, hole.b)
        room = half - max(abs(hole.cx), abs(hole.cy))
        if reach > _BUFFER_SHARE * room:
            warnings.warn(
                f"hole {index} feels the displaced edge of the domain, {room:.3g} R from its centre: its "
                f"stress is off that in a wide plate by about {2 * (reach / room) ** 2:.0%}; raise "
                "domain_factor of the mesh",
                stacklevel=3,
            )


def tresca(stress: ArrayLike) -> FloatArray:
    """Half the difference of the in-plane principal stresses, from stresses ([xx, yy, xy], ...)."""
    xx, yy, xy = np.asarray(stress, dtype=float)
    return np.hypot(0.5 * (xx - yy), xy)


def _dataset(image: FloatArray, far_stress: FloatArray, centres: FloatArray) -> xr.Dataset:
    units, length = {"units": "E"}, {"units": "R"}
    return xr.Dataset(
        {
            "stress": (("load", "component", "y", "x"), image, units),
            "far_stress": (("load", "component"), far_stress, units),
        },
        {
            "load": list(LOADS[: len(image)]),
            "component": list(COMPONENTS),
            "y": ("y", centres, length),
            "x": ("x", centres, length),
        },
    )
