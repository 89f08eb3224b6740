# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodal stresses from displacements: averages over cells, traction-free on the holes.

The averaged stress at a node of a hole edge keeps its hoop component only; the tractions, known to vanish
there, are set to zero. Interpolated with the quadratic shape functions this is as accurate as patch recovery on
the meshes used here.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from mesobayes.fem.elasticity import PlaneStrain
from mesobayes.fem.errors import MeshError
from mesobayes.fem.meshing import Mesh
from mesobayes.fem.triangles import NODES, shape_gradients

FloatArray = NDArray[np.float64]


def recover_stress(
    mesh: Mesh, displacement: FloatArray, material: PlaneStrain, traction_free: bool = True
) -> FloatArray:
    """Nodal stresses (node, component, load) from displacements (node, 2, load).

    Raises MeshError if a cell is folded over.
    """
    nodes = mesh.cells.shape[1]
    gradients = shape_gradients(mesh.order, NODES[:nodes])  # (at node, node, 2)
    jacobian = np.einsum("cni,pnj->cpij", mesh.points[mesh.cells], gradients, optimize=True)  # dx/dξ
    determinant = np.linalg.det(jacobian)
    if np.min(determinant) <= 0.0:
        raise MeshError(f"{np.count_nonzero(np.min(determinant, axis=1) <= 0)} cells of the mesh are folded.")
    physical = np.einsum("pnj,cpji->cpni", gradients, np.linalg.inv(jacobian), optimize=True)
    grad_u = np.einsum("cpnj,cnil->cpijl", physical, displacement[mesh.cells], optimize=True)
    strain = np.stack(
        [grad_u[:, :, 0, 0], grad_u[:, :, 1, 1], 0.5 * (grad_u[:, :, 0, 1] + grad_u[:, :, 1, 0])], axis=-1
    )  # (cell, node, load, component)
    mean_strain = _average(mesh, strain).reshape(len(mesh.points), -1, 3)  # (node, load, component)
    stress = material.stress(mean_strain).swapaxes(1, 2)
    if traction_free:
        normal = mesh.hole_normals
        hoop = _hoop(stress[mesh.hole_nodes], normal)  # (node, load)
        tangent_dyad = np.stack([normal[:, 1] ** 2, normal[:, 0] ** 2, -normal[:, 0] * normal[:, 1]], axis=1)
        stress[mesh.hole_nodes] = tangent_dyad[:, :, None] * hoop[:, None, :]
    return stress


def _average(mesh: Mesh, values: FloatArray) -> FloatArray:
    """Mean over the cells that share a node of values (cell, node, ...) -> (node, ...)."""
    size = mesh.cells.size
    gather = sp.csr_matrix(
        (np.ones(size), (mesh.cells.ravel(), np.arange(size))), shape=(len(mesh.points), size)
    )
    return (gather @ values.reshape(size, -1)) / np.diff(gather.indptr)[:, None]


def _hoop(stress: FloatArray, normal: FloatArray) -> FloatArray:
    """t·σ·t (node, load) with the tangent t = (-n_y, n_x), from stresses (node, component, load)."""
    nx, ny = normal[:, 0, None], normal[:, 1, None]
    return stress[:, 0] * ny**2 + stress[:, 1] * nx**2 - 2.0 * stress[:, 2] * nx * ny


def hoop_stress(mesh: Mesh, stress: FloatArray, hole: int, angles: FloatArray) -> FloatArray:
    """Hoop stress (angle, load) on the edge of one hole at polar angles in degrees from +x about its centre."""
    mine = mesh.hole_index == hole
    nodes = mesh.hole_nodes[mine]
    values = _hoop(stress[nodes], mesh.hole_normals[mine])
    shape = mesh.holes[hole]
    offset = mesh.points[nodes] - (shape.cx, shape.cy)
    polar = np.degrees(np.arctan2(offset[:, 1], offset[:, 0])) % 360.0
    turn = np.argsort(polar)
    polar, values = polar[turn], values[turn]
    polar, values = np.append(polar, polar[0] + 360.0), np.append(values, values[:1], axis=0)
    return CubicSpline(polar, values, axis=0, bc_type="periodic")(np.asarray(angles, dtype=float))
