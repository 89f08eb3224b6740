# SPDX-License-Identifier: GPL-3.0-or-later
"""Homogenisation against sparse direct and multigrid solvers, in one run.

    python benchmarks/permeability_solve.py --peers .venv-peers/bin/python

Two dimensions: one cell at a volume fraction of 0.3, both loads, residual 1e-8, against SciPy's `spsolve` for
each load and the Cholesky factorisations that are installed, on the same matrix. Three dimensions: one load
on spheres at 0.3 against conjugate gradients with smoothed aggregation (`pyamg`). `pyamg` and `taufactor` run
in an interpreter of their own, if one is given. Compilation is done before the clock starts.

Set OMP_NUM_THREADS=1: processes, not threads, use the cores.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from report import load, publish
from scipy.sparse.linalg import spsolve

from mesobayes.fem.cell.homogenisation import homogenise
from mesobayes.fem.cell.stencil import element_matrix
from mesobayes.geometry.inclusions import sample_cell
from mesobayes.geometry.settings import InclusionFamily

MATRIX, INCLUSION, TOLERANCE = 1.0, 250.0, 1e-8
Row = tuple[str, float, float]  # solver, CPU seconds, wall seconds


def timed(call: Callable[[], object], repeats: int = 1) -> tuple[float, float, object]:
    """CPU seconds, wall seconds and result of a call, the fastest of some."""
    best = (np.inf, np.inf, None)
    for _ in range(repeats):
        cpu, wall = time.process_time(), time.perf_counter()
        result = call()
        best = min(
            best, (time.process_time() - cpu, time.perf_counter() - wall, result), key=lambda row: row[0]
        )
    return best


def assemble(permeability: np.ndarray) -> tuple[sp.csc_array, list[np.ndarray]]:
    """Periodic matrix with its first unknown held, and the loads of all unit fields."""
    shape, d = permeability.shape, permeability.ndim
    numbers = np.arange(permeability.size).reshape(shape)
    corners = list(product((0, 1), repeat=d))
    nodes = np.stack([np.roll(numbers, [-o for o in corner], range(d)).ravel() for corner in corners])
    values = element_matrix(d)[:, :, None] * permeability.ravel()
    rows = np.broadcast_to(nodes[:, None], values.shape)
    columns = np.broadcast_to(nodes[None], values.shape)
    matrix = sp.csc_array((values.ravel(), (rows.ravel(), columns.ravel())), shape=(numbers.size,) * 2)
    loads = []
    for axis in reversed(range(d)):
        share = np.array([(2 * corner[axis] - 1) / 2 ** (d - 1) for corner in corners])
        load = np.bincount(nodes.ravel(), -np.outer(share, permeability.ravel()).ravel(), numbers.size)
        loads.append(load[1:])
    return matrix[1:, 1:].tocsc(), loads


def cholesky_solvers() -> dict[str, Callable[[sp.csc_array, list[np.ndarray]], object]]:
    """Installed factorisations: matrix and loads -> solutions."""
    found: dict[str, Callable] = {}
    if importlib.util.find_spec("cholespy"):
        from cholespy import CholeskySolverD, MatrixType

        def cholespy(matrix, loads):
            entries = matrix.tocoo()
            solver = CholeskySolverD(
                matrix.shape[0],
                entries.row.astype(np.int32),
                entries.col.astype(np.int32),
                entries.data,
                MatrixType.COO,
            )
            right = np.ascontiguousarray(np.stack(loads, axis=1))
            solution = np.zeros_like(right)
            solver.solve(right, solution)
            return solution

        found["cholespy, both loads"] = cholespy
    if importlib.util.find_spec("sksparse"):
        from sksparse.cholmod import cholesky

        found["CHOLMOD, both loads"] = lambda matrix, loads: cholesky(sp.csc_matrix(matrix))(
            np.stack(loads, axis=1)
        )
    return found


def two_dimensions(side: int, peers: str | None) -> list[Row]:
    image = sample_cell(InclusionFamily("mono", side), np.random.default_rng(1), 0.3).image()
    homogenise(image, tolerance=TOLERANCE)
    rows = [("ours, both loads", *timed(lambda: homogenise(image, tolerance=TOLERANCE), 5)[:2])]
    matrix, loads = assemble(np.where(image, INCLUSION, MATRIX))
    rows.append(("`spsolve`, each load", *timed(lambda: [spsolve(matrix, load) for load in loads])[:2]))
    for name, solve in cholesky_solvers().items():
        rows.append((name, *timed(lambda solve=solve: solve(matrix, loads))[:2]))
    if peers:
        rows.append(("taufactor, two directions", *peer_seconds(peers, "taufactor", image, matrix, loads[0])))
    return rows


def three_dimensions(edge: int, peers: str | None) -> tuple[list[Row], float]:
    """Rows, and the peak memory of this process in MiB before any peer ran."""
    family = InclusionFamily("spheres", edge, 3, 5, 5, fraction_max=0.35)
    image = sample_cell(family, np.random.default_rng(1), 0.3).image()
    homogenise(image, tolerance=TOLERANCE, loads=(0,))
    rows = [("ours, one load", *timed(lambda: homogenise(image, tolerance=TOLERANCE, loads=(0,)), 2)[:2])]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if peers:
        matrix, loads = assemble(np.where(image, INCLUSION, MATRIX))
        name = "pyamg smoothed aggregation, one load"
        rows.append((name, *peer_seconds(peers, "multigrid", image, matrix, loads[0])))
    return rows, peak


def peer_seconds(
    interpreter: str, kind: str, image: np.ndarray, matrix: sp.csc_array, load: np.ndarray
) -> tuple[float, float]:
    """CPU and wall seconds of `peers/homogenisation.py` in another interpreter."""
    script = Path(__file__).parent / "peers" / "homogenisation.py"
    rows = matrix.tocsr()
    with tempfile.TemporaryDirectory() as folder:
        system = Path(folder) / "system.npz"
        np.savez(
            system,
            image=image,
            data=rows.data,
            indices=rows.indices,
            indptr=rows.indptr,
            load=load,
            matrix=MATRIX,
            inclusion=INCLUSION,
            tolerance=TOLERANCE,
        )
        answer = subprocess.run(
            [interpreter, str(script), kind, str(system)], check=True, capture_output=True, text=True
        )
    cpu, wall, _ = map(float, answer.stdout.split()[-3:])
    return cpu, wall


def table(rows: list[Row]) -> str:
    """Markdown table with the ratio of CPU times to the first row."""
    lines = ["| solver | CPU s | wall s | CPU of this row / ours |", "|---|---|---|---|"]
    lines += [f"| {name} | {cpu:.3f} | {wall:.3f} | {cpu / rows[0][1]:.1f} |" for name, cpu, wall in rows]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--edge", type=int, default=101)
    parser.add_argument("--peers", help="interpreter with pyamg and taufactor (make peers)")
    parser.add_argument("--output", type=Path, default=Path("docs/benchmarks/permeability.md"))
    arguments = parser.parse_args()
    volume, peak = three_dimensions(arguments.edge, arguments.peers)  # first: the memory is its own
    square = two_dimensions(arguments.side, arguments.peers)
    text = f"""# Homogenisation: speed

Made by `python benchmarks/permeability_solve.py`; every number comes from one run on the same machine, one
thread. Contrast 250, relative residual {TOLERANCE:g}, compilation not counted. Peers that are not installed
are left out. {load()}

## Discs, {arguments.side}², volume fraction 0.3

{table(square)}

## Spheres, {arguments.edge}³, volume fraction 0.3

{table(volume)}

Peak memory of our process: {peak:.0f} MiB, Python and JAX included.
"""
    publish(text, arguments.output)


if __name__ == "__main__":
    main()
