# SPDX-License-Identifier: GPL-3.0-or-later
"""scikit-fem on stored meshes, in the environment of `make peers`; prints one JSON line of seconds and
differences.

    python scikit_fem.py plate|bar FOLDER COUNT superlu|cholmod|multigrid

CHOLMOD comes with `cholespy`, since scikit-sparse has no wheels; multigrid is pyamg's smoothed aggregation
with the rigid body motions, as preconditioner of conjugate gradients.
"""

import json
import sys
import time
from pathlib import Path

import meshio
import numpy as np
import scipy.sparse.linalg as spla
from skfem import Basis, ElementHex1, ElementTriP2, ElementVector, asm
from skfem.io.meshio import from_meshio
from skfem.models.elasticity import lame_parameters, linear_elasticity

UNIT_STRAINS = np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
TOLERANCE = 1e-5  # of the iterative solver, relative


def solve_superlu(matrix, right):
    options = {"SymmetricMode": True}
    factor = spla.splu(matrix.tocsc(), "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
    return factor.solve(right)


def solve_cholmod(matrix, right):
    from cholespy import CholeskySolverD, MatrixType

    entries = matrix.tocoo()
    rows, columns = entries.row.astype(np.int32), entries.col.astype(np.int32)
    factor = CholeskySolverD(matrix.shape[0], rows, columns, entries.data, MatrixType.COO)
    right = np.ascontiguousarray(right)
    solution = np.zeros_like(right)
    factor.solve(right, solution)
    return solution


def solve_multigrid(matrix, right, motions):
    import pyamg

    hierarchy = pyamg.smoothed_aggregation_solver(matrix.tocsr(), B=motions)
    return hierarchy.solve(right, tol=TOLERANCE, accel="cg")


def plate(stored, solver):
    """Displacements (node, 2, load) of the three unit strains, in the order of the stored points."""
    mesh = from_meshio(meshio.Mesh(stored["points"], {"triangle6": stored["cells"]}))
    basis = Basis(mesh, ElementVector(ElementTriP2()), intorder=4)
    stiffness = asm(linear_elasticity(*lame_parameters(1.0, 0.3)), basis).tocsr()
    places = basis.doflocs  # (2, dof), components alternate
    component = np.arange(basis.N) % 2
    outer = np.abs(places).max(axis=0) > float(stored["half"]) * (1.0 - 1e-9)
    inside = np.flatnonzero(~outer)
    solution = np.zeros((basis.N, 3))
    for load, strain in enumerate(UNIT_STRAINS):
        values = (strain @ places)[component, np.arange(basis.N)]
        solution[outer, load] = values[outer]
    right = -(stiffness[inside] @ solution)
    solve = {"superlu": solve_superlu, "cholmod": solve_cholmod}[solver]
    solution[inside] = solve(stiffness[inside][:, inside], right)
    order = np.lexsort(np.round(places[:, ::2], 9))
    wanted = np.lexsort(np.round(stored["points"].T, 9))
    answer = np.empty((len(stored["points"]), 2, 3))
    answer[wanted] = np.stack([solution[::2], solution[1::2]], axis=1)[order]
    return answer


def bar(stored, solver):
    """Mean axial stress (cell,) over Young's modulus of the solid voxels of a bar under unit extension."""
    poisson, points = float(stored["poisson"]), stored["points"]
    mesh = from_meshio(meshio.Mesh(points, {"hexahedron": stored["cells"]}))
    basis = Basis(mesh, ElementVector(ElementHex1()), intorder=2)
    lam, mu = lame_parameters(1.0, poisson)
    stiffness = asm(linear_elasticity(lam, mu), basis).tocsr()
    places, component = basis.doflocs, np.arange(basis.N) % 3
    length = points[:, 2].max()
    lower, upper = places[2] < 1e-9, places[2] > length - 1e-9
    held = (component == 2) & (lower | upper)
    for pin, axes in zip(stored["pins"], ((0, 1), (1,)), strict=True):
        held |= np.isin(component, axes) & (np.abs(places - pin[:, None]).max(axis=0) < 1e-9)
    inside = np.flatnonzero(~held)
    solution = np.zeros(basis.N)
    solution[(component == 2) & upper] = length
    x, y, z = places - places.mean(axis=1, keepdims=True)
    motions = np.stack(
        [component == 0, component == 1, component == 2]
        + [np.choose(component, turn) for turn in ((-y, x, 0 * x), (0 * x, -z, y), (z, 0 * x, -x))],
        axis=1,
    ).astype(float)
    right = -(stiffness[inside] @ solution)
    solution[inside] = solve_multigrid(stiffness[inside][:, inside], right, motions[inside])
    gradient = np.asarray(basis.interpolate(solution).grad).mean(axis=-1)  # (3, 3, cell)
    return lam * np.trace(gradient) + 2 * mu * gradient[2, 2]


def main() -> None:
    problem, folder, count, solver = sys.argv[1:]
    solve, records = {"plate": plate, "bar": bar}[problem], []
    solve(dict(np.load(Path(folder) / "0.npz")), solver)  # loads whatever is loaded when first used
    for k in range(int(count)):
        stored = dict(np.load(Path(folder) / f"{k}.npz"))
        cpu, wall = time.process_time(), time.perf_counter()
        answer = solve(stored, solver)
        seconds = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        change = np.linalg.norm(answer - stored["answer"]) / np.linalg.norm(stored["answer"])
        records.append({**seconds, "difference": float(change)})
    print(json.dumps(records))


if __name__ == "__main__":
    main()
