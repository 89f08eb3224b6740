# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes of slotted strips: quadratic triangles whose edges follow the slot and the pores."""

from __future__ import annotations

from dataclasses import dataclass

import gmsh
import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.errors import MeshError
from mesobayes.fem.gmsh_model import generate_triangles, gmsh_model, set_sizes
from mesobayes.fem.strip.settings import DEFAULT_STRIP_MESH, StripMeshSettings
from mesobayes.geometry.plate import Ellipse
from mesobayes.geometry.strip import Slot, Strip

FloatArray = NDArray[np.float64]

_EDGES = np.array([[0, 1], [1, 2], [2, 0]])  # mid-edge node 3 + k lies on edge k
_ON = 1e-9  # nodes so near to a straight face lie on it


@dataclass(frozen=True)
class StripMesh:
    """Quadratic triangles of a strip; lengths in units of its height.

    points (node, 2); cells (cell, 6), corners counter-clockwise, then the middles of edges 0-1, 1-2, 2-0;
    curved (cell): has an edge on a hole; clamped and moved: nodes of the two ends; loops: nodes of each hole
    in order around it, the slot first.
    """

    points: FloatArray
    cells: NDArray[np.int64]
    curved: NDArray[np.bool_]
    clamped: NDArray[np.int64]
    moved: NDArray[np.int64]
    loops: tuple[NDArray[np.int64], ...]
    holes: tuple[Slot | Ellipse, ...]


def mesh_strip(
    strip: Strip, pores: bool = True, settings: StripMeshSettings = DEFAULT_STRIP_MESH
) -> StripMesh:
    """Mesh the strip; `pores=False` leaves the pores out (macro problem).

    Raises MeshError if holes overlap or leave the strip, or if gmsh fails.
    """
    holes = strip.holes(pores)
    _check_holes(strip, holes)
    radius = strip.pore_radius
    fine = radius / settings.elements_per_radius
    try:
        with gmsh_model():
            loops = [_add_rectangle(strip)]
            curves: dict[float, list[int]] = {}
            for hole in holes:
                arcs, sides = (
                    _add_slot(hole, fine) if isinstance(hole, Slot) else (_add_circle(hole, fine), [])
                )
                curves.setdefault(fine, []).extend(arcs)
                curves.setdefault(settings.side_size * radius, []).extend(sides)
                loops.append(gmsh.model.geo.addCurveLoop(_in_order(arcs, sides)))
            gmsh.model.geo.addPlaneSurface(loops)
            gmsh.model.geo.synchronize()
            set_sizes(curves, settings.far_size * radius, settings.growth)
            points, triangles = generate_triangles()
    except Exception as error:  # gmsh raises bare exceptions
        raise MeshError(f"gmsh failed on a strip with {len(holes)} holes: {error}") from error
    if len(triangles) == 0:
        raise MeshError(f"gmsh made no triangles for a strip with {len(holes)} holes.")
    return _quadratic(points, triangles, strip, holes)


def _check_holes(strip: Strip, holes: tuple[Slot | Ellipse, ...]) -> None:
    """Refuse what gmsh would never finish."""
    sides = (strip.length, strip.height)
    if any(
        not half < centre < side - half
        for hole in holes
        for centre, half, side in zip((hole.cx, hole.cy), hole.half_extent, sides, strict=True)
    ):
        raise MeshError("A hole leaves the strip.")
    pores = [hole for hole in holes if isinstance(hole, Ellipse)]
    centres = np.reshape([(pore.cx, pore.cy) for pore in pores], (-1, 2))
    radii = np.array([pore.a for pore in pores])
    gaps = np.linalg.norm(centres[:, None] - centres, axis=2) - radii[:, None] - radii
    np.fill_diagonal(gaps, np.inf)
    to_slot = strip.slot.signed_distance(*centres.T) - radii
    if min(np.min(gaps, initial=np.inf), np.min(to_slot, initial=np.inf)) <= 1e-3 * strip.pore_radius:
        raise MeshError("Holes of the strip overlap or touch; move them apart by at least 0.001 R.")


def _add_rectangle(strip: Strip) -> int:
    geo = gmsh.model.geo
    corners = [
        geo.addPoint(x * strip.length, y * strip.height, 0.0) for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]
    return int(geo.addCurveLoop([geo.addLine(corners[k], corners[(k + 1) % 4]) for k in range(4)]))


def _add_arc(start: int, stop: int, centre: int, length: float, edge: float) -> int:
    """Arc of a circle with equal edges of about `edge`."""
    arc = gmsh.model.geo.addCircleArc(start, centre, stop)
    gmsh.model.geo.mesh.setTransfiniteCurve(arc, max(2, int(np.ceil(length / edge))) + 1)
    return int(arc)


def _add_circle(hole: Ellipse, edge: float) -> list[int]:
    geo = gmsh.model.geo
    centre = geo.addPoint(hole.cx, hole.cy, 0.0)
    ends = [geo.addPoint(x, y, 0.0) for x, y in hole.point(0.5 * np.pi * np.arange(4))]
    return [_add_arc(ends[k], ends[(k + 1) % 4], centre, 0.5 * np.pi * hole.a, edge) for k in range(4)]


def _add_slot(slot: Slot, edge: float) -> tuple[list[int], list[int]]:
    """Arcs (two of each disc) and sides of the slot, all counter-clockwise."""
    geo = gmsh.model.geo
    (upper1, lower1), (upper2, lower2) = (
        [geo.addPoint(x, y, 0.0) for x, y in pair] for pair in slot.tangent_points()
    )
    angle = np.arccos(slot.slope[0])  # of the upper tangent's normal
    centre1, left = geo.addPoint(slot.x1, slot.y, 0.0), geo.addPoint(slot.x1 - slot.r1, slot.y, 0.0)
    centre2, right = geo.addPoint(slot.x2, slot.y, 0.0), geo.addPoint(slot.x2 + slot.r2, slot.y, 0.0)
    first, second = (np.pi - angle) * slot.r1, angle * slot.r2
    arcs = [
        _add_arc(upper1, left, centre1, first, edge),
        _add_arc(left, lower1, centre1, first, edge),
        _add_arc(lower2, right, centre2, second, edge),
        _add_arc(right, upper2, centre2, second, edge),
    ]
    return arcs, [geo.addLine(lower1, lower2), geo.addLine(upper2, upper1)]


def _in_order(arcs: list[int], sides: list[int]) -> list[int]:
    """Curves around a hole: two arcs, a side, two arcs, a side; or arcs alone."""
    return [*arcs[:2], sides[0], *arcs[2:], sides[1]] if sides else arcs


def _quadratic(
    points: FloatArray, triangles: NDArray[np.int64], strip: Strip, holes: tuple[Slot | Ellipse, ...]
) -> StripMesh:
    """Add mid-edge nodes, those of hole edges on the hole, and name the nodes of the boundaries."""
    ends = np.sort(triangles[:, _EDGES], axis=2)  # (cell, edge, 2)
    key = ends[..., 0] * len(points) + ends[..., 1]
    _, first, inverse, count = np.unique(key, return_index=True, return_inverse=True, return_counts=True)
    inverse = inverse.reshape(-1, 3)
    directed = triangles[:, _EDGES].reshape(-1, 2)[first]  # material to the left where it is a boundary
    middles = 0.5 * (points[directed[:, 0]] + points[directed[:, 1]])

    x, y = middles.T
    free = np.minimum(np.minimum(x, strip.length - x), np.minimum(y, strip.height - y)) > _ON
    on_hole = (count == 1) & free
    loops = _loops(directed[on_hole], len(points) + np.flatnonzero(on_hole))
    nodes = np.concatenate([points, middles])
    ordered: list[NDArray[np.int64] | None] = [None] * len(holes)
    for loop in loops:
        index, projected = _nearest_hole(nodes[loop], holes)
        nodes[loop[1::2]] = projected[1::2]
        ordered[index] = loop
    if len(loops) != len(holes) or any(loop is None for loop in ordered):
        raise MeshError(f"The mesh has {len(loops)} inner edges, the strip {len(holes)} holes.")
    return StripMesh(
        nodes,
        np.concatenate([triangles, len(points) + inverse], axis=1),
        np.any(on_hole[inverse], axis=1),
        np.flatnonzero(nodes[:, 0] < _ON),
        np.flatnonzero(nodes[:, 0] > strip.length - _ON),
        tuple(loop for loop in ordered if loop is not None),
        holes,
    )


def _loops(edges: NDArray[np.int64], middles: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Nodes around each hole, corners and middles in turns, from directed edges (edge, 2)."""
    following = {
        int(start): (int(middle), int(stop)) for (start, stop), middle in zip(edges, middles, strict=True)
    }
    loops = []
    while following:
        start = node = next(iter(following))
        loop: list[int] = []
        while node in following:
            middle, stop = following.pop(node)
            loop += [node, middle]
            node = stop
        if node != start:
            raise MeshError("The edge of a hole in the mesh does not close.")
        loops.append(np.array(loop))
    return loops


def _nearest_hole(loop: FloatArray, holes: tuple[Slot | Ellipse, ...]) -> tuple[int, FloatArray]:
    """Which hole has the corners of a loop (node, 2) on its edge, and the nearest points of that edge."""
    for index, hole in enumerate(holes):
        near = _project(loop, hole)
        if np.max(np.abs(near[::2] - loop[::2])) < 1e-7:
            return index, near
    raise MeshError("The mesh has a free edge that lies on no hole.")


def _project(points: FloatArray, hole: Slot | Ellipse) -> FloatArray:
    if isinstance(hole, Slot):
        return hole.project(points)
    return hole.point(hole.anomaly(*points.T))
