# SPDX-License-Identifier: GPL-3.0-or-later
"""Three-dimensional convolution as a two-dimensional one with a banded kernel."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jax import lax

from mesobayes.nets.operators import DIMENSIONS


@dataclass(frozen=True)
class BandedConvolution3D:
    """`Convolution3D` as a two-dimensional convolution: `block` slices along x are folded into the channels.

    Every output slice takes three input slices, so the folded kernel is banded. It does (block + 2)/3 times
    the products, but XLA's two-dimensional convolutions on a CPU are that much faster than its
    three-dimensional ones.
    """

    block: int = 4

    def __call__(self, x: jax.Array, w: jax.Array) -> jax.Array:
        n, nx, ny, nz, inputs = x.shape
        outputs = w.shape[-1]
        block = next(b for b in range(min(self.block, nx), 0, -1) if nx % b == 0)
        padded = jnp.pad(x, ((0, 0), (1, 1), (0, 0), (0, 0), (0, 0)))
        windows = jnp.stack([padded[:, i : i + block + 2] for i in range(0, nx, block)], axis=1)
        folded = windows.transpose(0, 1, 3, 4, 2, 5).reshape(-1, ny, nz, (block + 2) * inputs)
        band = [
            jnp.pad(w, ((j, block - 1 - j), (0, 0), (0, 0), (0, 0), (0, 0))) for j in range(block)
        ]  # slice j of the output sees the slices j, j + 1, j + 2 of the window
        kernel = jnp.stack(band, axis=-2).transpose(1, 2, 0, 3, 4, 5)
        kernel = kernel.reshape(3, 3, (block + 2) * inputs, block * outputs)
        y = lax.conv_general_dilated(folded, kernel, (1, 1), "SAME", dimension_numbers=DIMENSIONS)
        y = y.reshape(n, nx // block, ny, nz, block, outputs).transpose(0, 1, 4, 2, 3, 5)
        return y.reshape(n, nx, ny, nz, outputs)
