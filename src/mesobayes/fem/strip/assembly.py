# SPDX-License-Identifier: GPL-3.0-or-later
"""Residual and tangent of a strip at any displacement, on one sparsity pattern.

Element residuals and tangents come from JAX-FEM's kernels of one template problem; where their entries go is
found once a mesh. Prescribed displacements are eliminated from rows and columns, so that the tangent stays
symmetric.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from mesobayes.fem.jaxfem import StressLaw, element_kernels
from mesobayes.fem.strip.meshing import StripMesh

FloatArray = NDArray[np.float64]

_STRAIGHT_DEGREE, _CURVED_DEGREE = 2, 4  # three and six points
_DOFS = 12
_ROW, _COLUMN = np.tril_indices(_DOFS)  # each pair of an element once


@dataclass(frozen=True)
class Linearised:
    """Residual forces (node, component) of all nodes and element tangents (cell, dof, dof) at a state."""

    residual: FloatArray
    tangents: FloatArray


@dataclass(frozen=True)
class Assembly:
    """Where element entries go: `free` (dof,), pattern of the lower triangle of K_ff, places of entries."""

    mesh: StripMesh
    law: StressLaw
    free: NDArray[np.bool_]
    dofs: NDArray[np.int64]  # (cell, 12)
    kept: NDArray[np.bool_]  # (cell, pair)
    place: NDArray[np.int64]  # (kept pair,) -> entry of the CSC matrix
    indices: NDArray[np.int32]
    indptr: NDArray[np.int32]

    @property
    def size(self) -> int:
        """Number of free degrees of freedom."""
        return len(self.indptr) - 1

    def linearise(self, displacement: FloatArray) -> Linearised:
        """Residual and tangents at a displacement (node, 2)."""
        cells = self.mesh.cells
        residuals, tangents = np.empty((len(cells), _DOFS)), np.empty((len(cells), _DOFS, _DOFS))
        for part, degree in ((~self.mesh.curved, _STRAIGHT_DEGREE), (self.mesh.curved, _CURVED_DEGREE)):
            kernels = element_kernels(self.law, 2, degree)
            nodes = cells[part]
            residuals[part], tangents[part] = kernels.residuals_and_tangents(
                self.mesh.points[nodes], displacement[nodes]
            )
        forces = np.asarray(
            np.bincount(self.dofs.ravel(), weights=residuals.ravel(), minlength=displacement.size), np.float64
        )
        return Linearised(forces.reshape(-1, 2), tangents)

    def matrix(self, tangents: FloatArray) -> sp.csc_matrix:
        """Lower triangle of K_ff."""
        entries = tangents[:, _ROW, _COLUMN][self.kept]
        values = np.bincount(self.place, entries, minlength=len(self.indices))
        return sp.csc_matrix((values, self.indices, self.indptr), shape=(self.size, self.size))

    def force_of(self, tangents: FloatArray, increment: FloatArray) -> FloatArray:
        """K u (node, 2) of a displacement increment (node, 2)."""
        local = np.matmul(tangents, increment.reshape(-1)[self.dofs][..., None])[..., 0]
        force = np.asarray(
            np.bincount(self.dofs.ravel(), weights=local.ravel(), minlength=increment.size), np.float64
        )
        return force.reshape(-1, 2)


def prepare_assembly(mesh: StripMesh, law: StressLaw) -> Assembly:
    """Number the free degrees of freedom and find the pattern of the tangent."""
    free_nodes = np.ones(len(mesh.points), dtype=bool)
    free_nodes[mesh.clamped] = free_nodes[mesh.moved] = False
    free = np.repeat(free_nodes, 2)
    number = np.where(free, np.cumsum(free) - 1, -1)
    dofs = (2 * mesh.cells[:, :, None] + np.arange(2)).reshape(len(mesh.cells), -1)
    rows, columns = number[dofs[:, _ROW]], number[dofs[:, _COLUMN]]
    kept = (rows >= 0) & (columns >= 0)
    rows, columns = rows[kept], columns[kept]
    size = int(np.count_nonzero(free))
    key, place = np.unique(np.minimum(rows, columns) * size + np.maximum(rows, columns), return_inverse=True)
    indptr = np.searchsorted(key, np.arange(size + 1) * size).astype(np.int32)
    return Assembly(mesh, law, free, dofs, kept, place, (key % size).astype(np.int32), indptr)
