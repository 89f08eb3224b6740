# SPDX-License-Identifier: GPL-3.0-or-later
"""Random sequential addition of non-overlapping balls in a periodic cell, up to true saturation.

Each ball is placed uniformly over the positions open to it. Positions are first proposed anywhere in the
cell. Once those keep failing, the cell is divided into small boxes, boxes that lie wholly inside forbidden
zones are dropped, the rest are proposed from and divided again: an empty list of boxes proves that there is
no room, so saturation is found and not guessed from a number of failures.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.spatial import cKDTree

_PROPOSALS_MAX = 8192  # proposals at once anywhere in the cell
_LEVELS = 8  # divisions of the boxes: gaps below radius / 4 / 2^8 count as closed


def ball_volume(radius, dimension: int):
    """Area of discs or volume of spheres."""
    return np.pi * np.asarray(radius) ** 2 if dimension == 2 else 4.0 / 3.0 * np.pi * np.asarray(radius) ** 3


def pack_periodic(
    radii: np.ndarray, side: float, dimension: int, rng: np.random.Generator
) -> tuple[np.ndarray, bool]:
    """Place balls one after the other without overlap in a periodic cell.

    Args:
        radii: (n,) in the order of placement; not increasing, so that room proposed for one serves the next.
        side: edge length of the cell, more than the largest diameter.

    Returns:
        ``(centres, saturated)``: (m, d) centres of the first m balls, and whether m < n because no position
        was left for ball m.
    """
    radii = np.asarray(radii, float)
    if np.any(np.diff(radii) > 0):
        raise ValueError("pack_periodic: radii must not increase; sort them largest first")
    centres = np.empty((len(radii), dimension))
    placed, failed, proposals = 0, 0, 64
    while placed < len(radii):
        points = rng.uniform(0, side, (proposals, dimension))
        before = placed
        placed = _place_in_order(points, centres, radii, placed, side)
        failed = 0 if placed > before else failed + proposals
        proposals = min(2 * proposals, _PROPOSALS_MAX)
        if placed < len(radii) and failed > _boxes_along(side, radii[placed]) ** dimension:
            centre = _find_room(centres[:placed], radii[:placed], radii[placed], side, rng)
            if centre is None:
                return centres[:placed].copy(), True
            centres[placed] = centre
            placed += 1
    return centres, False


def _place_in_order(
    points: np.ndarray, centres: np.ndarray, radii: np.ndarray, placed: int, side: float
) -> int:
    """Go through proposals in order, placing the next ball wherever it fits; return the new count."""
    clearance = _clearance(points, centres[:placed], radii[:placed], side)
    start = 0
    while placed < len(radii):
        fits = np.flatnonzero(clearance[start:] >= radii[placed])
        if len(fits) == 0:
            break
        hit = start + fits[0]
        centres[placed] = points[hit]
        start = hit + 1
        new = _periodic_distance(points[start:], points[hit], side) - radii[placed]
        np.minimum(clearance[start:], new, out=clearance[start:])
        placed += 1
    return placed


def _find_room(
    centres: np.ndarray, radii: np.ndarray, radius: float, side: float, rng: np.random.Generator
) -> np.ndarray | None:
    """Return a centre drawn uniformly from all free positions, or None if there is none."""
    dimension = centres.shape[1]
    count = _boxes_along(side, radius)
    width = side / count
    corner = np.stack(np.meshgrid(*[np.arange(count) * width] * dimension, indexing="ij"), -1).reshape(
        -1, dimension
    )
    offsets = np.array(list(product((0.0, 0.5), repeat=dimension)))
    for _ in range(_LEVELS):
        gap = _clearance(corner + width / 2, centres, radii, side)
        corner = corner[gap + width / 2 * np.sqrt(dimension) >= radius]
        if len(corner) == 0:
            return None
        points = corner[rng.integers(len(corner), size=4 * len(corner))]
        points = points + rng.uniform(0, width, points.shape)
        free = np.flatnonzero(_clearance(points, centres, radii, side) >= radius)
        if len(free):
            return points[free[0]] % side
        corner = (corner[:, None] + width * offsets).reshape(-1, dimension)
        width /= 2
    return None


def _boxes_along(side: float, radius: float) -> int:
    return int(np.ceil(4 * side / radius))


def _clearance(points: np.ndarray, centres: np.ndarray, radii: np.ndarray, side: float) -> np.ndarray:
    """Distance from each point to the nearest surface of a placed ball (infinite without balls)."""
    if len(centres) == 0:
        return np.full(len(points), np.inf)
    if radii[0] == radii[-1]:  # one radius: the nearest surface belongs to the nearest centre
        return cKDTree(centres % side, boxsize=side).query(points % side)[0] - radii[0]
    clearance = np.full(len(points), np.inf)
    for block in range(0, len(centres), 64):
        some = slice(block, block + 64)
        distance = _periodic_distance(points[:, None], centres[None, some], side)
        np.minimum(clearance, (distance - radii[some]).min(axis=1), out=clearance)
    return clearance


def _periodic_distance(a: np.ndarray, b: np.ndarray, side: float) -> np.ndarray:
    difference = np.abs(a - b)
    difference = np.minimum(difference, side - difference)  # minimum image
    return np.sqrt(np.einsum("...d,...d->...", difference, difference))
