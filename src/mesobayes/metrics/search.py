# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a specimen has to be inspected, the highest predicted damage first, to find where it fails.

Unlike the rank of a cluster this knows the size of what is inspected: a field without any contrast has one
cluster, which holds every place at rank one, but tells nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def searched_share(
    predicted: NDArray[np.floating],
    solid: NDArray[np.bool_],
    place: Sequence[int] | NDArray[np.integer],
    reach: int = 1,
) -> float:
    """Share of the solid whose prediction is at least the highest one within `reach` voxels of a place.

    Fields are (x, y, z). 1 for a constant prediction, 1 / (m + 1) on average for a random one with m
    solid voxels in reach (1/28 for m = 27), and the share of a single voxel for a perfect one.
    """
    window = tuple(slice(max(0, int(c) - reach), int(c) + reach + 1) for c in place)
    best = np.max(predicted[window][solid[window]])
    return float(np.mean(predicted[solid] >= best))
