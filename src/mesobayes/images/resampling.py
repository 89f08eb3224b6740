# SPDX-License-Identifier: GPL-3.0-or-later
"""Images on coarser or finer pixels, by exact averages over the area of each new pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def area_means(image: NDArray, ratio: float, edge: float | None = None) -> FloatArray:
    """Average an image (..., y, x) over pixels with an edge of `ratio` old ones; a rest is cut off.

    Both images begin at the same corner, and a pixel of the old one is constant. With an `edge`, averages are
    over squares of so many old pixels about the new centres.
    """
    rows, columns = (_shares(count, ratio, edge or ratio) for count in image.shape[-2:])
    return rows @ np.asarray(image, float) @ columns.T


def _shares(count: int, ratio: float, edge: float) -> FloatArray:
    """Share (new, old) of each old pixel in each new one along one axis."""
    new = int(np.floor(count / ratio + 1e-9))
    begin = (np.arange(new)[:, None] + 0.5) * ratio - 0.5 * edge
    old = np.arange(count)[None, :]
    overlap = np.minimum(begin + edge, old + 1.0) - np.maximum(begin, old)
    return np.clip(overlap, 0.0, None) / edge
