# SPDX-License-Identifier: GPL-3.0-or-later
"""Convolution to few channels on blocks of pixels.

A 9 × 9 convolution to one channel uses a fraction of each vector register; folded into blocks it fills them.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from mesobayes.nets.operators import Convolution
from mesobayes.nets.resampling import depth_to_space, space_to_depth


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
