# SPDX-License-Identifier: GPL-3.0-or-later
"""Homogenisation against sparse direct and multigrid solvers, in one run.

    python benchmarks/permeability_solve.py --peers .venv-peers/bin/python

Two dimensions: one cell at a volume fraction of 0.3, both loads, residual 1e-8, against SciPy's `spsolve` for
each load and the Cholesky factorisations that are installed, on the same matrix. Three dimensions: one load
on spheres at 0.3 against conjugate gradients with smoothed aggregation (`pyamg`). `pyamg` and `taufactor` run
in an interpreter of their own, if one is given. Compilation is done before the clock starts.

Set OMP_NUM_THREADS=1 PJRT_NPROC=1: processes, not threads, use the cores.
"""

from __future__ import annotations

import argparse
import importlib.util
import resource
import subprocess
import tempfile
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from floors import memory_floor
from report import load, publish
from scipy.sparse.linalg import spsolve
from side_by_side import peer_version
from stopwatch import Stopwatch

from mesobayes.fem.cell.homogenisation import homogenise
from mesobayes.fem.cell.stencil import element_matrix
from mesobayes.geometry.inclusions import sample_cell
from mesobayes.geometry.settings import InclusionFamily
from record import RECORDS, Row, write_record

MATRIX, INCLUSION, TOLERANCE = 1.0, 250.0, 1e-8


def timed(solver: str, whose: str, call: Callable[[], object], rounds: int) -> Row:
    """Seconds of some calls of a solver."""
    watches = []
    for _ in range(rounds):
        with Stopwatch() as watch:
            call()
        watches.append(watch)
    return Row(solver, whose, [w.wall for w in watches], [w.cpu for w in watches])


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


def two_dimensions(side: int, rounds: int, peers: str | None) -> tuple[list[Row], int]:
    """Rows, and the iterations of ours over both loads."""
    image = sample_cell(InclusionFamily("mono", side), np.random.default_rng(1), 0.3).image()
    iterations = int(homogenise(image, tolerance=TOLERANCE).iterations.sum())
    rows = [timed("ours, both loads", "ours", lambda: homogenise(image, tolerance=TOLERANCE), rounds)]
    matrix, loads = assemble(np.where(image, INCLUSION, MATRIX))
    each = "SciPy `spsolve`, each load"
    rows.append(timed(each, "theirs", lambda: [spsolve(matrix, load) for load in loads], rounds))
    for name, solve in cholesky_solvers().items():
        rows.append(timed(name, "theirs", lambda solve=solve: solve(matrix, loads), rounds))
    if peers:
        name = "taufactor, two directions"
        rows.append(peer_row(name, peers, "taufactor", image, matrix, loads[0], rounds))
    return rows, iterations


def three_dimensions(edge: int, rounds: int, peers: str | None) -> tuple[list[Row], int, float]:
    """Rows, the iterations of ours, and the peak memory of this process in MiB before any peer ran."""
    family = InclusionFamily("spheres", edge, 3, 5, 5, fraction_max=0.35)
    image = sample_cell(family, np.random.default_rng(1), 0.3).image()
    iterations = int(homogenise(image, tolerance=TOLERANCE, loads=(0,)).iterations.sum())
    one = "ours, one load"
    rows = [timed(one, "ours", lambda: homogenise(image, tolerance=TOLERANCE, loads=(0,)), rounds)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if peers:
        matrix, loads = assemble(np.where(image, INCLUSION, MATRIX))
        name = "pyamg smoothed aggregation, one load"
        rows.append(peer_row(name, peers, "multigrid", image, matrix, loads[0], rounds))
    return rows, iterations, peak


def peer_row(
    solver: str,
    interpreter: str,
    kind: str,
    image: np.ndarray,
    matrix: sp.csc_array,
    load: np.ndarray,
    rounds: int,
) -> Row:
    """Seconds of `peers/homogenisation.py` in another interpreter."""
    script = Path(__file__).parent / "peers" / "homogenisation.py"
    rows = matrix.tocsr()
    system: dict[str, Any] = {
        **{"image": image, "data": rows.data, "indices": rows.indices, "indptr": rows.indptr},
        **{"load": load, "matrix": MATRIX, "inclusion": INCLUSION, "tolerance": TOLERANCE},
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "system.npz"
        np.savez(path, **system)
        command = [interpreter, str(script), kind, str(path), str(rounds)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)
    values = [float(word) for word in answer.stdout.split()[-2 * rounds :]]
    return Row(solver, "theirs", values[1::2], values[::2])


def table(rows: list[Row]) -> str:
    """Markdown table with the ratio of CPU times to the first row."""
    lines = ["| solver | CPU s | wall s | CPU of this row / ours |", "|---|---|---|---|"]
    ours = np.median(rows[0].cpu)
    lines += [
        f"| {row.solver} | {np.median(row.cpu):.3f} | {np.median(row.wall):.3f} "
        f"| {np.median(row.cpu) / ours:.1f} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--edge", type=int, default=101)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers", help="interpreter with pyamg and taufactor (make peers)")
    parser.add_argument("--output", type=Path, default=Path("docs/benchmarks/permeability.md"))
    parser.add_argument("--records", type=Path, default=RECORDS)
    arguments = parser.parse_args()
    side, edge, rounds, peers = arguments.side, arguments.edge, arguments.rounds, arguments.peers
    volume, steps_3d, peak = three_dimensions(edge, rounds, peers)  # first: the memory is its own
    square, steps_2d = two_dimensions(side, rounds, peers)
    versions = {name: peer_version(peers, name) for name in ("pyamg", "taufactor") if peers}
    for problem, title, rows, size, steps, bytes_each in (
        ("cell_2d", "discs, permeability", square, {"pixels": side**2}, steps_2d, 8),
        ("cell_3d", "spheres, permeability, one load", volume, {"voxels": edge**3}, steps_3d, 4),
    ):
        what = f"{steps} applications of the operator: two arrays read, one written"
        floor = memory_floor(3.0 * bytes_each * sum(size.values()) * steps, what)
        write_record(arguments.records, problem, title, size, rows, floor, versions)
    text = f"""# Homogenisation: speed

Made by `python benchmarks/permeability_solve.py`; every number comes from one run on the same machine, one
thread, medians of {rounds} rounds. Contrast 250, relative residual {TOLERANCE:g}, compilation not counted.
Peers that are not installed are left out. {load()}

## Discs, {arguments.side}², volume fraction 0.3

{table(square)}

## Spheres, {arguments.edge}³, volume fraction 0.3

{table(volume)}

Peak memory of our process: {peak:.0f} MiB, Python and JAX included.
"""
    publish(text, arguments.output)


if __name__ == "__main__":
    main()
