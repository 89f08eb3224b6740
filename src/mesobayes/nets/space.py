# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on images and volumes (n, y, x, c) or (n, z, y, x, c): one code for two and three dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
from jax import lax

from mesobayes.nets.operators import DIMENSIONS


@dataclass(frozen=True)
class SpaceConvolution:
    """Convolution of odd size with stride 1, w (k, …, k, i, o), that keeps the shape.

    `boundary` says what stands outside the image: "zeros", or the image again ("periodic"). A volume is
    convolved as a stack of images: the k slices that a slice sees are laid side by side in its channels,
    which is the same sum and several times faster than a volume convolution on a CPU.
    """

    boundary: Literal["zeros", "periodic"] = "zeros"

    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        half = w.shape[0] // 2
        mode = "wrap" if self.boundary == "periodic" else "constant"
        axes = range(1, x.ndim - 1)
        around = jnp.pad(x, [(half, half) if axis in axes else (0, 0) for axis in range(x.ndim)], mode=mode)
        if x.ndim == 4:
            return lax.conv_general_dilated(around, w, (1, 1), "VALID", dimension_numbers=DIMENSIONS)
        n, depth, k = x.shape[0], x.shape[1], w.shape[0]
        slices = jnp.concatenate([around[:, i : i + depth] for i in range(k)], axis=-1)  # (n, z, y, x, k i)
        kernel = jnp.moveaxis(w, 0, 2).reshape(*w.shape[1:3], k * w.shape[3], w.shape[4])
        images = slices.reshape(n * depth, *slices.shape[2:])
        result = lax.conv_general_dilated(images, kernel, (1, 1), "VALID", dimension_numbers=DIMENSIONS)
        return result.reshape(n, depth, *result.shape[1:])


def max_pool(x: jax.Array) -> jax.Array:
    """Maximum over 2 × 2 (× 2) pixels, a last odd one dropped; axis by axis: that has a cheap gradient."""
    return _pool(x, jnp.max)


def mean_pool(x: jax.Array) -> jax.Array:
    """Mean over 2 × 2 (× 2) pixels, a last odd one dropped."""
    return _pool(x, jnp.mean)


def _pool(x: jax.Array, reduce) -> jax.Array:
    for axis in range(1, x.ndim - 1):
        half = x.shape[axis] // 2
        x = lax.slice_in_dim(x, 0, 2 * half, axis=axis)
        x = reduce(x.reshape(*x.shape[:axis], half, 2, *x.shape[axis + 1 :]), axis=axis + 1)
    return x


def fold(x: jax.Array, block: int) -> jax.Array:
    """(n, y, x, c) -> (n, y / block, x / block, block² c), likewise in 3-D: blocks become channels."""
    n, *space, channels = x.shape
    d = len(space)
    split = [size for edge in space for size in (edge // block, block)]
    order = [0, *(1 + 2 * i for i in range(d)), *(2 + 2 * i for i in range(d)), 2 * d + 1]
    x = x.reshape(n, *split, channels).transpose(order)
    return x.reshape(n, *(edge // block for edge in space), block**d * channels)
