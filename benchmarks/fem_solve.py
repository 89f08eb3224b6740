# SPDX-License-Identifier: GPL-3.0-or-later
"""Plates: our finite elements beside JAX-FEM and scikit-fem, in one run; writes docs/benchmarks/fem.md and a
record.

    python benchmarks/fem_solve.py [--meshes 3] [--structures 6] [--peers .venv-peers/bin/python]

All get the same quadratic meshes of new three-ellipse structures and return the displacements of the three
unit strains: assembly and solution, no meshing, no recovery. How the others are used stands in
`jax_fem_user.py` and `peers/scikit_fem.py`.

Set OMP_NUM_THREADS=1 PJRT_NPROC=1: processes, not threads, use the cores.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
import tempfile
from pathlib import Path

import jax
import numpy as np
from floors import Floor, arithmetic_floor, cholesky_operations
from report import load, publish
from side_by_side import peer_version
from stopwatch import Stopwatch, answer_of

from mesobayes.fem.plate.assembly import element_stiffness, reduce_system
from mesobayes.fem.plate.device import solve_on_device
from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN
from mesobayes.fem.plate.meshing import Mesh, mesh_plate
from mesobayes.fem.plate.settings import PlateSolver
from mesobayes.fem.plate.solution import displacements
from mesobayes.fem.solvers import cholmod_installed
from mesobayes.geometry import PlateFamily
from mesobayes.studies.stress.data import simulate_batch
from mesobayes.studies.stress.plates import draw_structure
from record import RECORDS, Row, their_row, write_record

FAMILY = PlateFamily("ellipse3")
OURS = {
    "cholespy": "ours, cholespy (default)",
    "superlu": "ours, SuperLU",
    "cholmod": "ours, scikit-sparse",
}
JAX_FEM = {"umfpack_solver": "JAX-FEM, its SciPy solver", "jax_solver": "JAX-FEM, its default BiCGSTAB"}
SCIKIT_FEM = {"superlu": "scikit-fem, SuperLU", "cholmod": "scikit-fem, CHOLMOD"}


def time_ours(meshes: list[Mesh], solver) -> tuple[Row, list[np.ndarray]]:
    """Seconds of every mesh after a first one for the compilation, and the displacements."""
    displacements(meshes[0], solver=solver)
    watches, solutions = [], []
    for mesh in meshes:
        with Stopwatch() as watch:
            solutions.append(displacements(mesh, solver=solver))
        watches.append(watch)
    return Row(OURS[solver], "ours", [w.wall for w in watches], [w.cpu for w in watches]), solutions


def time_device(meshes: list[Mesh], expected: list[np.ndarray]) -> Row:
    """Share of every mesh in the seconds of all at once on the device of JAX, after the compilation."""
    solve_on_device(meshes)
    with Stopwatch() as watch:
        found = solve_on_device(meshes)
    difference = max(
        float(np.linalg.norm(one.displacement - other) / np.linalg.norm(other))
        for one, other in zip(found, expected, strict=True)
    )
    print("iterations on the device:", *(solution.iterations for solution in found))
    name = f"ours, conjugate gradients on the device ({jax.default_backend()})"
    count = len(meshes)
    return Row(name, "ours", [watch.wall / count] * count, [watch.cpu / count] * count, difference)


def factor_operations(mesh: Mesh) -> float:
    """Operations of a Cholesky factorisation of the stiffness of a mesh."""
    held = np.zeros((len(mesh.outer), 2, 1))
    return cholesky_operations(reduce_system(mesh, element_stiffness(mesh, UNIT_PLANE_STRAIN), held).lower)


def count_compilations(n_meshes: int) -> int:
    """Compilations over new meshes, of ellipse1, macro and micro kinds, after the kernels are warm."""
    messages: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record):
            messages.append(record.getMessage())

    handler, logger = Collect(), logging.getLogger("jax")
    logger.addHandler(handler)
    with jax.log_compiles(True):
        for index in range(n_meshes):
            displacements(mesh_plate(draw_structure(FAMILY, "new meshes", index)[0], pores=index % 2 == 0))
    logger.removeHandler(handler)
    return sum("Compiling" in message for message in messages)


def batch(structures: int, first: int) -> dict[str, float]:
    """Seconds a structure of one batch in this process, warm."""
    simulate_batch(FAMILY, [10_000], "benchmark", solver=PlateSolver("cholespy"))
    with Stopwatch() as watch:
        simulate_batch(FAMILY, range(first, first + structures), "benchmark", solver=PlateSolver("cholespy"))
    return {"cpu": watch.cpu / structures, "wall": watch.wall / structures}


def in_processes(count: int, structures: int) -> list[dict[str, float]]:
    """Run a batch in each of `count` processes at once."""
    command = [sys.executable, __file__, "--batch", str(structures)]
    running = [
        subprocess.Popen([*command, "--first", str(100 * k)], stdout=subprocess.PIPE, text=True)
        for k in range(count)
    ]
    return [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]


TEMPLATE = """# Finite elements: speed

Made by `python benchmarks/fem_solve.py`; every number comes from one run on the same machine. {load}

## Assembly and solution of three load cases on a new mesh

Mean over {meshes} new three-ellipse structures with {unknowns:,.0f} unknowns, quadratic triangles, one
thread; meshing and recovery are not in it. The default BiCGSTAB of JAX-FEM ran on one mesh.

| solver | CPU s | wall s | CPU of this row / ours | difference |
|---|---|---|---|---|
{rows}

The floor of a core: {floor}. The difference is that of the displacements from ours, relative to their norm
(JAX-FEM integrates the curved cells with three points, the others with six). Compilations over 20 new
meshes: {compilations}.

How the others were run: a new `Problem` of JAX-FEM for every mesh, as in its examples, kept for the three
load cases with only its boundary values changed, and its own `jax_fem.solver.solver`. scikit-fem factorises
once; its CHOLMOD is that of `cholespy`, since scikit-sparse has no wheels. FEniCSx has none either and is
not here.

## One three-ellipse structure

Macro and micro mesh, three unit strains each, recovery, images of 232 x 232 pixels, after the one-off
compilation of about 2 s a process; default installation, {structures} structures a process.

| processes at once | CPU s a structure | structures a minute |
|---|---|---|
{processes}

The paper's 500 structures are {minutes:.0f} minutes of CPU time, half of that on two free cores.
"""


def render(
    options: argparse.Namespace, unknowns: float, rows: list[Row], floor: Floor, compilations: int, runs
) -> str:
    """The document."""
    first = np.mean(rows[0].cpu)
    lines = [
        f"| {row.solver} | {np.mean(row.cpu):.2f} | {np.mean(row.wall):.2f} | {np.mean(row.cpu) / first:.1f} "
        f"| {'' if row.difference is None else f'{row.difference:.0e}'} |"
        for row in rows
    ]
    processes = [
        f"| {len(records)} | {np.mean([record['cpu'] for record in records]):.2f} | "
        f"{sum(60.0 / record['wall'] for record in records):.0f} |"
        for records in runs
    ]
    return TEMPLATE.format(
        load=load(),
        meshes=options.meshes,
        unknowns=unknowns,
        rows="\n".join(lines),
        floor=f"{floor.seconds:.3f} s, {floor.because}",
        compilations=compilations,
        structures=options.structures,
        processes="\n".join(processes),
        minutes=500.0 * np.mean([record["cpu"] for record in runs[-1]]) / 60.0,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meshes", type=int, default=3)
    parser.add_argument("--structures", type=int, default=6)
    parser.add_argument("--peers", help="interpreter with scikit-fem (make peers)")
    parser.add_argument("--output", type=Path, default=Path("docs/benchmarks/fem.md"))
    parser.add_argument("--records", type=Path, default=RECORDS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.batch is not None:
        return print(json.dumps(batch(options.batch, options.first)))

    meshes = [mesh_plate(draw_structure(FAMILY, "benchmark", index)[0]) for index in range(options.meshes)]
    unknowns = float(np.mean([2 * len(mesh.points) for mesh in meshes]))
    rows = []
    for solver in ["cholespy", "superlu"] + ["cholmod"] * cholmod_installed():
        row, solutions = time_ours(meshes, solver)
        rows.append(row)
    rows.append(time_device(meshes, solutions))
    with tempfile.TemporaryDirectory() as folder:
        for k, (mesh, solution) in enumerate(zip(meshes, solutions, strict=True)):
            half = np.max(np.abs(mesh.points))
            system = {"points": mesh.points, "cells": mesh.cells, "half": half, "answer": solution}
            np.savez(Path(folder) / f"{k}.npz", **system)
        for solver, name in SCIKIT_FEM.items() if options.peers else ():
            answer = answer_of(options.peers, "peers/scikit_fem.py", "plate", folder, options.meshes, solver)
            rows.append(their_row(name, answer))
        for (solver, name), count in zip(JAX_FEM.items(), (options.meshes, 1), strict=True):
            answer = answer_of(sys.executable, "jax_fem_user.py", "plate", folder, count, solver)
            rows.append(their_row(name, answer))
    floor = arithmetic_floor(
        float(np.mean([factor_operations(mesh) for mesh in meshes])),
        np.float64,
        "a Cholesky factorisation in minimum degree order",
    )
    versions = {"jax-fem": peer_version(sys.executable, "jax-fem")}
    if options.peers:
        versions["scikit-fem"] = peer_version(options.peers, "scikit-fem")
    title, size = "plate with three ellipses and pores, three loads", {"unknowns": round(unknowns)}
    write_record(options.records, "plate", title, size, rows, floor, versions)
    compilations = count_compilations(20)
    runs = in_processes(1, options.structures), in_processes(2, options.structures)
    publish(render(options, unknowns, rows, floor, compilations, runs), options.output)


if __name__ == "__main__":
    main()
