# SPDX-License-Identifier: GPL-3.0-or-later
"""Elastic stress of porous bars beside JAX-FEM and scikit-fem, in one run; writes a record.

    python benchmarks/bar_solve.py [--specimens 2] [--grid 20 20 80] --peers .venv-peers/bin/python

One elastic solve is what a peer can be asked for: none has the viscoplastic law with damage. Ours is the
short solve behind the ranking of places, twenty steps of conjugate gradients on elements of one point in
single precision, and the same to a residual of 1e-5; the others use eight Gauss points an element, so that
the fields differ by the elements too. The difference is that of the axial stress of the solid voxels from
the second row.

Set OMP_NUM_THREADS=1 PJRT_NPROC=1: processes, not threads, use the cores.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from floors import memory_floor
from side_by_side import peer_version
from stopwatch import Stopwatch, answer_of

from mesobayes.fem.bar.elastic import elastic_stress
from mesobayes.fem.bar.jaxfem_kernels import CUBE
from mesobayes.fem.bar.settings import Material
from mesobayes.geometry.porosity import PorosityField
from mesobayes.record.seeds import rng_from_name
from record import RECORDS, Row, their_row, write_record

STEPS, CONVERGED = 20, 400
VECTORS = 3 * (2 + 3)  # components of: u and the residual read and written, the direction read once


def mesh_of(pores: np.ndarray) -> dict[str, np.ndarray]:
    """Points and hexahedra of the solid voxels; two corners of the lower face, which hold the bar."""
    shape = tuple(n + 1 for n in pores.shape)
    corners = np.argwhere(~pores)[:, None, :] + CUBE.astype(int)  # (cell, node, 3)
    numbers = np.ravel_multi_index(np.moveaxis(corners, -1, 0), shape)
    used, cells = np.unique(numbers, return_inverse=True)
    points = np.stack(np.unravel_index(used, shape), axis=-1).astype(float)
    low = points[points[:, 2] == 0]
    pins = low[[np.lexsort(low.T[:2])[0], np.lexsort((low[:, 1], -low[:, 0]))[0]]]
    return {"points": points, "cells": cells.reshape(numbers.shape), "pins": pins}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--grid", type=int, nargs=3, default=(20, 20, 80))
    parser.add_argument("--porosity", type=float, default=0.0008)
    parser.add_argument("--specimens", type=int, default=2)
    parser.add_argument("--peers", help="interpreter with scikit-fem and pyamg (make peers)")
    parser.add_argument("--records", type=Path, default=RECORDS)
    options = parser.parse_args()
    field, material = PorosityField(tuple(options.grid), options.porosity), Material()
    specimens = [field.sample(rng_from_name("benchmark", number)) for number in range(options.specimens)]
    watches: dict[int, list[Stopwatch]] = {STEPS: [], CONVERGED: []}
    stresses: dict[int, list[np.ndarray]] = {STEPS: [], CONVERGED: []}
    for steps in watches:
        elastic_stress(jnp.asarray(specimens[0][None]), material, steps=steps)[2].block_until_ready()
        for pores in specimens:
            with Stopwatch() as watch:
                axial = np.asarray(elastic_stress(jnp.asarray(pores[None]), material, steps=steps)[2])
            watches[steps].append(watch)
            stresses[steps].append(axial[0][~pores])
    away = max(
        float(np.linalg.norm(short - full) / np.linalg.norm(full))
        for short, full in zip(stresses[STEPS], stresses[CONVERGED], strict=True)
    )
    names = {STEPS: "ours, 20 steps", CONVERGED: "ours, to a residual of 1e-5"}
    rows = [
        Row(names[steps], "ours", [w.wall for w in some], [w.cpu for w in some], difference)
        for (steps, some), difference in zip(watches.items(), (away, 0.0), strict=True)
    ]
    count, versions = options.specimens, {"jax-fem": peer_version(sys.executable, "jax-fem")}
    with tempfile.TemporaryDirectory() as folder:
        for k, pores in enumerate(specimens):
            known = {"answer": stresses[CONVERGED][k], "poisson": material.poisson}
            np.savez(Path(folder) / f"{k}.npz", **mesh_of(pores), **known)
        if options.peers:
            answer = answer_of(options.peers, "peers/scikit_fem.py", "bar", folder, count, "multigrid")
            rows.append(their_row("scikit-fem, pyamg to 1e-5", answer))
            versions |= {name: peer_version(options.peers, name) for name in ("scikit-fem", "pyamg")}
        try:
            answer = answer_of(sys.executable, "jax_fem_user.py", "bar", folder, count, "jax_solver")
        except subprocess.CalledProcessError:
            print("JAX-FEM, its default BiCGSTAB: no solution, for the reason above; left out", flush=True)
        else:
            rows.append(their_row("JAX-FEM, its default BiCGSTAB", answer))
    nodes = int(np.prod([n + 1 for n in options.grid]))
    floor = memory_floor(4.0 * STEPS * VECTORS * nodes, f"{STEPS} steps of conjugate gradients")
    write_record(
        options.records,
        "bar",
        "porous bar, one elastic solve",
        {"voxels": int(np.prod(options.grid)), "unknowns": 3 * nodes},
        rows,
        floor,
        versions,
    )


if __name__ == "__main__":
    main()
