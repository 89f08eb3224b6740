# SPDX-License-Identifier: GPL-3.0-or-later
"""Global stiffness of the free degrees of freedom and its load from prescribed displacements.

Prescribed displacements are eliminated from rows *and* columns, K_ff u_f = -K_fc u_c, so that the matrix
stays symmetric and Cholesky applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import jax
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from mesobayes.fem.jaxfem import element_kernels
from mesobayes.fem.plate.elasticity import PlaneStrain
from mesobayes.fem.plate.meshing import Mesh
from mesobayes.fem.plate.triangles import shape_gradients

FloatArray = NDArray[np.float64]
Array = TypeVar("Array", NDArray[np.float64], jax.Array)
CURVED_DEGREE = 4  # six points: with three the curved cells spoil the accuracy of the hole edges
_DEGREE_2_POINTS = np.array([[1.0, 1.0], [4.0, 1.0], [1.0, 4.0]]) / 6.0  # equal weights, exact to degree 2


@dataclass(frozen=True)
class ReducedSystem:
    """K_ff u_f = f for several load cases.

    lower: lower triangle of K_ff in CSC format; load (free dof, load); free (dof,) mask; prescribed
    displacements (node, component, load), zero at free nodes.
    """

    lower: sp.csc_matrix
    load: FloatArray
    free: NDArray[np.bool_]
    prescribed: FloatArray

    def expand(self, solution: FloatArray) -> FloatArray:
        """Displacements (node, component, load) from the free ones (free dof, load)."""
        displacement = self.prescribed.reshape(len(self.free), -1).copy()
        displacement[self.free] = solution
        return displacement.reshape(self.prescribed.shape)


def element_stiffness(mesh: Mesh, material: PlaneStrain) -> FloatArray:
    """Element stiffnesses (cell, dof, dof), dof ordered (node, component), from JAX-FEM's kernels.

    Curved cells are integrated with six points. Straight quadratic cells follow from the tangent of the
    linear triangle with the same corners, eight times cheaper and equal to rounding.
    """
    coordinates = mesh.points[mesh.cells]
    linear = element_kernels(material, 1, 0)
    if mesh.order == 1:
        return linear.tangents(coordinates)
    stiffness = np.empty((len(mesh.cells), 12, 12))
    straight = ~mesh.curved
    stiffness[straight] = raise_order(linear.tangents(coordinates[straight, :3]))
    if np.any(mesh.curved):
        curved = element_kernels(material, 2, CURVED_DEGREE)
        stiffness[mesh.curved] = curved.tangents(coordinates[mesh.curved])
    return stiffness


def raise_order(linear: Array) -> Array:
    """Stiffness (cell, 12, 12) of straight quadratic triangles from that of linear ones (cell, 6, 6).

    With constant coefficients a stiffness is K[ai,bj] = ∫ ∂_k N_a ∂_l N_b dξ D[ik,jl], where D holds the
    material and the affine map. Nodes 1 and 2 of the linear triangle have the reference gradients (1, 0)
    and (0, 1), so its entries between them are D/2 itself.
    """
    gradients = shape_gradients(2, _DEGREE_2_POINTS)  # (quadrature, node, 2)
    reference = np.einsum("qak,qbl->klab", gradients, gradients) / 3.0  # 2 ∫ ∂_k N_a ∂_l N_b dξ
    half_d = linear.reshape(-1, 3, 2, 3, 2)[:, 1:, :, 1:, :].transpose(0, 2, 4, 1, 3)  # (cell, i, j, k, l)
    quadratic = half_d.reshape(-1, 4) @ reference.reshape(4, 36)  # (cell i j, k l) @ (k l, a b)
    return quadratic.reshape(-1, 2, 2, 6, 6).transpose(0, 3, 1, 4, 2).reshape(-1, 12, 12)


def reduce_system(mesh: Mesh, stiffness: FloatArray, prescribed: FloatArray) -> ReducedSystem:
    """Assemble K_ff and the loads of displacements prescribed on the outer nodes.

    stiffness (cell, dof, dof); prescribed (outer node, component, load).
    """
    free_nodes = np.ones(len(mesh.points), dtype=bool)
    free_nodes[mesh.outer] = False
    free = np.repeat(free_nodes, 2)
    values = np.zeros((len(mesh.points), 2, prescribed.shape[-1]))
    values[mesh.outer] = prescribed

    number = np.where(free, np.cumsum(free, dtype=np.int32) - 1, -1).astype(np.int32)
    dofs = (2 * mesh.cells[:, :, None] + np.arange(2)).reshape(len(mesh.cells), -1)  # (cell, dof)
    numbers = number[dofs]
    size = int(np.count_nonzero(free))

    row, column = np.tril_indices(dofs.shape[1])  # each pair of an element once
    rows, columns = numbers[:, row], numbers[:, column]
    entries = stiffness[:, row, column]
    kept = (rows >= 0) & (columns >= 0)
    rows, columns, entries = rows[kept], columns[kept], entries[kept]
    lower = sp.coo_matrix(
        (entries, (np.maximum(rows, columns), np.minimum(rows, columns))), shape=(size, size)
    ).tocsc()

    touching = np.flatnonzero(np.any(numbers < 0, axis=1))
    known = values.reshape(-1, values.shape[-1])[dofs[touching]]  # (cell, dof, load)
    reaction = -np.einsum("cij,cjl->cil", stiffness[touching], known)
    load = np.zeros((size, values.shape[-1]))
    into = numbers[touching]
    np.add.at(load, into[into >= 0], reaction[into >= 0])
    return ReducedSystem(lower, load, free, values)
