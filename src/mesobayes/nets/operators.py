# SPDX-License-Identifier: GPL-3.0-or-later
"""Linear operators op(x, w) of the layers: hashable records, so that equal networks share one compilation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
from jax import lax

from mesobayes.nets.resampling import depth_to_space

DIMENSIONS = ("NHWC", "HWIO", "NHWC")
Boundary = Literal["zeros", "periodic"]


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
class Convolution3D:
    """x (n, x, y, z, i), w (3, 3, 3, i, o) -> (n, x, y, z, o), zeros outside the volume."""

    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        return lax.conv_general_dilated(
            x, w, (1, 1, 1), "SAME", dimension_numbers=("NDHWC", "DHWIO", "NDHWC")
        )


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


@dataclass(frozen=True)
class Scale:
    """x (n, ..., c), w (c,) -> x w: a bias is the scale of ones, which is linear in each argument."""

    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        return x * w


def continued(x: jax.Array, half: int, axes: tuple[int, ...], boundary: Boundary) -> jax.Array:
    """Add `half` pixels on both sides of some axes: zeros, or the image again."""
    mode = "wrap" if boundary == "periodic" else "constant"
    return jnp.pad(x, [(half, half) if axis in axes else (0, 0) for axis in range(x.ndim)], mode=mode)


def plain_convolution(x: jax.Array, w: jax.Array, padding: str) -> jax.Array:
    """x (n, h, w, i), w (k, k, i, o) -> (n, h, w, o) with "SAME" padding, or smaller with "VALID"."""
    return lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=DIMENSIONS)
