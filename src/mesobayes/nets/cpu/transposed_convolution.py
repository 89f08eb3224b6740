# SPDX-License-Identifier: GPL-3.0-or-later
"""Transposed convolution whose gradients are written out.

XLA's weight gradient of a transposed convolution takes ten times its forward pass on a CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import lax

from mesobayes.nets.operators import DIMENSIONS, TransposedConvolution


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
    mirrored = jnp.swapaxes(jnp.flip(w, (0, 1)), 2, 3)
    dx = lax.conv_general_dilated(g, mirrored, (2, 2), ((0, 1), (0, 1)), dimension_numbers=DIMENSIONS)
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
