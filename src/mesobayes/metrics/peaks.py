# SPDX-License-Identifier: GPL-3.0-or-later
"""Rank of a true place among the peaks of a predicted field, without a threshold and without clusters.

The highest voxel is the first peak; its surroundings are left out, the highest of the rest is the second, and
so on. A wide plateau is no better than a sharp peak, which the rank of a cluster does not see.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

SUPPRESSED = 2  # voxels around a peak, along each axis, in which there is no other


def peak_rank(
    field: NDArray[np.floating],
    place: Sequence[int] | NDArray[np.integer],
    reach: int = 1,
    largest: int = 20,
    suppressed: int = SUPPRESSED,
) -> int:
    """Rank, from 1, of the first peak within `reach` voxels of a place along each axis.

    Args:
        field: (x, y, z), minus infinity where no peak can be.
        place: indices of the true place.
        reach: voxels that a peak may be off.
        largest: peaks that are looked at.
        suppressed: half width of the cube around a peak that is left out afterwards.

    Returns:
        0 when no peak is that close.
    """
    rest, target = np.array(field, float), np.asarray(place)
    for rank in range(1, largest + 1):
        peak = np.unravel_index(int(rest.argmax()), rest.shape)
        if rest[peak] == -np.inf:
            return 0
        if np.abs(np.array(peak) - target).max() <= reach:
            return rank
        rest[tuple(slice(max(0, c - suppressed), c + suppressed + 1) for c in peak)] = -np.inf
    return 0
