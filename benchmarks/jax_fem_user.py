# SPDX-License-Identifier: GPL-3.0-or-later
"""JAX-FEM used as its examples do, on stored meshes; prints one JSON line of seconds and differences.

    python benchmarks/jax_fem_user.py plate|strip|bar FOLDER COUNT SOLVER

A new `Problem` is made for every mesh and `jax_fem.solver.solver` called with its `umfpack_solver` (SciPy) or
its default, BiCGSTAB (`jax_solver`). For the three loads of a plate the problem is kept and its boundary
values change. That module imports petsc4py, which has no wheels, and uses one PETSc matrix to blank the rows
of boundary conditions: here it gets a SciPy matrix with the same four methods. Everything else is JAX-FEM's.
"""

from __future__ import annotations

import json
import logging
import sys
import types
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from stopwatch import Stopwatch

UNIT_STRAINS = np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])


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


def solve_plate(stored, solve):
    """Displacements (node, 2, load) of the three unit strains."""
    import jax.numpy as jnp

    from mesobayes.fem.jaxfem import make_problem
    from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN

    half = float(stored["half"])

    def outer(point):
        return jnp.max(jnp.abs(point)) > half * (1.0 - 1e-9)

    problem, solution = None, []
    for strain in UNIT_STRAINS:
        values = [lambda point, row=row: jnp.dot(row, point) for row in strain]
        if problem is None:
            problem = make_problem(UNIT_PLANE_STRAIN, stored["points"], stored["cells"])
        problem.fes[0].update_Dirichlet_boundary_conditions([[outer, outer], [0, 1], values])
        solution.append(solve(problem))
    return np.stack(solution, axis=-1)


def solve_strip(stored, solve):
    """Displacement (node, 2) of a strip clamped at one end and moved along y at the other, from rest."""
    from mesobayes.fem.jaxfem import make_problem
    from mesobayes.fem.strip.saint_venant import UNIT_SAINT_VENANT

    length, moved = float(stored["length"]), float(stored["moved"])
    problem = make_problem(UNIT_SAINT_VENANT, stored["points"], stored["cells"])
    clamped, end = (lambda point: point[0] < 1e-9), (lambda point: point[0] > length - 1e-9)
    values = [lambda point, value=value: value for value in (0.0, 0.0, 0.0, -moved)]
    problem.fes[0].update_Dirichlet_boundary_conditions([[clamped, clamped, end, end], [0, 1, 0, 1], values])
    return solve(problem)


def solve_bar(stored, solve):
    """Mean axial stress (cell,) over Young's modulus of the solid voxels of a bar under unit extension."""
    import jax.numpy as jnp

    from mesobayes.fem.jaxfem import import_jax_fem

    jax_fem = import_jax_fem()
    poisson, points, cells = float(stored["poisson"]), stored["points"], stored["cells"]
    lam, mu = poisson / ((1 + poisson) * (1 - 2 * poisson)), 0.5 / (1 + poisson)

    class Elasticity(jax_fem.Problem):
        def get_tensor_map(self):
            def stress(gradient):
                strain = 0.5 * (gradient + gradient.T)
                return lam * jnp.trace(strain) * jnp.eye(3) + 2 * mu * strain

            return stress

    length, pins = points[:, 2].max(), stored["pins"]
    lower, upper = (lambda point: point[2] < 1e-9), (lambda point: point[2] > length - 1e-9)
    at = [lambda point, pin=pin: jnp.max(jnp.abs(point - pin)) < 1e-9 for pin in pins]
    values = [lambda _, value=value: value for value in (0.0, length, 0.0, 0.0, 0.0)]
    mesh = jax_fem.Mesh(points, cells, ele_type="HEX8")
    problem = Elasticity(mesh, vec=3, dim=3, ele_type="HEX8", gauss_order=2)
    problem.fes[0].update_Dirichlet_boundary_conditions(
        [[lower, upper, at[0], at[0], at[1]], [2, 2, 0, 1, 1], values]
    )
    gradient = np.asarray(problem.fes[0].sol_to_grad(jnp.asarray(solve(problem)))).mean(axis=1)
    return lam * np.trace(gradient, axis1=1, axis2=2) + 2 * mu * gradient[:, 2, 2]


def main() -> None:
    problem, folder, count, solver = sys.argv[1:]
    stand_in_for_petsc4py()
    from mesobayes.fem.jaxfem import import_jax_fem

    import_jax_fem()
    from jax_fem.solver import solver as jax_fem_solver  # switches double precision on

    logging.getLogger("jax_fem").setLevel(logging.ERROR)
    records = []
    for k in range(int(count)):
        stored = np.load(Path(folder) / f"{k}.npz")
        with Stopwatch() as watch:
            answer = {"plate": solve_plate, "strip": solve_strip, "bar": solve_bar}[problem](
                stored, lambda problem: np.asarray(jax_fem_solver(problem, solver_options={solver: {}})[0])
            )
        change = np.linalg.norm(answer - stored["answer"]) / np.linalg.norm(stored["answer"])
        records.append({**watch.seconds, "difference": float(change)})
    print(json.dumps(records))


if __name__ == "__main__":
    main()
