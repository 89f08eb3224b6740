# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the edge of a hole needs smaller triangles than its usual ones: sharp curves and narrow gaps.

The usual edge h of a hole, that of the default mesh, is kept while it is at most 0.45 of the radius of
curvature ρ and 0.67 of the distance d to the next hole. Beyond, edges are ρ/5 and d/2; coarser and finer
meshes scale all of them. The random plates of the studies stay within both: pores of aspect ratio 2 have
h/ρ = 0.40, and gaps of 0.5 R hold 1.5 edges of the large ellipses. Their meshes are what they are without
this module.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesobayes.geometry.distance import bounding_circles_apart, gap, signed_distance
from mesobayes.geometry.plate import Ellipse

FloatArray = NDArray[np.float64]

_CURVED, _CURVED_FINE = 0.45, 0.2  # edge over radius of curvature: largest usual one, refined one
_NARROW, _NARROW_FINE = 0.67, 0.5  # the same over the distance to the next hole
_SAMPLES = 1 << 14  # of an edge, evenly in the eccentric anomaly, which is dense where it curves
_APART = 0.5  # kept samples lie so many edges apart
_STEP = 2.0**0.5  # between the sizes that are told apart


def refinements(
    holes: tuple[Ellipse, ...], usual: list[float], lengths: list[float]
) -> dict[int, list[tuple[float, FloatArray]]]:
    """Edges below those of a hole and the points (n, 2) on it that need them, by number of the hole.

    Args:
        usual: edges on the holes in the default mesh.
        lengths: in the mesh at hand.
    """
    found = {}
    for index, (hole, edge) in enumerate(zip(holes, usual, strict=True)):
        near = [other for k, other in enumerate(holes) if k != index and _is_near(hole, other, edge)]
        if near or edge > _CURVED * min(hole.a, hole.b) ** 2 / max(hole.a, hole.b):
            points, size = _sizes(hole, edge, near)
            if len(points):
                found[index] = _classes(points, size * lengths[index] / edge)
    return found


def _is_near(hole: Ellipse, other: Ellipse, edge: float) -> bool:
    reach = edge / _NARROW
    return not bounding_circles_apart(hole, other, reach) and gap(hole, other) < reach


def _sizes(hole: Ellipse, edge: float, near: list[Ellipse]) -> tuple[FloatArray, FloatArray]:
    """Points (n, 2) along a hole that need smaller edges, and these (n,)."""
    t = 2.0 * np.pi * np.arange(_SAMPLES) / _SAMPLES
    points, speed = hole.point(t), np.hypot(hole.a * np.sin(t), hole.b * np.cos(t))
    radius = speed**3 / (hole.a * hole.b)
    size = np.where(edge > _CURVED * radius, _CURVED_FINE * radius, edge)
    for other in near:
        distance = signed_distance(other, *points.T)
        size = np.minimum(size, np.where(edge > _NARROW * distance, _NARROW_FINE * distance, edge))
    passed = np.floor(np.cumsum(speed * (2.0 * np.pi / _SAMPLES) / size) / _APART)
    kept = (size < edge) & (np.diff(passed, prepend=-1.0) > 0.0)
    return points[kept], size[kept]


def _classes(points: FloatArray, size: FloatArray) -> list[tuple[float, FloatArray]]:
    """Points by their size, rounded down."""
    smallest = size.min()
    step = np.floor(np.log(size / smallest) / np.log(_STEP) + 1e-9)
    return [(float(smallest * _STEP**k), points[step == k]) for k in np.unique(step)]
