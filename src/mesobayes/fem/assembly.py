# SPDX-License-Identifier: GPL-3.0-or-later
"""Global stiffness of the free degrees of freedom and its load from prescribed displacements.

Prescribed displacements are eliminated from rows *and* columns, K_ff u_f = -K_fc u_c, so that the matrix
stays symmetric and Cholesky applies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from mesobayes.fem.elasticity import PlaneStrain
from mesobayes.fem.jaxfem import element_kernels
from mesobayes.fem.meshing import Mesh

FloatArray = NDArray[np.float64]
_STRAIGHT_DEGREE = {1: 0, 2: 2}  # exact for the stiffness of straight triangles
_CURVED_DEGREE = 4  # six points: with three the curved cells spoil the accuracy of the hole edges


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
    """Element tangents (cell, dof, dof), dof ordered (node, component), through JAX-FEM's kernels."""
    coordinates = mesh.points[mesh.cells]
    straight = element_kernels(material, mesh.order, _STRAIGHT_DEGREE[mesh.order])
    if not np.any(mesh.curved):
        return straight.tangents(coordinates)
    stiffness = np.empty((len(mesh.cells), *2 * (2 * mesh.cells.shape[1],)))
    stiffness[~mesh.curved] = straight.tangents(coordinates[~mesh.curved])
    stiffness[mesh.curved] = element_kernels(material, 2, _CURVED_DEGREE).tangents(coordinates[mesh.curved])
    return stiffness


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
