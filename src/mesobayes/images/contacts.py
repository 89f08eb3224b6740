# SPDX-License-Identifier: GPL-3.0-or-later
"""How the pixels of neighbouring balls touch: by faces, edges and corners.

A bilinear (trilinear) element couples all pixels that share a node. Two balls whose pixels touch conduct by
these couplings, whatever the gap between the true surfaces.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from mesobayes.geometry.neighbours import Pairs
from mesobayes.images.balls import Balls


def contact_counts(balls: Balls, pairs: Pairs) -> NDArray[np.int64]:
    """Touching pairs of pixels of each pair of balls, (p, d): those that share a face, an edge, a corner.

    In the plane an edge is a corner of pixels, so the columns are (edge of a pixel, corner of a pixel). A
    pair of balls is one of a ball and of one periodic image of another.
    """
    owner, d = balls.owner, balls.owner.ndim
    edges = np.array(owner.shape[::-1])
    counts = np.zeros((len(pairs.first), d), np.int64)
    if not len(pairs.first):
        return counts
    keys = _keys(pairs.first, pairs.second, pairs.shift, len(balls.radii))
    order = np.argsort(keys)
    for offset in _half_of_the_neighbours(d):
        other = np.roll(owner, tuple(-o for o in offset), axis=tuple(range(d)))
        places = np.flatnonzero((owner >= 0) & (other >= 0) & (owner != other))
        if not len(places):
            continue
        here = np.stack(np.unravel_index(places, owner.shape)[::-1], axis=1) + 0.5  # (m, d)
        there = here + np.array(offset[::-1])  # beyond the edge where it wraps
        first, second = owner.reshape(-1)[places], other.reshape(-1)[places]
        shift = np.round((there - balls.centres[second]) / edges) - np.round(
            (here - balls.centres[first]) / edges
        )
        swap = first > second
        shift = np.where(swap[:, None], -shift, shift).astype(np.int64)
        first, second = np.where(swap, second, first), np.where(swap, first, second)
        found = _keys(first, second, shift, len(balls.radii))
        place = order[np.minimum(np.searchsorted(keys, found, sorter=order), len(keys) - 1)]
        known = keys[place] == found
        shared = np.count_nonzero(offset) - 1
        counts[:, shared] += np.bincount(place[known], minlength=len(keys))
    return counts


def _half_of_the_neighbours(dimension: int) -> list[tuple[int, ...]]:
    """One of every two opposite offsets to the pixels around one."""
    return [offset for offset in product((-1, 0, 1), repeat=dimension) if offset > (0,) * dimension]


def _keys(first: NDArray, second: NDArray, shift: NDArray, count: int) -> NDArray[np.int64]:
    """One number for every pair of balls and image."""
    key = np.asarray(first, np.int64) * count + second
    for column in np.asarray(shift, np.int64).T:
        key = key * 3 + column + 1
    return key
