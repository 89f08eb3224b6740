# SPDX-License-Identifier: GPL-3.0-or-later
"""Coarser and finer images (n, y, x, c) and volumes (n, z, y, x, c): pooling, folding, repeating."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax


def max_pool(x: jax.Array) -> jax.Array:
    """Maximum over 2 × 2 (× 2) pixels, a last odd one dropped; axis by axis: that has a cheap gradient."""
    for axis in range(1, x.ndim - 1):
        x = jnp.maximum(*_pairs(x, axis))
    return x


def max_pool_by_reduction(x: jax.Array) -> jax.Array:
    """`max_pool` as reductions over pairs.

    On a CPU it is the faster form in the heteroencoder and the slower one in the two-dimensional permeability
    network; `benchmarks/failure_training.py` and `benchmarks/permeability_training.py` time both networks.
    """
    for axis in range(1, x.ndim - 1):
        half = x.shape[axis] // 2
        x = lax.slice_in_dim(x, 0, 2 * half, axis=axis)
        x = jnp.max(x.reshape(*x.shape[:axis], half, 2, *x.shape[axis + 1 :]), axis=axis + 1)
    return x


def mean_pool(x: jax.Array) -> jax.Array:
    """Mean over 2 × 2 (× 2) pixels, a last odd one dropped."""
    for axis in range(1, x.ndim - 1):
        first, second = _pairs(x, axis)
        x = 0.5 * (first + second)
    return x


def _pairs(x: jax.Array, axis: int) -> tuple[jax.Array, jax.Array]:
    """First and second of every two pixels along an axis."""
    half = x.shape[axis] // 2
    x = lax.slice_in_dim(x, 0, 2 * half, axis=axis)
    x = x.reshape(*x.shape[:axis], half, 2, *x.shape[axis + 1 :])
    return lax.index_in_dim(x, 0, axis + 1, False), lax.index_in_dim(x, 1, axis + 1, False)


def depth_to_space(x: jax.Array, block: int) -> jax.Array:
    """(n, h, w, block² c) -> (n, block h, block w, c): channel (a, b, c) is pixel (a, b) of its block."""
    n, h, w, channels = x.shape
    c = channels // block**2
    x = x.reshape(n, h, w, block, block, c).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, h * block, w * block, c)


def repeated(x: jax.Array, block: int) -> jax.Array:
    """(n, h, w, c) -> (n, block h, block w, c), each pixel block × block times."""
    n, h, w, c = x.shape
    x = jnp.broadcast_to(x[:, :, None, :, None], (n, h, block, w, block, c))
    return x.reshape(n, h * block, w * block, c)


def space_to_depth(x: jax.Array, block: int) -> jax.Array:
    """(n, y, x, c) -> (n, y / block, x / block, block² c), also in 3-D; `depth_to_space` inverted."""
    n, *space, channels = x.shape
    d = len(space)
    split = [size for edge in space for size in (edge // block, block)]
    order = [0, *(1 + 2 * i for i in range(d)), *(2 + 2 * i for i in range(d)), 2 * d + 1]
    x = x.reshape(n, *split, channels).transpose(order)
    return x.reshape(n, *(edge // block for edge in space), block**d * channels)


def upsample(x: jax.Array) -> jax.Array:
    """Each voxel repeated 2 × 2 × 2 times."""
    n, nx, ny, nz, c = x.shape
    x = jnp.broadcast_to(x[:, :, None, :, None, :, None], (n, nx, 2, ny, 2, nz, 2, c))
    return x.reshape(n, 2 * nx, 2 * ny, 2 * nz, c)
