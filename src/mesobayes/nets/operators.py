# SPDX-License-Identifier: GPL-3.0-or-later
"""Linear operators op(x, w) of the layers: hashable records, so that equal networks share one compilation."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import lax

DIMENSIONS = ("NHWC", "HWIO", "NHWC")


@dataclass(frozen=True)
class Dense:
    """x (n, i), w (i, o) -> (n, o)."""

    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        return x @ w


@dataclass(frozen=True)
class Convolution:
    """x (n, h, w, i), w (k, k, i, o) -> (n, h / stride, w / stride, o), zeros outside the image."""

    stride: int = 1

    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        strides = (self.stride, self.stride)
        return lax.conv_general_dilated(x, w, strides, "SAME", dimension_numbers=DIMENSIONS)


@dataclass(frozen=True)
class TransposedConvolution:
    """x (n, h, w, i), w (3, 3, i, o) -> (n, 2 h, 2 w, o): stride 2, zeros outside the image."""

    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        return lax.conv_transpose(x, w, (2, 2), "SAME", dimension_numbers=DIMENSIONS)


@dataclass(frozen=True)
class Upsampling:
    """x (n, h, w, i), w (i, f² o) -> (n, f h, f w, o): transposed convolution without overlap."""

    factor: int = 2

    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        return depth_to_space(x @ w, self.factor)


def depth_to_space(x: jax.Array, block: int) -> jax.Array:
    """(n, h, w, block² c) -> (n, block h, block w, c): channel (a, b, c) is pixel (a, b) of its block."""
    n, h, w, channels = x.shape
    c = channels // block**2
    x = x.reshape(n, h, w, block, block, c).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, h * block, w * block, c)


def space_to_depth(x: jax.Array, block: int) -> jax.Array:
    """(n, h, w, c) -> (n, h / block, w / block, block² c): the inverse of `depth_to_space`."""
    n, h, w, c = x.shape
    x = x.reshape(n, h // block, block, w // block, block, c).transpose(0, 1, 3, 2, 4, 5)
    return x.reshape(n, h // block, w // block, block**2 * c)


def max_pool(x: jax.Array) -> jax.Array:
    """Maximum over 2 × 2 pixels of x (n, h, w, c), in two steps: its gradient is cheaper than a window's."""
    n, h, w, c = x.shape
    x = jnp.max(x.reshape(n, h // 2, 2, w, c), axis=2)
    return jnp.max(x.reshape(n, h // 2, w // 2, 2, c), axis=3)
