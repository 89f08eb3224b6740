# SPDX-License-Identifier: GPL-3.0-or-later
"""Points on the edges of large holes, to a hundredth of a pixel, from the area fraction of void.

In a pixel that an edge crosses, the edge is a straight line. Its direction is the gradient of the void
fraction, its distance from the pixel's centre follows from the area that it cuts off.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, gaussian_filter, sobel

from mesobayes.geometry.pores import Edge, FloatArray

_WIDTH = 0.8  # of the Gaussian before the gradient, in pixels
_LEAST = 0.02  # part of a pixel below which its edge is too uncertain


def edge_of_large_holes(void: NDArray, large: NDArray) -> Edge:
    """Edge points, in pixels, one for each pixel that the edge crosses.

    Args:
        void: (y, x), area fraction of void, without the pores.
        large: (y, x), true where a pixel's centre lies in a large hole.
    """
    void = np.clip(np.asarray(void, float), 0.0, 1.0)
    beside = binary_dilation(large, np.ones((3, 3), bool))
    rows, columns = np.nonzero(beside & (void > _LEAST) & (void < 1.0 - _LEAST))
    smooth = gaussian_filter(void, _WIDTH, mode="nearest")
    slope = -(sobel(smooth, axis=1, mode="nearest") + 1j * sobel(smooth, axis=0, mode="nearest"))
    slope = slope[rows, columns]
    steep = np.abs(slope) > 1e-3
    rows, columns, slope = rows[steep], columns[steep], slope[steep]
    normal = slope / np.abs(slope)
    offset = line_offset(void[rows, columns], normal.real, normal.imag)
    return Edge(columns + 1j * rows - offset * normal, normal)


def line_offset(void: NDArray, normal_x: NDArray, normal_y: NDArray) -> FloatArray:
    """Signed distance of a pixel's centre from a straight edge, positive in material, from the void's area.

    The edge has the unit normal (normal_x, normal_y) out of the void. With s <= b the magnitudes of its
    components, the area is that of a triangle below s / 2b, and of a trapezium up to one half.
    """
    u, v = np.abs(normal_x), np.abs(normal_y)
    b, s = np.maximum(u, v), np.minimum(u, v)
    part = np.minimum(void, 1.0 - void)
    corner = 0.5 * (b + s) - np.sqrt(2.0 * b * s * part)
    middle = (0.5 - part) * b
    offset = np.where(part < 0.5 * s / b, corner, middle)
    return np.where(void <= 0.5, offset, -offset)
