# SPDX-License-Identifier: GPL-3.0-or-later
"""Graded triangle meshes of a perforated plate by gmsh, quadratic with curved hole edges.

gmsh makes the straight triangles. The mid-edge nodes are ours, because those of a hole edge have to lie on
the exact ellipse: that is worth a factor 1.4-1.9 in accuracy and costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import gmsh
import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.errors import MeshError
from mesobayes.fem.gmsh_model import generate_triangles, gmsh_model, set_sizes
from mesobayes.fem.plate.refinement import refinements
from mesobayes.fem.plate.settings import DEFAULT_MESH, MeshSettings
from mesobayes.fem.plate.triangles import EDGES
from mesobayes.geometry.distance import bounding_circles_apart, gap
from mesobayes.geometry.plate import Ellipse, Plate

_MIN_ARC_EDGES = 3  # on each quarter of a hole
_GAP_MIN = 1e-3  # between two holes, over R or the longer semi-axis of the smaller one
_FLAT_MIN = 0.02  # shorter over longer semi-axis
_RADIUS_MIN = 1e-3  # longer semi-axis of a hole, in R


@dataclass(frozen=True)
class Mesh:
    """Triangle mesh of a plate with holes; lengths in units of R.

    points (node, 2); cells (cell, 3 or 6), vertices counter-clockwise, then the mid-edge nodes of edges 0-1,
    1-2, 2-0; outer: nodes on the outer edge of the domain; curved (cell): has an edge on a hole; and for the
    nodes on holes: hole_nodes, hole_index (which hole), hole_anomaly (radians), hole_normals (outwards).
    """

    points: NDArray[np.float64]
    cells: NDArray[np.int64]
    outer: NDArray[np.int64]
    curved: NDArray[np.bool_]
    holes: tuple[Ellipse, ...]
    hole_nodes: NDArray[np.int64]
    hole_index: NDArray[np.int64]
    hole_anomaly: NDArray[np.float64]
    hole_normals: NDArray[np.float64]

    @property
    def order(self) -> int:
        return 1 if self.cells.shape[1] == 3 else 2


def mesh_plate(plate: Plate, pores: bool = True, settings: MeshSettings = DEFAULT_MESH) -> Mesh:
    """Mesh the plate inside its solid buffer; `pores=False` leaves the pores out (macro problem).

    Raises MeshError if holes overlap or leave the domain, or if gmsh fails.
    """
    holes = plate.holes(pores)
    half = 0.5 * settings.domain_factor * plate.side
    _check_holes(holes, half)
    lengths = _edge_lengths(plate, holes, settings)
    fine = refinements(holes, _edge_lengths(plate, holes, DEFAULT_MESH), lengths)
    points, triangles = _triangulate(holes, lengths, fine, half, settings)
    return _with_boundaries(points, triangles, holes, half, settings)


def _edge_lengths(plate: Plate, holes: tuple[Ellipse, ...], settings: MeshSettings) -> list[float]:
    """Edges on the ellipses and on the pores."""
    pores = len(holes) - len(plate.ellipses)
    on_ellipses, on_pores = settings.ellipse_elements_per_radius, settings.elements_per_radius
    return [1.0 / on_ellipses] * len(plate.ellipses) + [1.0 / on_pores] * pores


def _check_holes(holes: tuple[Ellipse, ...], half: float) -> None:
    for index, hole in enumerate(holes):
        width, height = hole.half_extent
        if abs(hole.cx) + width >= half or abs(hole.cy) + height >= half:
            raise MeshError(f"Hole {index} {hole} leaves the domain of half width {half:g} R.")
        short, long = sorted((hole.a, hole.b))
        if short < _FLAT_MIN * long or long < _RADIUS_MIN:
            raise MeshError(
                f"Hole {index} {hole} is flatter than 1:{1 / _FLAT_MIN:g} or smaller than {_RADIUS_MIN:g} R: "
                "make it rounder or larger, or leave it out."
            )
    for (i, first), (j, second) in combinations(enumerate(holes), 2):
        needed = _GAP_MIN * min(1.0, max(first.a, first.b), max(second.a, second.b))
        if not bounding_circles_apart(first, second, needed) and gap(first, second) <= needed:
            raise MeshError(
                f"Holes {i} {first} and {j} {second} overlap or touch (gap {gap(first, second):.3g} R); "
                f"move them apart by more than {needed:.3g} R, or draw them as one hole."
            )


def _triangulate(
    holes: tuple[Ellipse, ...],
    edge_lengths: list[float],
    fine: Mapping[int, list[tuple[float, NDArray[np.float64]]]],
    half: float,
    settings: MeshSettings,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Points (node, 2) and triangles (cell, 3) of the straight mesh."""
    geo = gmsh.model.geo
    try:
        with gmsh_model():
            corners = [geo.addPoint(x * half, y * half, 0.0) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
            sides = [geo.addLine(corners[k], corners[(k + 1) % 4]) for k in range(4)]
            loops = [geo.addCurveLoop(sides)]
            curves: dict[float, list[int]] = {}
            marks: dict[float, list[int]] = {}
            for index, (hole, length) in enumerate(zip(holes, edge_lengths, strict=True)):
                arcs = _add_arcs(hole, length, even=index not in fine)
                curves.setdefault(length, []).extend(arcs)
                loops.append(geo.addCurveLoop(arcs))
                for size, places in fine.get(index, ()):
                    marks.setdefault(size, []).extend(geo.addPoint(x, y, 0.0) for x, y in places)
            geo.addPlaneSurface(loops)
            geo.synchronize()
            set_sizes(curves, settings.far_size, settings.growth, marks)
            points, triangles = generate_triangles()
    except Exception as error:  # gmsh raises bare exceptions
        raise MeshError(f"gmsh failed on a plate with {len(holes)} holes: {error}") from error
    if len(triangles) == 0:
        raise MeshError(f"gmsh made no triangles for a plate with {len(holes)} holes.")
    return points, triangles


def _add_arcs(hole: Ellipse, length: float, even: bool) -> list[int]:
    """Four quarter arcs with equal edges of about `length`, or, if not `even`, as the size field has them."""
    geo = gmsh.model.geo
    mean = 3.0 * (hole.a + hole.b) - np.sqrt((3.0 * hole.a + hole.b) * (hole.a + 3.0 * hole.b))
    edges = max(_MIN_ARC_EDGES, int(np.ceil(np.pi * mean / (4.0 * length))))  # perimeter: Ramanujan
    centre = geo.addPoint(hole.cx, hole.cy, 0.0)
    ends = [geo.addPoint(x, y, 0.0) for x, y in hole.point(0.5 * np.pi * np.arange(4))]
    major = ends[0] if hole.a >= hole.b else ends[1]
    arcs = []
    for k in range(4):
        start, stop = ends[k], ends[(k + 1) % 4]
        if hole.is_circle:
            arcs.append(geo.addCircleArc(start, centre, stop))
        else:
            arcs.append(geo.addEllipseArc(start, centre, major, stop))
        if even:
            geo.mesh.setTransfiniteCurve(arcs[-1], edges + 1)
    return arcs


def _with_boundaries(
    points: NDArray[np.float64],
    triangles: NDArray[np.int64],
    holes: tuple[Ellipse, ...],
    half: float,
    settings: MeshSettings,
) -> Mesh:
    """Name the boundary nodes and, for order 2, add mid-edge nodes, those of hole edges on the ellipse."""
    ends = np.sort(triangles[:, EDGES], axis=2)  # (cell, edge, 2)
    _, first, inverse, count = np.unique(
        ends[..., 0] * len(points) + ends[..., 1], return_index=True, return_inverse=True, return_counts=True
    )
    edges = ends.reshape(-1, 2)[first]  # (edge, 2)
    on_outer_edge = np.all(np.max(np.abs(points), axis=1)[edges] > half * (1 - 1e-9), axis=1) & (count == 1)
    on_hole = (count == 1) & ~on_outer_edge
    hole_vertices = np.unique(edges[on_hole])
    hole_of_vertex = np.full(len(points), -1)
    hole_of_vertex[hole_vertices] = _nearest_hole(points[hole_vertices], holes)

    cells, nodes, hole_nodes = triangles, points, hole_vertices
    outer = np.unique(edges[on_outer_edge])
    hole_index = hole_of_vertex[hole_vertices]
    if settings.order == 2:
        middles = 0.5 * (points[edges[:, 0]] + points[edges[:, 1]])
        hole_of_edge = hole_of_vertex[edges[on_hole, 0]]
        if settings.curved:
            middles[on_hole] = _project(middles[on_hole], hole_of_edge, holes)
        cells = np.concatenate([triangles, len(points) + inverse.reshape(-1, 3)], axis=1)
        nodes = np.concatenate([points, middles])
        outer = np.concatenate([outer, len(points) + np.flatnonzero(on_outer_edge)])
        hole_nodes = np.concatenate([hole_nodes, len(points) + np.flatnonzero(on_hole)])
        hole_index = np.concatenate([hole_index, hole_of_edge])
    anomaly, normals = np.empty(len(hole_nodes)), np.empty((len(hole_nodes), 2))
    for k, hole in enumerate(holes):
        mine = hole_index == k
        anomaly[mine] = hole.anomaly(*nodes[hole_nodes[mine]].T)
        normals[mine] = hole.normal(anomaly[mine])
    curved = np.any(on_hole[inverse.reshape(-1, 3)], axis=1) & (settings.order == 2) & settings.curved
    return Mesh(nodes, cells, outer, curved, holes, hole_nodes, hole_index, anomaly, normals)


def _nearest_hole(vertices: NDArray[np.float64], holes: tuple[Ellipse, ...]) -> NDArray[np.int64]:
    """Index of the hole on whose edge each vertex lies."""
    if len(vertices) == 0:
        return np.zeros(0, dtype=np.int64)
    offset = np.abs(np.stack([hole.level(*vertices.T) for hole in holes]) - 1.0)  # (hole, vertex)
    if np.max(np.min(offset, axis=0)) > 1e-6:
        raise MeshError("The mesh has a free edge that lies on no hole: gmsh left a gap in the plate.")
    return np.argmin(offset, axis=0)


def _project(
    middles: NDArray[np.float64], hole_of_edge: NDArray[np.int64], holes: tuple[Ellipse, ...]
) -> NDArray[np.float64]:
    """Move chord midpoints along their radius onto the ellipse."""
    projected = middles.copy()
    for k, hole in enumerate(holes):
        mine = hole_of_edge == k
        projected[mine] = hole.point(hole.anomaly(*middles[mine].T))
    return projected
