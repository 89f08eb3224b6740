# SPDX-License-Identifier: GPL-3.0-or-later
"""The homogenisation problem as a weak form in JAX-FEM, solved directly: the reference of the fast solver.

∫ μ grad ϱ · grad v dV = 0 on bilinear quadrilaterals or trilinear hexahedra, one per pixel or voxel
(Aldakheel et al. 2023, eq. 3). Meant for small images: the matrix is assembled and factorised.
"""

from __future__ import annotations

import jax
import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from mesobayes.fem.cell.boundary import Boundary
from mesobayes.fem.jaxfem import import_jax_fem

_ELEMENTS = {2: "QUAD4", 3: "HEX8"}
_CORNERS = {  # (…, y, x) offsets of the element's nodes in JAX-FEM's order: around the bottom, around the top
    2: ((0, 0), (0, 1), (1, 1), (1, 0)),
    3: ((0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)),
}


def reference_matrix(permeability: np.ndarray) -> sp.csc_array:
    """Stiffness of JAX-FEM for a permeability per element (…, y, x), on the open grid of nodes in C order."""
    shape = permeability.shape
    d = len(shape)
    nodes = np.arange(np.prod(np.add(shape, 1))).reshape(np.add(shape, 1))
    points = np.indices(nodes.shape).reshape(d, -1).T[:, ::-1].astype(float)  # (x, y[, z])
    corners = [
        nodes[tuple(slice(o, o + n) for o, n in zip(offset, shape, strict=True))].ravel()
        for offset in _CORNERS[d]
    ]
    jax_fem = import_jax_fem()

    class Magnetostatics(jax_fem.Problem):  # type: ignore[name-defined]
        def get_tensor_map(self):
            return lambda gradient, mu: mu * gradient  # B = μ grad ϱ

    with jax.enable_x64(True):
        mesh = jax_fem.Mesh(points, np.stack(corners, axis=1), ele_type=_ELEMENTS[d])
        problem = Magnetostatics(mesh, vec=1, dim=d, ele_type=_ELEMENTS[d])
        quadrature = problem.fes[0].num_quads
        problem.internal_vars = [
            jax.numpy.asarray(np.repeat(permeability.reshape(-1, 1), quadrature, axis=1))
        ]
        problem.newton_update([np.zeros((nodes.size, 1))])
        values = np.asarray(problem.V)
    return sp.csc_array((values, (np.asarray(problem.I), np.asarray(problem.J))), shape=(nodes.size,) * 2)


def reference_permeability(permeability: np.ndarray, boundary: Boundary = "periodic") -> np.ndarray:
    """(d, d) tensor of a permeability per element (…, y, x), from the assembled matrix by LU factors."""
    d = permeability.ndim
    shape = tuple(n + 1 for n in permeability.shape)
    matrix = reference_matrix(permeability)
    linear = np.indices(shape).reshape(d, -1).T[:, ::-1].astype(float)  # nodal values of x, y[, z]
    volume = permeability.size
    if boundary == "neumann":
        load = (
            reference_matrix(np.ones(permeability.shape)) @ linear
        )  # ∫ e_j · grad v, the flux e_j on the edge
        compliance = load.T @ _solve_up_to_constant(matrix, load) / volume
        return np.linalg.inv(compliance)
    keep = _unknowns(permeability.shape, boundary)
    reduced = (keep.T @ matrix @ keep).tocsc()
    load = -(keep.T @ (matrix @ linear))
    solve = _solve_up_to_constant if boundary == "periodic" else lambda a, b: splu(a).solve(b)
    field = linear + keep @ solve(reduced, load)
    return field.T @ (matrix @ field) / volume


def _unknowns(shape: tuple[int, ...], boundary: Boundary) -> sp.csc_array:
    """Matrix (node, unknown): which unknown stands at which node of the open grid."""
    nodes = np.indices(tuple(n + 1 for n in shape)).reshape(len(shape), -1)
    if boundary == "periodic":
        unknown = np.ravel_multi_index(nodes % np.reshape(shape, (-1, 1)), shape)
        inside = np.ones(nodes.shape[1], bool)
        count = int(np.prod(shape))
    else:
        inside = np.all((nodes > 0) & (nodes < np.reshape(shape, (-1, 1))), axis=0)
        count = int(inside.sum())
        unknown = np.cumsum(inside) - 1
    rows = np.flatnonzero(inside)
    return sp.csc_array((np.ones(len(rows)), (rows, unknown[rows])), shape=(nodes.shape[1], count))


def _solve_up_to_constant(matrix: sp.csc_array, load: np.ndarray) -> np.ndarray:
    """Solve with the first unknown held at zero."""
    solution = np.zeros_like(load)
    solution[1:] = splu(matrix[1:, 1:].tocsc()).solve(np.ascontiguousarray(load[1:]))
    return solution
