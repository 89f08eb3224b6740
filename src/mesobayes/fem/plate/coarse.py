# SPDX-License-Identifier: GPL-3.0-or-later
"""Two coarser spaces inside the finite elements of a mesh, for the preconditioner of conjugate gradients.

The first are the linear triangles of the same mesh. The second are linear functions on the Delaunay triangles
between a few of their vertices, one out of each of 2^k parts with equally many vertices: so its points are
dense where the mesh is, and are as many whatever the mesh. Its functions cross the holes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import Delaunay

from mesobayes.fem.plate.meshing import Mesh
from mesobayes.fem.plate.triangles import EDGES

FloatArray = NDArray[np.float64]
_VERTICES_PER_POINT = 8  # at least: fewer points serve a small mesh
# At most: 512 points, of whose 1,024 displacements the dense inverse takes 8 MiB. On 50,740 unknowns a
# residual of 1e-8 takes 88 iterations, with 256 points 114, with 128 166, with blocks of nodes alone 1,812.
_BISECTIONS = 9


@dataclass(frozen=True)
class CoarseSpaces:
    """How coarser fields continue to finer ones.

    parents (node, 2): vertices whose mean a linear field has at a node, twice itself at a vertex.
    corners (vertex, 3): coarse points of the triangle around a vertex; weights (vertex, 3): barycentric
    coordinates in it, zero where either is held on the outer edge.
    points: number of coarse points, some of them unused.
    """

    parents: NDArray[np.int64]
    corners: NDArray[np.int64]
    weights: FloatArray
    points: int


def coarse_spaces(mesh: Mesh) -> CoarseSpaces:
    """Coarser spaces of a mesh, made from the places of its nodes alone."""
    parents = np.repeat(np.arange(len(mesh.points))[:, None], 2, axis=1)
    if mesh.order == 2:
        parents[mesh.cells[:, 3:]] = mesh.cells[:, EDGES]
    vertices = mesh.points[: mesh.cells[:, :3].max() + 1]
    held = np.zeros(len(mesh.points), dtype=bool)
    held[mesh.outer] = True

    bisections = min(_BISECTIONS, int(np.log2(max(len(vertices) // _VERTICES_PER_POINT, 1))))
    half = np.max(np.abs(vertices))
    square = np.flatnonzero(np.all(np.abs(vertices) > half * (1.0 - 1e-9), axis=1))  # it holds all vertices
    chosen = np.union1d(_middles(vertices, bisect(vertices, bisections)), square)
    triangulation = Delaunay(vertices[chosen])
    triangle = triangulation.find_simplex(vertices, tol=1e-9)
    transform = triangulation.transform[triangle]
    two = np.einsum("vij,vj->vi", transform[:, :2], vertices - transform[:, 2])
    weights = np.column_stack([two, 1.0 - np.sum(two, axis=1)])
    corners = triangulation.simplices[triangle]
    weights[held[: len(vertices)]] = 0.0
    weights[held[chosen[corners]]] = 0.0
    return CoarseSpaces(parents, corners.astype(np.int64), weights, 2**bisections + len(square))


def bisect(points: FloatArray, bisections: int) -> NDArray[np.int64]:
    """Part of each point (point, 2) after recursive bisection, each time across the longer side."""
    part = np.zeros(len(points), dtype=np.int64)
    for _ in range(bisections):
        size = np.bincount(part)
        low, high = np.full((2, len(size), 2), np.inf) * np.array([1.0, -1.0])[:, None, None]
        np.minimum.at(low, part, points)
        np.maximum.at(high, part, points)
        along = points[np.arange(len(points)), np.argmax(high - low, axis=1)[part]]
        order = np.lexsort((along, part))
        place = np.empty_like(part)  # within the part
        place[order] = np.arange(len(points)) - np.repeat(np.cumsum(size) - size, size)
        part = 2 * part + (2 * place >= size[part])
    return part


def _middles(points: FloatArray, part: NDArray[np.int64]) -> NDArray[np.int64]:
    """The point of each part that is nearest to its centre."""
    size = np.bincount(part)
    centre = np.column_stack([np.bincount(part, coordinate) for coordinate in points.T]) / size[:, None]
    away = np.sum((points - centre[part]) ** 2, axis=1)
    return np.lexsort((away, part))[np.cumsum(size) - size]
