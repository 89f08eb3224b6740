# SPDX-License-Identifier: GPL-3.0-or-later
"""Finite elements against JAX-FEM used as its examples do, in one run; writes docs/benchmarks/fem.md.

    python benchmarks/fem_solve.py [--meshes 3] [--structures 6] [--output docs/benchmarks/fem.md]

Both sides get the same quadratic meshes of new three-ellipse structures and return the displacements of the
three unit strains: assembly and solution, no meshing, no recovery. JAX-FEM makes a new `Problem` for the
mesh, keeps it for the three load cases (changing its boundary values only) and calls its own `solver`. That
module cannot be imported without petsc4py, of which it uses one sparse matrix to blank the rows of boundary
conditions; the process of the peer gets a stand-in with just those methods.

Set OMP_NUM_THREADS=1: processes, not threads, use the cores.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path

import jax
import numpy as np
import scipy.sparse as sp

from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN
from mesobayes.fem.plate.meshing import mesh_plate
from mesobayes.fem.plate.solution import displacements
from mesobayes.fem.solvers import cholmod_installed
from mesobayes.geometry import PlateFamily
from mesobayes.studies.stress.data import simulate_batch
from mesobayes.studies.stress.plates import draw_structure

FAMILY = PlateFamily("ellipse3")
UNIT_STRAINS = np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])


class Stopwatch:
    """CPU and wall seconds of a block."""

    def __enter__(self) -> Stopwatch:
        self._start = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu, self.wall = time.process_time() - self._start[0], time.perf_counter() - self._start[1]


def stand_in_for_petsc4py() -> None:
    """Provide the few methods of a PETSc matrix that jax_fem.solver calls around its SciPy and JAX
    solvers."""

    class Matrix:
        def createAIJ(self, size, csr):
            pointers, columns, values = csr
            self.matrix = sp.csr_matrix((values.copy(), columns, pointers), shape=size)
            return self

        def zeroRows(self, rows):
            pointers = self.matrix.indptr
            for row in rows:
                part = slice(pointers[row], pointers[row + 1])
                self.matrix.data[part] = self.matrix.indices[part] == row

        def getValuesCSR(self):
            return self.matrix.indptr, self.matrix.indices, self.matrix.data

        def getSize(self):
            return self.matrix.shape

    petsc = types.SimpleNamespace(IntType=np.int32, Mat=Matrix)
    module = types.ModuleType("petsc4py")
    module.PETSc = petsc
    sys.modules["petsc4py"] = module


def peer(folder: Path, solver: str, meshes: int) -> None:
    """Time JAX-FEM on the stored meshes; print one JSON line."""
    stand_in_for_petsc4py()
    from mesobayes.fem.jaxfem import import_jax_fem, make_problem

    import_jax_fem()
    from jax_fem.solver import solver as jax_fem_solver  # switches double precision on

    logging.getLogger("jax_fem").setLevel(logging.ERROR)
    records = []
    for k in range(meshes):
        stored = np.load(folder / f"{k}.npz")
        points, cells, half = stored["points"], stored["cells"], float(stored["half"])
        with Stopwatch() as watch:
            problem, solution = None, []
            for strain in UNIT_STRAINS:
                conditions = boundary_conditions(strain, half)
                if problem is None:
                    problem = make_problem(UNIT_PLANE_STRAIN, points, cells)
                problem.fes[0].update_Dirichlet_boundary_conditions(conditions)
                solution.append(np.asarray(jax_fem_solver(problem, solver_options={solver: {}})[0]))
        error = np.max(np.abs(np.stack(solution, axis=-1) - stored["solution"])) / np.max(
            np.abs(stored["solution"])
        )
        records.append({"cpu": watch.cpu, "wall": watch.wall, "difference": float(error)})
    print(json.dumps(records))


def boundary_conditions(strain, half):
    """JAX-FEM's description of u = E·X on the outer edge."""
    import jax.numpy as jnp

    def outer(point):
        return jnp.max(jnp.abs(point)) > half * (1.0 - 1e-9)

    def value(component):
        return lambda point: jnp.dot(strain[component], point)

    return [[outer, outer], [0, 1], [value(0), value(1)]]


def time_ours(meshes, solver):
    """Seconds of every mesh after one warm-up mesh, and the displacements."""
    displacements(meshes[-1], solver=solver)
    records, solutions = [], []
    for mesh in meshes[:-1]:
        with Stopwatch() as watch:
            solutions.append(displacements(mesh, solver=solver))
        records.append({"cpu": watch.cpu, "wall": watch.wall})
    return records, solutions


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
    simulate_batch(FAMILY, [10_000], "benchmark", solver="cholespy")
    with Stopwatch() as watch:
        simulate_batch(FAMILY, range(first, first + structures), "benchmark", solver="cholespy")
    return {"cpu": watch.cpu / structures, "wall": watch.wall / structures}


def in_processes(count: int, structures: int) -> list[dict[str, float]]:
    """Run a batch in each of `count` processes at once."""
    command = [sys.executable, __file__, "--batch", str(structures)]
    running = [
        subprocess.Popen([*command, "--first", str(100 * k)], stdout=subprocess.PIPE, text=True)
        for k in range(count)
    ]
    return [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]


def mean(records, key):
    return float(np.mean([record[key] for record in records]))


LABELS = {
    "cholespy": "ours, cholespy (default installation)",
    "superlu": "ours, SuperLU (independent check)",
    "cholmod": "ours, CHOLMOD (extra `cholmod`)",
    "umfpack_solver": "JAX-FEM 0.0.11, new `Problem`, its SciPy solver (`umfpack_solver`)",
    "jax_solver": "JAX-FEM 0.0.11, new `Problem`, its default BiCGSTAB (`jax_solver`), one mesh",
}

TEMPLATE = """# Finite elements: speed

Made by `python benchmarks/fem_solve.py`; every number comes from one run on the same two cores.
Load of the machine when it began: {load:.1f}; with other programs running, CPU seconds count and wall seconds
do not.

## Assembly and solution of three load cases on a new mesh

Mean over {meshes} new three-ellipse structures with {unknowns:,.0f} unknowns, quadratic triangles, one
thread; meshing and recovery are not in it.

| solver | CPU s | wall s | CPU of JAX-FEM's SciPy row / this row | wall |
|---|---|---|---|---|
{rows}

The displacements of the two sides differ by {difference:.1e} of the largest one (JAX-FEM integrates the
curved cells with three points, we with six). Compilations over 20 new meshes: {compilations}.

How JAX-FEM was run: a new `Problem` for every mesh, as in its examples, kept for the three load cases with
only its boundary values changed, and its own `jax_fem.solver.solver`. That module imports petsc4py, which
has no wheels, and uses one PETSc matrix to blank the rows of boundary conditions. The benchmark hands it a
SciPy matrix with the same four methods; everything else is JAX-FEM's own code.

## One three-ellipse structure

Macro and micro mesh, three unit strains each, recovery, images of 232 x 232 pixels, after the one-off
compilation of about 2 s a process; default installation, {structures} structures a process.

| processes at once | CPU s a structure | structures a minute |
|---|---|---|
{processes}

The paper's 500 structures are {minutes:.0f} minutes of CPU time, half of that on two free cores.
"""


def render(options, unknowns, ours, theirs, compilations, alone, pair) -> str:
    """The document."""
    reference, rows, processes = theirs["umfpack_solver"], [], []
    for solver, records in {**ours, **theirs}.items():
        cpu, wall = mean(records, "cpu"), mean(records, "wall")
        ratios = f"{mean(reference, 'cpu') / cpu:.1f} | {mean(reference, 'wall') / wall:.1f}"
        rows.append(f"| {LABELS[solver]} | {cpu:.2f} | {wall:.2f} | {ratios} |")
    for records in (alone, pair):
        rate = sum(60.0 / record["wall"] for record in records)
        processes.append(f"| {len(records)} | {mean(records, 'cpu'):.2f} | {rate:.0f} |")
    return TEMPLATE.format(
        meshes=options.meshes,
        unknowns=unknowns,
        rows="\n".join(rows),
        difference=mean(reference, "difference"),
        compilations=compilations,
        structures=options.structures,
        processes="\n".join(processes),
        minutes=500.0 * mean(pair, "cpu") / 60.0,
        load=options.load,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meshes", type=int, default=3)
    parser.add_argument("--structures", type=int, default=6)
    parser.add_argument("--output", type=Path, default=Path("docs/benchmarks/fem.md"))
    parser.add_argument("--peer", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--solver", help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.load = os.getloadavg()[0]
    if options.peer is not None:
        return peer(options.peer, options.solver, options.meshes)
    if options.batch is not None:
        return print(json.dumps(batch(options.batch, options.first)))

    plates = [draw_structure(FAMILY, "benchmark", index)[0] for index in range(options.meshes + 1)]
    meshes = [mesh_plate(plate) for plate in plates]
    unknowns = float(np.mean([2 * len(mesh.points) for mesh in meshes[:-1]]))
    solvers = ["cholespy", "superlu"] + ["cholmod"] * cholmod_installed()
    ours = {}
    for solver in solvers:
        ours[solver], solutions = time_ours(meshes, solver)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for k, mesh in enumerate(meshes[:-1]):
            half = np.max(np.abs(mesh.points))
            np.savez(
                folder / f"{k}.npz", points=mesh.points, cells=mesh.cells, half=half, solution=solutions[k]
            )
        theirs = {}
        for solver, count in (("umfpack_solver", options.meshes), ("jax_solver", 1)):
            command = [sys.executable, __file__, "--peer", name, "--solver", solver, "--meshes", str(count)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            theirs[solver] = json.loads(done.stdout.splitlines()[-1])
    compilations = count_compilations(20)
    alone, pair = in_processes(1, options.structures), in_processes(2, options.structures)

    report = render(options, unknowns, ours, theirs, compilations, alone, pair)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(report)
    print(report)


if __name__ == "__main__":
    main()
