# SPDX-License-Identifier: GPL-3.0-or-later
"""Convolutions by their settings: plain ones on a GPU, on a CPU the forms of ``nets/cpu``."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from mesobayes.nets.cpu import image_convolution
from mesobayes.nets.cpu.banded_convolution import BandedConvolution3D
from mesobayes.nets.cpu.block_convolution import BlockConvolution
from mesobayes.nets.cpu.transposed_convolution import PhasedTransposedConvolution
from mesobayes.nets.cpu.winograd import WinogradConvolution
from mesobayes.nets.estimators import LinearOperator
from mesobayes.nets.operators import (
    Boundary,
    Convolution,
    Convolution3D,
    TransposedConvolution,
    continued,
    plain_convolution,
)
from mesobayes.nets.settings import ConvolutionForm

_WIDE = 48  # channels from which on minimal filtering pays


@dataclass(frozen=True)
class SameConvolution:
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
        around = continued(x, half, (1,), self.boundary)
        slices = jnp.concatenate([around[:, i : i + depth] for i in range(k)], axis=-1)  # (n, z, y, x, k i)
        kernel = jnp.moveaxis(w, 0, 2).reshape(*w.shape[1:3], k * w.shape[3], w.shape[4])
        images = slices.reshape(n * depth, *slices.shape[2:])
        result = _convolve(images, kernel, self.boundary)
        return result.reshape(n, depth, *result.shape[1:])


def _convolve(x: jax.Array, w: jax.Array, boundary: Boundary) -> jax.Array:
    """Convolve images (n, y, x, i) by w (k, k, i, o)."""
    if jax.default_backend() == "cpu":
        return image_convolution.convolve(boundary, x, w)
    return plain_convolution(continued(x, w.shape[0] // 2, (1, 2), boundary), w, "VALID")


def convolution(form: ConvolutionForm, size: int, stride: int, inputs: int, outputs: int) -> LinearOperator:
    """Return the operator of a size × size convolution with zeros outside the image."""
    if _for_cpu(form) and stride == 1:
        if size == 3 and min(inputs, outputs) >= _WIDE:
            return WinogradConvolution()
        if size == 9 and outputs == 1:
            return BlockConvolution()
    return Convolution(stride)


def transposed_convolution(form: ConvolutionForm) -> LinearOperator:
    """Return the operator of a 3 × 3 transposed convolution with stride 2."""
    return PhasedTransposedConvolution() if _for_cpu(form) else TransposedConvolution()


def volume_convolution(form: ConvolutionForm) -> LinearOperator:
    """Return the operator of a 3 × 3 × 3 convolution with zeros outside the volume."""
    return BandedConvolution3D() if _for_cpu(form) else Convolution3D()


def _for_cpu(form: ConvolutionForm) -> bool:
    return form == "cpu" or (form == "auto" and jax.default_backend() == "cpu")
