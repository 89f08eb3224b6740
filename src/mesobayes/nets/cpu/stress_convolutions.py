# SPDX-License-Identifier: GPL-3.0-or-later
"""Faster equals of the plain convolutions on a CPU, and the choice between the two.

XLA's CPU convolutions are slow where this network uses them: the weight gradient of the transposed
convolution takes ten times its forward pass, and a 9 × 9 convolution to one channel uses a fraction of each
vector register.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from mesobayes.nets.cpu.winograd import WinogradConvolution
from mesobayes.nets.estimators import LinearOperator
from mesobayes.nets.operators import (
    DIMENSIONS,
    Convolution,
    TransposedConvolution,
    depth_to_space,
    space_to_depth,
)
from mesobayes.nets.settings import StressNetworkSettings

_WIDE = 48  # channels from which on minimal filtering pays


@dataclass(frozen=True)
class BlockConvolution:
    """Convolution with stride 1 on blocks of block × block pixels folded into the channels.

    x (n, h, w, i), w (k, k, i, o) -> (n, h, w, o), h and w multiples of the block. It equals
    `Convolution(1)` and does more products, but on vectors of block² o channels.
    """

    block: int = 2

    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        block, half = self.block, w.shape[0] // 2
        reach = -(-half // block)  # blocks that the kernel reaches on either side
        taps = 2 * reach + 1
        # output pixel a of block 0 takes pixel i of block u with entry (u - reach) block + i - a + half
        low = reach * block + block - 1 - half
        padded = jnp.pad(w, ((low, low), (low, low), (0, 0), (0, 0)))
        entry = (
            np.arange(taps)[:, None, None] * block + np.arange(block)[:, None] - np.arange(block) + block - 1
        )
        kernel = padded[entry][:, :, :, entry]  # (u, i, a, v, j, b, channel in, channel out)
        kernel = kernel.transpose(0, 3, 1, 4, 6, 2, 5, 7)
        kernel = kernel.reshape(taps, taps, block**2 * w.shape[2], block**2 * w.shape[3])
        return depth_to_space(Convolution()(space_to_depth(x, block), kernel), block)


@dataclass(frozen=True)
class PhasedTransposedConvolution:
    """`TransposedConvolution` with its gradients written out: a strided convolution and nine matrix products.

    Output pixel 2p + a takes input pixel p - 1 + u through kernel entry t for (a, u, t) = (0, 0, 0), (0, 1,
    2) and (1, 1, 1) in either direction: the sub-pixel form of the transposed convolution.
    """

    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        return _transposed(x, w)


@jax.custom_vjp
def _transposed(x: jax.Array, w: jax.Array) -> jax.Array:
    return TransposedConvolution()(x, w)


def _forward(x: jax.Array, w: jax.Array) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return _transposed(x, w), (x, w)


def _backward(residual: tuple[jax.Array, jax.Array], g: jax.Array) -> tuple[jax.Array, jax.Array]:
    x, w = residual
    n, height, width, channels = x.shape
    turned = jnp.swapaxes(jnp.flip(w, (0, 1)), 2, 3)
    dx = lax.conv_general_dilated(g, turned, (2, 2), ((0, 1), (0, 1)), dimension_numbers=DIMENSIONS)
    padded = jnp.pad(x, ((0, 0), (1, 0), (1, 0), (0, 0)))
    phases = g.reshape(n, height, 2, width, 2, -1)

    def entry(row: int, column: int) -> jax.Array:
        (a, u), (b, v) = _PHASE[row], _PHASE[column]
        source = padded[:, u : u + height, v : v + width].reshape(-1, channels)
        return source.T @ phases[:, :, a, :, b].reshape(-1, w.shape[3])

    dw = jnp.stack([jnp.stack([entry(row, column) for column in range(3)]) for row in range(3)])
    return dx, dw


_PHASE = {0: (0, 0), 1: (1, 1), 2: (0, 1)}  # kernel entry -> output phase, input neighbour
_transposed.defvjp(_forward, _backward)


def rewritten(settings: StressNetworkSettings) -> bool:
    """Whether the rewritten convolutions are used: as set, or on a CPU."""
    if settings.convolution == "auto":
        return jax.default_backend() == "cpu"
    return settings.convolution == "rewritten"


def convolution(
    settings: StressNetworkSettings, size: int, stride: int, inputs: int, outputs: int
) -> LinearOperator:
    """Operator of a size × size convolution."""
    if rewritten(settings) and stride == 1:
        if size == 3 and min(inputs, outputs) >= _WIDE:
            return WinogradConvolution()
        if size == 9 and outputs == 1:
            return BlockConvolution()
    return Convolution(stride)


def transposed_convolution(settings: StressNetworkSettings) -> LinearOperator:
    """Operator of a 3 × 3 transposed convolution with stride 2."""
    return PhasedTransposedConvolution() if rewritten(settings) else TransposedConvolution()
