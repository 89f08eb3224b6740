# SPDX-License-Identifier: GPL-3.0-or-later
"""Homogenisation by others, run by `benchmarks/permeability_solve.py` in the environment of `make peers`.

    python homogenisation.py multigrid SYSTEM.npz ROUNDS    # pyamg, smoothed aggregation, conjugate gradients
    python homogenisation.py taufactor SYSTEM.npz ROUNDS    # two directions, at its own tolerance

SYSTEM.npz holds the image, the matrix (data, indices, indptr), the first load, permeabilities and tolerance.
Prints CPU and wall seconds of every round.
"""

import sys
import time

import numpy as np


def multigrid(system):
    import pyamg
    import scipy.sparse as sp

    matrix = sp.csr_matrix((system["data"], system["indices"], system["indptr"]))

    def solve():
        hierarchy = pyamg.smoothed_aggregation_solver(matrix)
        hierarchy.solve(system["load"], tol=float(system["tolerance"]), accel="cg")

    return solve


def tortuosity(system):
    import taufactor
    import torch

    torch.set_num_threads(1)
    labels = system["image"].astype(int) + 1
    conductivity = {1: float(system["matrix"]), 2: float(system["inclusion"])}

    def solve():
        for turned in (labels, labels.T):
            volume = np.ascontiguousarray(turned[:, :, None])
            taufactor.MultiPhaseSolver(volume, cond=conductivity, device="cpu").solve(verbose=False)

    return solve


def main() -> None:
    kind, path, rounds = sys.argv[1:]
    with np.load(path) as system:
        solve = {"multigrid": multigrid, "taufactor": tortuosity}[kind](dict(system))
    for _ in range(int(rounds)):
        cpu, wall = time.process_time(), time.perf_counter()
        solve()
        print(time.process_time() - cpu, time.perf_counter() - wall)


if __name__ == "__main__":
    main()
