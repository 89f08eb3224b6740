# SPDX-License-Identifier: GPL-3.0-or-later
"""Structures: random plates with macroscopic and microscopic stress images, simulated in batches and merged.

A structure is named by (study seed, family, index), so its numbers do not depend on its batch.
A draw that cannot be meshed or solved is recorded and replaced by the next draw of the same structure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.fem.errors import MeshError, SolveError
from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN
from mesobayes.fem.plate.meshing import Mesh, mesh_plate
from mesobayes.fem.plate.settings import DEFAULT_MESH, DEFAULT_SOLVER, MeshSettings, PlateSolver
from mesobayes.fem.plate.solution import COMPONENTS, LOADS, image_stress, solve_meshes, tresca
from mesobayes.geometry import Ellipse, Plate, PlateFamily
from mesobayes.images.raster import coverage_image, pixel_centres, solid_image
from mesobayes.record.batches import merge_batches, refuse_bad_share
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.plates import draw_structure
from mesobayes.studies.stress.stores import LABEL_NOISE, STRUCTURES, noise_of

FloatArray = NDArray[np.float64]
Report = Callable[[int, int, str], None]  # structures done, structures in all, a short remark

GOOD, GIVEN_UP = 0, 1  # status of a structure
_MAX_FAILED_DRAWS = 5


@dataclass(frozen=True)
class Structure:
    """A plate, the far-field strain (exx, eyy, exy) drawn for it, and what was drawn before it and failed.

    The stresses are zero where `solved` is false: then every draw failed, and the plate is the last one.
    """

    plate: Plate
    strain: FloatArray
    macro_stress: FloatArray  # (load, component, y, x)
    micro_stress: FloatArray
    failures: tuple[str, ...] = ()
    solved: bool = True


def simulate_structures(
    store: Path,
    family: PlateFamily,
    indices: tuple[int, ...],
    mesh: MeshSettings,
    solver: PlateSolver,
    pixels_per_radius: int,
    run: Run,
) -> None:
    """Write one batch of structures, those that could not be solved among them."""

    def report(done: int, total: int, remark: str) -> None:
        print(f"{done}/{total} {remark}", flush=True)

    batch = simulate_batch(family, indices, run.seed, mesh, pixels_per_radius, solver, report)
    write_store(batch, store, STRUCTURES, run)


def merge_structures(
    batches: list[Path], noise: Path, store: Path, failed_share_max: float, run: Run
) -> None:
    """Write all structures of a family with a manifest of their batches and the measured label noise.

    Raises:
        MesobayesError: more than ``failed_share_max`` of all plates drawn could not be meshed or solved.
    """
    merged = merge_batches(batches, "structure", STRUCTURES)
    failed, given_up = int(merged["failed_draws"].sum()), int((merged["status"] != GOOD).sum())
    refuse_bad_share(
        failed,
        failed + merged.sizes["structure"] - given_up,
        merged["status_reason"],
        "plates could not be meshed or solved",
        failed_share_max,
        "stress.structures.failed_share_max",
    )
    merged.attrs |= {"failed_draw_count": failed, **noise_of(open_store(noise, LABEL_NOISE).attrs)}
    count = merged.sizes["structure"]
    print(f"{count} structures, {failed} draws failed, {given_up} structures given up", flush=True)
    write_store(merged, store, STRUCTURES, run)


def solve_structures(
    family: PlateFamily,
    indices: Iterable[int],
    study_seed: str,
    mesh: MeshSettings = DEFAULT_MESH,
    pixels_per_radius: float = 4,
    solver: PlateSolver = DEFAULT_SOLVER,
) -> list[Structure]:
    """Solve structures together, replacing draws that fail; give each up after a few.

    Raises PlacementError if the family cannot be placed.
    """
    centres = pixel_centres(family.side, pixels_per_radius)
    failures: dict[int, list[str]] = {index: [] for index in indices}
    solved: dict[int, Structure] = {}
    for draw in range(_MAX_FAILED_DRAWS):
        drawn = {k: draw_structure(family, study_seed, k, draw) for k in failures if k not in solved}
        meshes: dict[int, list[Mesh]] = {}
        for index, (plate, _) in drawn.items():
            try:
                meshes[index] = [mesh_plate(plate, pores, mesh) for pores in (False, True)]
            except MeshError as error:
                failures[index].append(f"draw {draw}: {type(error).__name__}: {error}")
        kinds = [solve_meshes(kind, UNIT_PLANE_STRAIN, solver) for kind in zip(*meshes.values(), strict=True)]
        for index, *solutions in zip(meshes, *kinds, strict=True):
            try:
                macro, micro = (image_stress(solution(), centres, centres) for solution in solutions)
            except (MeshError, SolveError) as error:
                failures[index].append(f"draw {draw}: {type(error).__name__}: {error}")
                continue
            solved[index] = Structure(*drawn[index], macro, micro, tuple(failures[index]))
    nothing = np.zeros((len(LOADS), len(COMPONENTS), len(centres), len(centres)))
    for index, reasons in failures.items():
        if index not in solved:
            plate, strain = draw_structure(family, study_seed, index, _MAX_FAILED_DRAWS - 1)
            solved[index] = Structure(plate, strain, nothing, nothing, tuple(reasons), solved=False)
    return [solved[index] for index in failures]


def simulate_batch(
    family: PlateFamily,
    indices: Iterable[int],
    study_seed: str,
    mesh: MeshSettings = DEFAULT_MESH,
    pixels_per_radius: float = 4,
    solver: PlateSolver = DEFAULT_SOLVER,
    report: Report | None = None,
) -> xr.Dataset:
    """Simulate a batch of structures and return it with the `structures` schema.

    Dimensions structure, load (unit strains exx, eyy, exy), component (xx, yy, xy), y, x. Variables: geometry
    (1 solid, 0 void) and coverage (area fraction of material in each pixel), macro_stress and micro_stress in
    units of E and zero in voids of their own problem, strain (the far-field strain drawn) with its far_stress
    and micro_tresca, ellipse and pore parameters [cx, cy, a, b, angle] padded with NaN, status (0 = good, 1 =
    given up, without stresses), status_reason (which draws failed) and failed_draws. Raises PlacementError.
    """
    indices = list(indices)
    centres = pixel_centres(family.side, pixels_per_radius)
    count, size = len(indices), len(centres)
    image, stress = (count, size, size), (count, len(LOADS), len(COMPONENTS), size, size)
    geometry, coverage = np.zeros(image, np.uint8), np.zeros(image, np.float32)
    macro, micro = np.zeros(stress, np.float32), np.zeros(stress, np.float32)
    micro_tresca, strain = np.zeros(image, np.float32), np.zeros((count, 3))
    ellipse, pore = (
        np.full((count, family.n_ellipses, 5), np.nan),
        np.full((count, family.n_pores_max, 5), np.nan),
    )
    failures: list[tuple[str, ...]] = []
    status = np.full(count, GOOD, np.int32)
    together = [indices] if solver.name == "device" else [[index] for index in indices]
    parts = (solve_structures(family, part, study_seed, mesh, pixels_per_radius, solver) for part in together)
    for k, done in enumerate(chain.from_iterable(parts)):
        holes = done.plate.holes()
        geometry[k] = solid_image(holes, centres, centres)
        coverage[k] = coverage_image(holes, centres, centres)
        macro[k], micro[k], strain[k] = done.macro_stress, done.micro_stress, done.strain
        micro_tresca[k] = tresca(np.einsum("l,lcyx->cyx", done.strain, done.micro_stress))
        _fill(ellipse[k], done.plate.ellipses)
        _fill(pore[k], done.plate.pores)
        failures.append(done.failures)
        status[k] = GOOD if done.solved else GIVEN_UP
        if report is not None:
            remark = f"structure {indices[k]}: {len(done.plate.pores)} pores"
            report(k + 1, count, remark + f", after {len(done.failures)} failed draws" * bool(done.failures))
    dims, stress_dims = ("structure", "y", "x"), ("structure", "load", "component", "y", "x")
    shape_dims = ("structure", "ellipse", "parameter"), ("structure", "pore", "parameter")
    reasons = np.array(["; ".join(draws) for draws in failures], dtype=str)
    failed = np.array([len(draws) for draws in failures], dtype=np.int32)
    result = xr.Dataset(
        {
            "geometry": (dims, geometry, {"long_name": "material (1) or void (0) at the pixel centre"}),
            "coverage": (
                dims,
                coverage,
                {"units": "1", "long_name": "area fraction of material"},
            ),
            "macro_stress": (stress_dims, macro, {"units": "E", "long_name": "stress without pores"}),
            "micro_stress": (stress_dims, micro, {"units": "E", "long_name": "stress with pores"}),
            "micro_tresca": (dims, micro_tresca, {"units": "E", "long_name": "Tresca stress under `strain`"}),
            "strain": (("structure", "component"), strain, {"units": "1", "long_name": "far-field strain"}),
            "far_stress": (
                ("structure", "component"),
                UNIT_PLANE_STRAIN.stress(strain),
                {"units": "E", "long_name": "stress of the solid plate under `strain`"},
            ),
            "ellipse": (shape_dims[0], ellipse, {"units": "R, R, R, R, degree"}),
            "pore": (shape_dims[1], pore, {"units": "R, R, R, R, degree"}),
            "status": (("structure",), status, {"long_name": "0 = good, 1 = given up"}),
            "status_reason": (("structure",), reasons, {"long_name": "draws that failed, and why"}),
            "failed_draws": (("structure",), failed, {"long_name": "draws that failed"}),
        },
        {
            "structure": np.array(indices, dtype=np.int64),
            "load": list(LOADS),
            "component": list(COMPONENTS),
            "parameter": ["cx", "cy", "a", "b", "angle"],
            "y": ("y", centres, {"units": "R"}),
            "x": ("x", centres, {"units": "R"}),
        },
    )
    return result.assign_attrs(
        family=family.name,
        study_seed=study_seed,
        pixels_per_radius=pixels_per_radius,
        failed_draw_count=int(failed.sum()),
    )


def _fill(table: FloatArray, shapes: tuple[Ellipse, ...]) -> None:
    for row, shape in zip(table, shapes, strict=False):  # the table is padded
        row[:] = shape.parameters
