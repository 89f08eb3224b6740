# SPDX-License-Identifier: GPL-3.0-or-later
"""Matrix-free scalar diffusion operator with one bilinear (trilinear) element per pixel (voxel).

Element `e` spans the nodes `e` and `e + 1` along every axis of a periodic grid. The element matrix of the
unit square has 2/3 on the diagonal, -1/6 between neighbours and -1/3 across; that of the unit cube 1/3, 0
and -1/12 (both for face and body diagonals). With T the sum of an element's nodal values and N the sum over
the neighbours of a node along edges, both are one formula,

    K u = α u - β T + γ N,    (α, β, γ) = (1, 1/3, 1/6) in 2-D, (5/12, 1/12, 1/12) in 3-D,

so that A u = α (Σ k) u - β Sᵀ k S u + γ Σ over edges of κ u(neighbour), where S sums the corners of an
element and κ is the sum of k over the elements at an edge. A volume keeps these factors. In the plane the
nine coefficients of a node, 2/3 Σ k, -κ/6 and -k/3, are applied in less time. A layer of elements with k = 0
opens the periodic grid.
"""

from __future__ import annotations

from itertools import product
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

_ALPHA = {2: 1.0, 3: 5.0 / 12.0}
_BETA = {2: 1.0 / 3.0, 3: 1.0 / 12.0}
_GAMMA = {2: 1.0 / 6.0, 3: 1.0 / 12.0}


class FactoredStencil(NamedTuple):
    """Coefficients of the operator on a grid of d axes, by nodes, elements and edges.

    Attributes:
        node: α Σ k over the elements at a node.
        element: β k of the elements, with the last one repeated before the first along every axis.
        edges: for every axis γ κ of the edge from a node to the next one, the last one repeated likewise.
    """

    node: jax.Array
    element: jax.Array
    edges: tuple[jax.Array, ...]


class NinePointStencil(NamedTuple):
    """Coefficients of the operator in the plane, axes (y, x).

    Attributes:
        node: 2/3 Σ k over the elements at a node.
        edges: along y and x, -κ/6 of the edge from a node to the next one, the last one repeated before the
            first along that axis.
        across: -k/3 of the elements, the last one repeated before the first along both axes.
    """

    node: jax.Array
    edges: tuple[jax.Array, jax.Array]
    across: jax.Array


Stencil = FactoredStencil | NinePointStencil


def make_stencil(permeability: jax.Array) -> Stencil:
    """Coefficients for a permeability per element, any shape of two or three axes."""
    return make_nine_point(permeability) if permeability.ndim == 2 else make_factored(permeability)


def make_nine_point(permeability: jax.Array) -> NinePointStencil:
    """Coefficients for a permeability (ny, nx) per element."""
    along_y = permeability + jnp.roll(permeability, 1, 1)
    along_x = permeability + jnp.roll(permeability, 1, 0)
    edges = (
        jnp.pad(-along_y / 6, [(1, 0), (0, 0)], mode="wrap"),
        jnp.pad(-along_x / 6, [(0, 0), (1, 0)], mode="wrap"),
    )
    node = 2 * (along_y + jnp.roll(along_y, 1, 0)) / 3
    return NinePointStencil(node, edges, jnp.pad(-permeability / 3, 1, mode="wrap")[:-1, :-1])


def make_factored(permeability: jax.Array) -> FactoredStencil:
    """Coefficients for a permeability per element, any shape of two or three axes."""
    d = permeability.ndim
    edges = []
    for axis in range(d):
        edge = permeability
        for other in range(d):
            if other != axis:
                edge = edge + jnp.roll(edge, 1, other)
        edges.append(jnp.pad(_GAMMA[d] * edge, [(int(other == axis), 0) for other in range(d)], mode="wrap"))
    node = (_ALPHA[d] / _GAMMA[d]) * _pair_sum(edges[0], 0)
    return FactoredStencil(node, jnp.pad(_BETA[d] * permeability, [(1, 0)] * d, mode="wrap"), tuple(edges))


def apply_stencil(stencil: Stencil, u: jax.Array) -> jax.Array:
    """Return A u for nodal values u of the shape of the grid."""
    around = jnp.pad(u, 1, mode="wrap")  # node i stands at i + 1: slices of it cost less than rolled copies
    if isinstance(stencil, NinePointStencil):
        return _apply_nine_point(stencil, around)
    d = u.ndim
    corners = around
    for axis in range(d):
        corners = _pair_sum(corners, axis)
    corners = stencil.element * corners
    for axis in range(d):
        corners = _pair_sum(corners, axis)
    result = stencil.node * u - corners
    for axis, edge in enumerate(stencil.edges):
        inner = [slice(1, -1)] * d
        before, after = inner.copy(), inner.copy()
        before[axis], after[axis] = slice(0, -2), slice(2, None)
        n = u.shape[axis]
        result = result + jax.lax.slice_in_dim(edge, 0, n, axis=axis) * around[tuple(before)]
        result = result + jax.lax.slice_in_dim(edge, 1, n + 1, axis=axis) * around[tuple(after)]
    return result


def _apply_nine_point(stencil: NinePointStencil, around: jax.Array) -> jax.Array:
    node, (along_y, along_x), across = stencil
    above, here, below = around[:-2], around[1:-1], around[2:]
    result = node * here[:, 1:-1] + along_y[:-1] * above[:, 1:-1] + along_y[1:] * below[:, 1:-1]
    result = result + along_x[:, :-1] * here[:, :-2] + along_x[:, 1:] * here[:, 2:]
    result = result + across[:-1, :-1] * above[:, :-2] + across[:-1, 1:] * above[:, 2:]
    return result + across[1:, :-1] * below[:, :-2] + across[1:, 1:] * below[:, 2:]


def _pair_sum(values: jax.Array, axis: int) -> jax.Array:
    n = values.shape[axis]
    return jax.lax.slice_in_dim(values, 0, n - 1, axis=axis) + jax.lax.slice_in_dim(values, 1, n, axis=axis)


def gradient_load(permeability: jax.Array, axis: int) -> jax.Array:
    """Nodal load ∫ k ∂v/∂x_axis dV of every test function v: A X for the linear field X = x_axis."""
    load = jnp.roll(permeability, 1, axis) - permeability
    for other in range(permeability.ndim):
        if other != axis:
            load = 0.5 * (load + jnp.roll(load, 1, other))
    return load


def element_matrix(dimension: int) -> np.ndarray:
    """Matrix of the unit element that the stencil is made of, nodes in C order of their offsets."""
    corners = list(product((0, 1), repeat=dimension))
    matrix = np.empty((len(corners), len(corners)))
    for i, a in enumerate(corners):
        for j, b in enumerate(corners):
            apart = sum(p != q for p, q in zip(a, b, strict=True))
            matrix[i, j] = (
                _ALPHA[dimension] * (apart == 0) - _BETA[dimension] + _GAMMA[dimension] * (apart == 1)
            )
    return matrix
