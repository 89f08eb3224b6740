# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on images and volumes (n, y, x, c) or (n, z, y, x, c): one code for two and three dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import jax
import jax.numpy as jnp
from jax import lax

from mesobayes.nets.operators import DIMENSIONS

Boundary = Literal["zeros", "periodic"]
_FEW_CHANNELS = 4


@dataclass(frozen=True)
class SpaceConvolution:
    """Convolution of odd size with stride 1, w (k, …, k, i, o), that keeps the shape.

    `boundary` says what stands outside the image: "zeros", or the image again ("periodic"). A volume is
    convolved as a stack of images: the k slices that a slice sees are laid side by side in its channels,
    which is the same sum and several times faster than a volume convolution on a CPU.
    """

    boundary: Boundary = "zeros"

    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        if x.ndim == 4:
            return _convolve(x, w, self.boundary)
        half, n, depth, k = w.shape[0] // 2, x.shape[0], x.shape[1], w.shape[0]
        around = _continue(x, half, (1,), self.boundary)
        slices = jnp.concatenate([around[:, i : i + depth] for i in range(k)], axis=-1)  # (n, z, y, x, k i)
        kernel = jnp.moveaxis(w, 0, 2).reshape(*w.shape[1:3], k * w.shape[3], w.shape[4])
        images = slices.reshape(n * depth, *slices.shape[2:])
        result = _convolve(images, kernel, self.boundary)
        return result.reshape(n, depth, *result.shape[1:])


def _continue(x: jax.Array, half: int, axes: tuple[int, ...], boundary: Boundary) -> jax.Array:
    """Add `half` pixels on both sides of some axes: zeros, or the image again."""
    mode = "wrap" if boundary == "periodic" else "constant"
    return jnp.pad(x, [(half, half) if axis in axes else (0, 0) for axis in range(x.ndim)], mode=mode)


def _convolve(x: jax.Array, w: jax.Array, boundary: Boundary) -> jax.Array:
    """Convolve images (n, y, x, i) by w (k, k, i, o)."""
    if jax.default_backend() == "cpu":
        return _convolve_cpu(boundary, x, w)
    return _plain(_continue(x, w.shape[0] // 2, (1, 2), boundary), w, "VALID")


def _plain(x: jax.Array, w: jax.Array, padding: str) -> jax.Array:
    return lax.conv_general_dilated(x, w, (1, 1), padding, dimension_numbers=DIMENSIONS)


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _convolve_cpu(boundary: Boundary, x: jax.Array, w: jax.Array) -> jax.Array:
    """The same sum, in the forms that XLA computes fastest on a CPU.

    A convolution that keeps the shape takes half the time of one without padding, so a periodic image is
    continued, convolved with zeros around it, and cut. Images of few channels are a matrix product.
    """
    half, inputs = w.shape[0] // 2, w.shape[2]
    if boundary == "zeros" and inputs > _FEW_CHANNELS:
        return _plain(x, w, "SAME")
    around = _continue(x, half, (1, 2), boundary)
    if inputs > _FEW_CHANNELS:
        height, width = x.shape[1:3]
        return _plain(around, w, "SAME")[:, half : half + height, half : half + width]
    return lax.map(lambda image: _product(image, w), around)


def _product(around: jax.Array, w: jax.Array) -> jax.Array:
    """One continued image (y + k - 1, x + k - 1, i) by w: all rows of the kernel in one matrix product."""
    k, inputs, outputs = w.shape[0], w.shape[2], w.shape[3]
    height, width = (edge - k + 1 for edge in around.shape[:2])
    kernel = w.reshape(k, k * inputs, outputs).transpose(1, 0, 2).reshape(k * inputs, k * outputs)
    product = _rows(around, k) @ kernel  # ((y + k - 1) x, k o)
    parts = [product[i * width : (i + height) * width, i * outputs : (i + 1) * outputs] for i in range(k)]
    return sum(parts[1:], start=parts[0]).reshape(height, width, outputs)


def _rows(around: jax.Array, k: int) -> jax.Array:
    """What a row of the kernel sees: (y + k - 1, x + k - 1, i) -> ((y + k - 1) x, k i)."""
    width = around.shape[1] - k + 1
    return jnp.concatenate([around[:, j : j + width] for j in range(k)], axis=-1).reshape(
        -1, k * around.shape[2]
    )


def _forward(boundary: Boundary, x: jax.Array, w: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _convolve_cpu(boundary, x, w), (x, w)


def _backward(
    boundary: Boundary, residual: tuple[jax.Array, jax.Array], g: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Gradients: of the image the convolution by the mirrored kernel, of the kernel a matrix product."""
    x, w = residual
    k, _, inputs, outputs = w.shape
    width = x.shape[2]
    inward = _convolve_cpu(boundary, g, w[::-1, ::-1].swapaxes(2, 3))

    def add_image(total: jax.Array, image: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, None]:
        pixels = image[1].reshape(-1, outputs)
        below = [jnp.pad(pixels, ((i * width, (k - 1 - i) * width), (0, 0))) for i in range(k)]
        return total + _rows(image[0], k).T @ jnp.concatenate(below, axis=1), None  # (k i, k o)

    around = _continue(x, k // 2, (1, 2), boundary)
    kernel, _ = lax.scan(add_image, jnp.zeros((k * inputs, k * outputs), w.dtype), (around, g))
    return inward, kernel.reshape(k, inputs, k, outputs).transpose(2, 0, 1, 3)


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
