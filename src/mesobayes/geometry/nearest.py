# SPDX-License-Identifier: GPL-3.0-or-later
"""Which edges are nearest to a point: distance, normal and kind."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mesobayes.geometry.pores import ComplexArray, Edge, FloatArray, Pores


@dataclass(frozen=True)
class NearestEdges:
    """The edges of the nearest holes, nearest first, arrays (2, point); all large holes count as one hole.

    Attributes:
        distance: to the edge, negative inside; infinite without such a hole.
        normal: unit normal out of the hole; 1 without such a hole.
        pore: whether the hole is a pore.
    """

    distance: FloatArray
    normal: ComplexArray
    pore: NDArray[np.bool_]


def nearest_edges(points: ComplexArray, pores: Pores, edge: Edge, near: float = 1.0) -> NearestEdges:
    """Return the edges of the two holes that are nearest to each point (point,).

    Within ``near`` of an edge point the distance is that from its tangent, beyond from the point itself.
    """
    count = len(points)
    distance, normal = pores.nearest(points)
    distance = np.concatenate([distance, np.full((3, count), np.inf)])
    normal = np.concatenate([normal, np.ones((3, count), complex)])
    large = len(pores)
    if len(edge):
        apart = points[None, :] - edge.point[:, None]
        which = np.argmin(np.abs(apart), axis=0)
        apart, facing = apart[which, np.arange(count)], edge.normal[which]
        along = (apart * facing.conj()).real
        far = np.abs(apart)
        distance[large] = np.where(far > near, np.sign(along) * far, along)
        normal[large] = facing
    two = np.argsort(distance, axis=0, kind="stable")[:2]
    return NearestEdges(
        np.take_along_axis(distance, two, axis=0), np.take_along_axis(normal, two, axis=0), two < large
    )
