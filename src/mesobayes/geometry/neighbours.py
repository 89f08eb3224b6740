# SPDX-License-Identifier: GPL-3.0-or-later
"""Neighbouring balls of a periodic cell."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Pairs:
    """Pairs of a ball and a periodic image of another, each once.

    Attributes:
        first, second: (p,) numbers of the balls, first < second.
        shift: (p, d) edges of the cell by which the image of the second one is moved, each -1, 0 or 1.
        vector: (p, d) from the centre of the first to that of the image.
        gap: (p,) distance of the two surfaces; a little negative where pixels blur them.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    shift: NDArray[np.int64]
    vector: NDArray[np.float64]
    gap: NDArray[np.float64]


def neighbours(centres: NDArray, radii: NDArray, edges: NDArray, gap_max: float) -> Pairs:
    """All pairs of balls whose gap is below `gap_max`, coordinates (n, d) inside a cell with edges (d,).

    Raises:
        ValueError: an edge is so short that a ball is its own neighbour.
    """
    if len(radii) and np.min(edges) < 2 * np.max(radii) + gap_max:
        raise ValueError(
            f"an edge of {np.min(edges):g} is shorter than a diameter of {2 * np.max(radii):g} and a gap of "
            f"{gap_max:g}: a ball would be its own neighbour"
        )
    n, d = centres.shape
    shifts = np.array(list(product((-1, 0, 1), repeat=d)))
    i, j = np.triu_indices(n, 1)
    direct = centres[j] - centres[i]  # (m, d)
    reach = radii[i] + radii[j] + gap_max
    found: list[tuple[NDArray, ...]] = []
    for shift in shifts:
        vector = direct + shift * edges
        near = np.flatnonzero(np.sum(vector**2, axis=1) < reach**2)
        found.append((i[near], j[near], np.broadcast_to(shift, (len(near), d)), vector[near]))
    first, second, shift, vector = (np.concatenate(parts) for parts in zip(*found, strict=True))
    gap = np.linalg.norm(vector, axis=1) - radii[first] - radii[second]
    return Pairs(first, second, shift, vector, gap)
