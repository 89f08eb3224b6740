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
            return _convolve(around, w)
        n, depth, k = x.shape[0], x.shape[1], w.shape[0]
        slices = jnp.concatenate([around[:, i : i + depth] for i in range(k)], axis=-1)  # (n, z, y, x, k i)
        kernel = jnp.moveaxis(w, 0, 2).reshape(*w.shape[1:3], k * w.shape[3], w.shape[4])
        images = slices.reshape(n * depth, *slices.shape[2:])
        result = _convolve(images, kernel)
        return result.reshape(n, depth, *result.shape[1:])


def _convolve(around: jax.Array, w: jax.Array) -> jax.Array:
    """Convolve padded images (n, y + k - 1, x + k - 1, i) by w (k, k, i, o)."""
    on_cpu = jax.default_backend() == "cpu"
    return _convolve_cpu(around, w) if on_cpu else _plain(around, w)


def _plain(around: jax.Array, w: jax.Array) -> jax.Array:
    return lax.conv_general_dilated(around, w, (1, 1), "VALID", dimension_numbers=DIMENSIONS)


@jax.custom_vjp
def _convolve_cpu(around: jax.Array, w: jax.Array) -> jax.Array:
    """The same; the gradient of the kernel is a matrix product per image, up to twice as fast on a CPU."""
    return _plain(around, w)


def _forward(around: jax.Array, w: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _plain(around, w), (around, w)


def _backward(residual: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array, jax.Array]:
    around, w = residual
    k, height, width, outputs = w.shape[0], g.shape[1], g.shape[2], g.shape[3]
    (inward,) = jax.vjp(lambda x: _plain(x, w), around)[1](g)

    def add_image(total: jax.Array, image: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        seen = [image[0][i : i + height, j : j + width] for i in range(k) for j in range(k)]
        patches = jnp.concatenate(seen, axis=-1).reshape(height * width, -1)  # (pixel, k k i)
        return total + patches.T @ image[1].reshape(-1, outputs), None

    kernel, _ = lax.scan(add_image, jnp.zeros((w.size // outputs, outputs), w.dtype), (around, g))
    return inward, kernel.reshape(w.shape)


_convolve_cpu.defvjp(_forward, _backward)


def max_pool(x: jax.Array) -> jax.Array:
    """Maximum over 2 × 2 (× 2) pixels, a last odd one dropped; axis by axis: that has a cheap gradient."""
    for axis in range(1, x.ndim - 1):
        x = jnp.maximum(*_pairs(x, axis))
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


def fold(x: jax.Array, block: int) -> jax.Array:
    """(n, y, x, c) -> (n, y / block, x / block, block² c), likewise in 3-D: blocks become channels."""
    n, *space, channels = x.shape
    d = len(space)
    split = [size for edge in space for size in (edge // block, block)]
    order = [0, *(1 + 2 * i for i in range(d)), *(2 + 2 * i for i in range(d)), 2 * d + 1]
    x = x.reshape(n, *split, channels).transpose(order)
    return x.reshape(n, *(edge // block for edge in space), block**d * channels)
