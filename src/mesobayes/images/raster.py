# SPDX-License-Identifier: GPL-3.0-or-later
"""From mesh fields to pixels: values at pixel centres and the area fraction of material in every pixel.

Pixel centres are located in the mesh and the field is interpolated by its shape functions; averaging inside a
pixel would change the stress concentration, which is the label, by 13-15 %. Which pixels are void is decided
by the exact shapes, never by the mesh. Images are (y, x) with y increasing with the row.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesobayes.geometry.plate import Ellipse
from mesobayes.geometry.strip import Slot

FloatArray = NDArray[np.float64]
ShapeFunctions = Callable[[FloatArray], FloatArray]  # local coordinates (point, 2) -> (point, node[, 2])

_NEWTON_STEPS = 5
_CANDIDATES_PER_CHUNK = 2_000_000


def pixel_centres(side: float, pixels_per_radius: float) -> FloatArray:
    """Coordinates of the pixel centres along one axis of a square image centred on the origin.

    Raises ValueError unless side * pixels_per_radius is a whole number.
    """
    return axis_centres(side, pixels_per_radius) - 0.5 * side


def axis_centres(side: float, pixels_per_unit: float) -> FloatArray:
    """Coordinates of the pixel centres along an axis from 0 to `side`.

    Raises ValueError unless side * pixels_per_unit is a whole number.
    """
    exact = side * pixels_per_unit
    count = round(exact)
    if count < 1 or abs(count - exact) > 1e-9 * exact:
        raise ValueError(
            f"A side of {side:g} at {pixels_per_unit:g} pixels per unit of length makes {exact:g} pixels; "
            "choose values with a whole product."
        )
    return np.asarray((np.arange(count) + 0.5) / pixels_per_unit, dtype=np.float64)


def locate(
    points: FloatArray, triangles: NDArray[np.integer], x: FloatArray, y: FloatArray
) -> tuple[NDArray[np.int64], FloatArray]:
    """Triangle and local coordinates of every point of the regular grid x, y.

    points (node, 2), triangles (cell, 3) counter-clockwise. Returns the cell (y, x), -1 outside the mesh, and
    local coordinates (y, x, 2) in it. Each triangle tests the grid points of its bounding box only.
    """
    corners = points[triangles]  # (cell, 3, 2)
    low, high = corners.min(axis=1), corners.max(axis=1)
    tolerance = 1e-9
    first_x, last_x = np.searchsorted(x, low[:, 0] - tolerance), np.searchsorted(x, high[:, 0] + tolerance)
    first_y, last_y = np.searchsorted(y, low[:, 1] - tolerance), np.searchsorted(y, high[:, 1] + tolerance)
    width, height = last_x - first_x, last_y - first_y
    candidates = width * height
    owner = np.full((len(y), len(x)), -1, dtype=np.int64)
    local = np.zeros((len(y), len(x), 2))
    active = np.flatnonzero(candidates)
    for part in _chunks(active, candidates[active]):
        cell = np.repeat(part, candidates[part])
        start = np.cumsum(candidates[part]) - candidates[part]
        offset = np.arange(len(cell)) - np.repeat(start, candidates[part])
        row, column = first_y[cell] + offset // width[cell], first_x[cell] + offset % width[cell]
        origin, first, second = (corners[cell, k] for k in range(3))
        u, v = first - origin, second - origin
        dx, dy = x[column] - origin[:, 0], y[row] - origin[:, 1]
        area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
        xi = (dx * v[:, 1] - dy * v[:, 0]) / area
        eta = (dy * u[:, 0] - dx * u[:, 1]) / area
        inside = (xi >= -tolerance) & (eta >= -tolerance) & (xi + eta <= 1.0 + tolerance)
        owner[row[inside], column[inside]] = cell[inside]
        local[row[inside], column[inside]] = np.stack([xi[inside], eta[inside]], axis=-1)
    return owner, local


def _chunks(cells: NDArray[np.int64], sizes: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Split the cells so that no chunk tests many more points than memory likes."""
    if len(cells) == 0:
        return []
    group = np.cumsum(sizes) // _CANDIDATES_PER_CHUNK
    return np.split(cells, np.flatnonzero(np.diff(group)) + 1)


def curved_local(
    nodes: FloatArray,
    targets: FloatArray,
    start: FloatArray,
    values: ShapeFunctions,
    gradients: ShapeFunctions,
) -> FloatArray:
    """Local coordinates (point, 2) of targets (point, 2) in curved cells with nodes (point, node, 2).

    Newton's method from the coordinates in the straight parent. Holes are convex, so a material point of a
    curved cell always lies in that parent.
    """
    local = start.copy()
    for _ in range(_NEWTON_STEPS):
        residual = np.einsum("pn,pni->pi", values(local), nodes) - targets
        jacobian = np.einsum("pni,pnj->pij", nodes, gradients(local))  # dx/dξ
        local -= np.linalg.solve(jacobian, residual[..., None])[..., 0]
    return local


def solid_image(holes: tuple[Ellipse | Slot, ...], x: FloatArray, y: FloatArray) -> NDArray[np.bool_]:
    """True (y, x) where a pixel centre lies in material, by the exact shapes."""
    solid = np.ones((len(y), len(x)), dtype=bool)
    for hole in holes:
        rows, columns = _window(hole, x, y)
        solid[rows, columns] &= ~hole.contains(x[None, columns], y[rows, None])
    return solid


def coverage_image(
    holes: tuple[Ellipse | Slot, ...], x: FloatArray, y: FloatArray, samples: int = 8
) -> NDArray[np.float32]:
    """Area fraction of material (y, x) in every pixel, by samples² points in the pixels that an edge crosses.

    Holes must not overlap.
    """
    step = float(x[1] - x[0]) if len(x) > 1 else 1.0
    shift = ((np.arange(samples) + 0.5) / samples - 0.5) * step
    coverage = np.ones((len(y), len(x)))
    for hole in holes:
        rows, columns = _window(hole, x, y)
        px, py = (grid.ravel() for grid in np.meshgrid(x[columns], y[rows]))
        void = hole.contains(px, py).astype(float)
        crossed = _near_edge(hole, px, py, step / np.sqrt(2.0))
        sub_x = px[crossed, None, None] + shift[None, None, :]
        sub_y = py[crossed, None, None] + shift[None, :, None]
        void[crossed] = np.mean(hole.contains(sub_x, sub_y), axis=(1, 2))
        coverage[rows, columns] -= void.reshape(coverage[rows, columns].shape)
    return np.clip(coverage, 0.0, 1.0).astype(np.float32)


def _near_edge(hole: Ellipse | Slot, x: FloatArray, y: FloatArray, reach: float) -> NDArray[np.bool_]:
    """False where no point within `reach` of (x, y) lies on the edge."""
    if isinstance(hole, Slot):
        return np.asarray(np.abs(hole.signed_distance(x, y)) <= reach)
    return np.asarray(np.abs(np.sqrt(hole.level(x, y)) - 1.0) <= reach / min(hole.a, hole.b))


def _window(hole: Ellipse | Slot, x: FloatArray, y: FloatArray) -> tuple[slice, slice]:
    """Rows and columns of the pixels that the hole can touch."""
    width, height = hole.half_extent
    margin = float(x[1] - x[0]) if len(x) > 1 else np.inf
    return _range(y, hole.cy, height + margin), _range(x, hole.cx, width + margin)


def _range(axis: FloatArray, centre: float, reach: float) -> slice:
    bounds: ArrayLike = [centre - reach, centre + reach]
    first, last = np.searchsorted(axis, bounds)
    return slice(int(first), int(last))
