# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips at finite strain: random slots, pores and end displacements, simulated in batches.

A strip is named by (study seed, family, index), so its numbers do not depend on its batch. One that does not
reach its end displacement stays in the data with its status and how far it got; it gives no patches.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.fem.errors import MeshError, SolveError
from mesobayes.fem.strip.settings import StripMeshSettings, StripSolverSettings
from mesobayes.fem.strip.solution import COMPONENTS, solve_strip
from mesobayes.geometry.settings import StripFamily
from mesobayes.geometry.strip import Strip
from mesobayes.images.raster import axis_centres, coverage_image, solid_image
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.stress.stores import STRUCTURES
from mesobayes.studies.stress.strip.random_strips import (
    ENDED_EARLY,
    GOOD,
    NOT_SOLVED,
    draw_figure_strip,
    draw_strip,
)
from mesobayes.studies.stress.strip.settings import FigureStrip

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class StripImages:
    """Images of one strip with and without pores; stresses in units of E, lengths in heights of the strip."""

    macro: xr.Dataset
    micro: xr.Dataset

    @property
    def reached(self) -> float:
        """End displacement that both problems reached."""
        return float(min(self.macro.attrs["reached"], self.micro.attrs["reached"]))

    @property
    def reason(self) -> str:
        """Why the path ended early, empty if it did not."""
        problems = (("with pores", self.micro), ("without pores", self.macro))
        return "; ".join(f"{name}: {data.attrs['reason']}" for name, data in problems if data.attrs["reason"])


def simulate_strips(
    store: Path,
    family: StripFamily,
    indices: tuple[int, ...],
    mesh: StripMeshSettings,
    solver: StripSolverSettings,
    pixels_per_unit: int,
    run: Run,
) -> None:
    """Write one batch of strips, those that did not reach their end displacement among them."""
    batch = simulate_batch(family, indices, run.seed, mesh, solver, pixels_per_unit)
    write_store(batch, store, STRUCTURES, run)


def simulate_figure_strip(
    store: Path,
    family: StripFamily,
    figure: FigureStrip,
    mesh: StripMeshSettings,
    solver: StripSolverSettings,
    run: Run,
) -> None:
    """Write the strip of figures 26, 27 and 30, as far as it bends, as the only structure of its store."""
    strips = [(draw_figure_strip(family, figure, run.seed), figure.end_displacement)]
    result = simulate_drawn(strips, (0,), family, mesh, solver, figure.pixels_per_unit)
    write_store(result.assign_attrs(study_seed=run.seed), store, STRUCTURES, run)


def simulate_strip(
    strip: Strip,
    end_displacement: float,
    mesh: StripMeshSettings,
    solver: StripSolverSettings,
    pixels_per_unit: float,
) -> StripImages:
    """Solve a strip with and without pores. Raises MeshError and SolveError."""
    macro, micro = (
        solve_strip(strip, end_displacement, pores, pixels_per_unit, mesh, solver) for pores in (False, True)
    )
    return StripImages(macro, micro)


def simulate_batch(
    family: StripFamily,
    indices: Iterable[int],
    study_seed: str,
    mesh: StripMeshSettings,
    solver: StripSolverSettings,
    pixels_per_unit: int,
) -> xr.Dataset:
    """Simulate a batch of strips, see `simulate_drawn`. Raises PlacementError."""
    indices = list(indices)
    drawn = [draw_strip(family, study_seed, index) for index in indices]
    result = simulate_drawn(drawn, indices, family, mesh, solver, pixels_per_unit)
    return result.assign_attrs(study_seed=study_seed)


def simulate_drawn(
    drawn: Sequence[tuple[Strip, float]],
    indices: Sequence[int],
    family: StripFamily,
    mesh: StripMeshSettings,
    solver: StripSolverSettings,
    pixels_per_unit: int,
) -> xr.Dataset:
    """Bend strips to their end displacements; returns the `structures` schema, without a load dimension.

    Images are those of the undeformed strip: geometry (1 solid, 0 void), coverage (area fraction of
    material), macro_stress, micro_stress (Cauchy) and linear_stress (of the linear model, with pores),
    micro_tresca, displacement and strain_norm (of the Green-Lagrange strain, with pores). Per strip:
    end_displacement and reached, slot [x1, r1, x2, r2], pore [cx, cy] padded with NaN, and status: 0 =
    good, 1 = the path ended early and the fields belong to where each problem got, 2 = not solved, no fields.
    """
    x, y = (axis_centres(side, pixels_per_unit) for side in (family.length, 1.0))
    parts = []
    for done, (index, (strip, load)) in enumerate(zip(indices, drawn, strict=True)):
        solved, reason, status = None, "", GOOD
        try:
            solved = simulate_strip(strip, load, mesh, solver, pixels_per_unit)
            reason, status = solved.reason, ENDED_EARLY if solved.reason else GOOD
        except (MeshError, SolveError) as error:
            reason, status = f"{type(error).__name__}: {error}", NOT_SOLVED
        reached = solved.reached if solved else 0.0
        remark = f"strip {index}: {len(strip.pores)} pores, u_y = -{load:.3g}"
        print(
            f"{done + 1}/{len(indices)} {remark}" + f", reached {reached:.3g}" * (status != GOOD), flush=True
        )
        part = _images(strip, solved, x, y)
        part["end_displacement"] = ((), load, {"units": "height of the strip"})
        part["reached"] = ((), reached, {"units": "height of the strip"})
        part["slot"] = ("slot_parameter", np.array(strip.slot.parameters), {"units": "height of the strip"})
        pores = np.full((family.n_pores_max, 2), np.nan)
        pores[: len(strip.pores)] = np.reshape([(pore.cx, pore.cy) for pore in strip.pores], (-1, 2))
        part["pore"] = (("pore", "centre"), pores, {"units": "height of the strip"})
        part["status"] = ((), np.int32(status), {"long_name": "0 = good, 1 = ended early, 2 = not solved"})
        part["status_reason"] = ((), reason, {"long_name": "why"})
        parts.append(part)
    length = {"units": "height of the strip"}
    result = xr.concat(parts, dim="structure", data_vars="all").assign_coords(
        structure=np.array(indices, dtype=np.int64),
        component=list(COMPONENTS),
        direction=["x", "y"],
        slot_parameter=["x1", "r1", "x2", "r2"],
        centre=["cx", "cy"],
        y=("y", y, length),
        x=("x", x, length),
    )
    result["status_reason"] = result["status_reason"].astype(str)
    return result.assign_attrs(
        family=family.name,
        pixels_per_unit=pixels_per_unit,
        pore_radius=family.pore_radius,
    )


def _images(strip: Strip, solved: StripImages | None, x: FloatArray, y: FloatArray) -> xr.Dataset:
    """Images of a strip, all fields zero where it could not be solved."""
    holes, image, stress = strip.holes(), ("y", "x"), ("component", "y", "x")
    nothing = np.zeros((3, len(y), len(x)))
    micro = dict.fromkeys(("stress", "linear_stress"), nothing)
    micro |= {"displacement": nothing[:2], "tresca": nothing[0], "strain_norm": nothing[0]}
    macro = nothing
    if solved is not None:
        micro = {name: solved.micro[name].values for name in micro}
        macro = solved.macro["stress"].values
    fields = {
        "macro_stress": (stress, macro, "E", "Cauchy stress without pores"),
        "micro_stress": (stress, micro["stress"], "E", "Cauchy stress with pores"),
        "linear_stress": (stress, micro["linear_stress"], "E", "stress with pores, linear model"),
        "micro_tresca": (image, micro["tresca"], "E", "Tresca stress with pores"),
        "displacement": (("direction", "y", "x"), micro["displacement"], "height of the strip", "with pores"),
        "strain_norm": (image, micro["strain_norm"], "1", "norm of the Green-Lagrange strain with pores"),
        "coverage": (image, coverage_image(holes, x, y), "1", "area fraction of material"),
    }
    result = xr.Dataset(
        {
            name: (dims, np.asarray(values, np.float32), {"units": units, "long_name": text})
            for name, (dims, values, units, text) in fields.items()
        }
    )
    solid = solid_image(holes, x, y).astype(np.uint8)
    return result.assign(
        geometry=(image, solid, {"long_name": "material (1) or void (0) at the pixel centre"})
    )
