# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodal stresses of a strip from its displacement: averages over cells, the edge stretch alone on holes.

No traction acts on a hole, so the stress there follows from the stretch of the edge, which a periodic spline
through its displaced nodes gives; no derivative across the edge is taken (as in the plate's recovery).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from mesobayes.fem.errors import SolveError
from mesobayes.fem.plate.recovery import average_at_nodes
from mesobayes.fem.plate.triangles import NODES, shape_gradients
from mesobayes.fem.strip.meshing import StripMesh
from mesobayes.fem.strip.saint_venant import (
    UNIT_SAINT_VENANT,
    SaintVenantKirchhoff,
    cauchy_stress,
    free_edge_stress,
)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class NodalFields:
    """Cauchy stress (node, [xx, yy, xy]) and norm of the Green-Lagrange strain (node,)."""

    stress: FloatArray
    strain_norm: FloatArray


def recover_cauchy(
    mesh: StripMesh, displacement: FloatArray, material: SaintVenantKirchhoff = UNIT_SAINT_VENANT
) -> NodalFields:
    """Stress and strain of a finite displacement (node, 2). Raises SolveError if a cell is inside out."""
    grad_u = nodal_gradients(mesh, displacement)
    f = grad_u + np.eye(2)
    if np.min(np.linalg.det(f)) <= 0.0:
        raise SolveError("The deformed mesh is turned inside out at a node.")
    stress = cauchy_stress(grad_u, material)
    for loop in mesh.loops:
        before, after = _edge_slopes(mesh.points[loop]), _edge_slopes(mesh.points[loop] + displacement[loop])
        stretch = np.linalg.norm(after, axis=1) / np.linalg.norm(before, axis=1)
        value = free_edge_stress(stretch, after / np.linalg.norm(after, axis=1, keepdims=True), material)
        stress[loop] = np.where(np.isfinite(value), value, stress[loop])
    strain = 0.5 * (np.swapaxes(f, 1, 2) @ f - np.eye(2))
    return NodalFields(stress, np.linalg.norm(strain, axis=(1, 2)))


def recover_linear(
    mesh: StripMesh, displacement: FloatArray, material: SaintVenantKirchhoff = UNIT_SAINT_VENANT
) -> FloatArray:
    """Stress (node, [xx, yy, xy]) of the linear model from its displacement (node, 2)."""
    grad_u = nodal_gradients(mesh, displacement)
    shear = 0.5 * (grad_u[:, 0, 1] + grad_u[:, 1, 0])
    stress = material.stress(np.stack([grad_u[:, 0, 0], grad_u[:, 1, 1], shear], axis=1))
    for loop in mesh.loops:
        slope, change = _edge_slopes(mesh.points[loop]), _edge_slopes(displacement[loop])
        square = np.sum(slope**2, axis=1)
        hoop = material.hoop_modulus * np.sum(change * slope, axis=1) / square
        dyad = np.stack([slope[:, 0] ** 2, slope[:, 1] ** 2, slope[:, 0] * slope[:, 1]], axis=1)
        stress[loop] = (hoop / square)[:, None] * dyad
    return stress


def nodal_gradients(mesh: StripMesh, displacement: FloatArray) -> FloatArray:
    """Displacement gradients (node, 2, 2), averages of the cells that share a node."""
    gradients = shape_gradients(2, NODES)  # (at node, node, 2)
    jacobian = np.einsum("cni,pnj->cpij", mesh.points[mesh.cells], gradients, optimize=True)  # dx/dξ
    physical = np.einsum("pnj,cpji->cpni", gradients, np.linalg.inv(jacobian), optimize=True)
    grad_u = np.einsum("cpnj,cni->cpij", physical, displacement[mesh.cells], optimize=True)
    return average_at_nodes(mesh.cells, len(mesh.points), grad_u).reshape(-1, 2, 2)


def _edge_slopes(nodes: FloatArray) -> FloatArray:
    """Derivative (node, 2) along a closed edge by the node's number, from a periodic cubic spline."""
    closed = np.concatenate([nodes, nodes[:1]])
    place = np.arange(len(closed), dtype=float)
    return np.asarray(CubicSpline(place, closed, axis=0, bc_type="periodic")(place[:-1], 1))
