# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodal fields of a triangle mesh at pixel centres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.errors import MeshError
from mesobayes.fem.plate.triangles import shape_gradients, shape_values
from mesobayes.images.raster import curved_local, locate

FloatArray = NDArray[np.float64]


def pixel_values(
    points: FloatArray,
    cells: NDArray[np.int64],
    curved: NDArray[np.bool_],
    nodal: FloatArray,
    solid: NDArray[np.bool_],
    x: FloatArray,
    y: FloatArray,
) -> FloatArray:
    """Fields (field, y, x) at the solid pixel centres, zero elsewhere.

    points (node, 2); cells (cell, 3 or 6); curved (cell): edges are not straight; nodal (node, field);
    solid (y, x). Raises MeshError if a solid pixel lies in no cell.
    """
    owner, local = locate(points, cells[:, :3], x, y)
    if np.any(solid & (owner < 0)):
        raise MeshError(
            f"{np.count_nonzero(solid & (owner < 0))} material pixels lie in no cell of the mesh."
        )
    rows, columns = np.nonzero(solid)
    cell, local = owner[rows, columns], local[rows, columns]
    bent = np.flatnonzero(curved[cell])
    if len(bent):
        local[bent] = curved_local(
            points[cells[cell[bent]]],
            np.stack([x[columns[bent]], y[rows[bent]]], axis=1),
            local[bent],
            lambda point: shape_values(2, point),
            lambda point: shape_gradients(2, point),
        )
    weights = shape_values(1 if cells.shape[1] == 3 else 2, local)  # (pixel, node)
    nodes = cells[cell]
    values = np.zeros((len(cell), nodal.shape[1]))
    for k in range(nodes.shape[1]):  # one node at a time: six small gathers beat one large one
        values += weights[:, k, None] * nodal[nodes[:, k]]
    image = np.zeros((nodal.shape[1], len(y), len(x)))
    image[:, rows, columns] = values.T
    return image
