# SPDX-License-Identifier: GPL-3.0-or-later
"""Shape functions of straight and curved triangles in barycentric form.

Node order: vertices, then the middles of edges 0-1, 1-2, 2-0, as in JAX-FEM.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

EDGES = np.array([[0, 1], [1, 2], [2, 0]])  # node 3 + k lies on edge k
NODES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5]])


def shape_values(order: int, local: FloatArray) -> FloatArray:
    """Values (point, node) at local coordinates (point, [ξ, η])."""
    xi, eta = local[..., 0], local[..., 1]
    zeta = 1.0 - xi - eta
    if order == 1:
        return np.stack([zeta, xi, eta], axis=-1)
    return np.stack(
        [
            zeta * (2 * zeta - 1),
            xi * (2 * xi - 1),
            eta * (2 * eta - 1),
            4 * zeta * xi,
            4 * xi * eta,
            4 * eta * zeta,
        ],
        axis=-1,
    )


def shape_gradients(order: int, local: FloatArray) -> FloatArray:
    """Gradients (point, node, [∂ξ, ∂η]) at local coordinates (point, [ξ, η])."""
    xi, eta = local[..., 0], local[..., 1]
    zeta, one, zero = 1.0 - xi - eta, np.ones_like(xi), np.zeros_like(xi)
    if order == 1:
        d_xi, d_eta = [-one, one, zero], [-one, zero, one]
    else:
        d_xi = [1 - 4 * zeta, 4 * xi - 1, zero, 4 * (zeta - xi), 4 * eta, -4 * eta]
        d_eta = [1 - 4 * zeta, zero, 4 * eta - 1, -4 * xi, 4 * xi, 4 * (zeta - eta)]
    return np.stack([np.stack(d_xi, axis=-1), np.stack(d_eta, axis=-1)], axis=-1)
