# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips at finite strain beside JAX-FEM, in one run; writes a record.

    python benchmarks/strip_solve.py [--meshes 2] [--moved 0.3]

Both get the same quadratic meshes of slotted strips with pores, Saint Venant-Kirchhoff material, clamped at
one end and moved at the other, and return the displacement in equilibrium. JAX-FEM goes from rest by
Newton's method to its own tolerance, ours in load steps to a relative residual of 1e-8.

Set OMP_NUM_THREADS=1 PJRT_NPROC=1: processes, not threads, use the cores.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from floors import arithmetic_floor, cholesky_operations
from side_by_side import peer_version
from stopwatch import Stopwatch, answer_of

from mesobayes.fem.strip.assembly import prepare_assembly
from mesobayes.fem.strip.equilibrium import find_equilibrium
from mesobayes.fem.strip.meshing import mesh_strip
from mesobayes.fem.strip.saint_venant import UNIT_SAINT_VENANT
from mesobayes.fem.strip.settings import DEFAULT_STRIP_MESH
from mesobayes.geometry.settings import StripFamily
from mesobayes.geometry.strip_sampling import sample_strip
from record import RECORDS, Row, their_row, write_record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meshes", type=int, default=2)
    parser.add_argument("--moved", type=float, default=0.3, help="end displacement, in heights of the strip")
    parser.add_argument("--coarser", type=float, default=1.0, help="factor on the sizes of the mesh")
    parser.add_argument("--records", type=Path, default=RECORDS)
    options = parser.parse_args()
    settings = DEFAULT_STRIP_MESH.refined(1.0 / options.coarser)
    strips = [
        sample_strip(StripFamily("strip"), np.random.default_rng(seed)) for seed in range(options.meshes)
    ]
    meshes = [mesh_strip(strip, True, settings) for strip in strips]
    find_equilibrium(prepare_assembly(meshes[0], UNIT_SAINT_VENANT), options.moved)
    watches, operations = [], []
    with tempfile.TemporaryDirectory() as folder:
        for k, (strip, mesh) in enumerate(zip(strips, meshes, strict=True)):
            with Stopwatch() as watch:
                assembly = prepare_assembly(mesh, UNIT_SAINT_VENANT)
                state = find_equilibrium(assembly, options.moved)
            watches.append(watch)
            tangents = assembly.linearise(np.zeros_like(mesh.points)).tangents
            operations.append(state.steps * cholesky_operations(assembly.matrix(tangents)))
            system = {"points": mesh.points, "cells": mesh.cells, "length": strip.length}
            np.savez(Path(folder) / f"{k}.npz", **system, moved=state.reached, answer=state.displacement)
        answer = answer_of(
            sys.executable, "jax_fem_user.py", "strip", folder, options.meshes, "umfpack_solver"
        )
    rows = [
        Row("ours", "ours", [w.wall for w in watches], [w.cpu for w in watches]),
        their_row("JAX-FEM, its SciPy solver", answer),
    ]
    what = "a Cholesky factorisation a load step"
    floor = arithmetic_floor(float(np.mean(operations)), np.float64, what)
    size = {"unknowns": round(float(np.mean([2 * len(mesh.points) for mesh in meshes])))}
    versions = {"jax-fem": peer_version(sys.executable, "jax-fem")}
    write_record(
        options.records, "strip", "slotted strip at finite strain, one load", size, rows, floor, versions
    )


if __name__ == "__main__":
    main()
