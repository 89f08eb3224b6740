# SPDX-License-Identifier: GPL-3.0-or-later
"""Symmetries of the problem applied to training patches: the square's eight, and the sign of the load.

Images are (y, x), stress components (xx, yy, xy). A mirrored plate carries the mirrored field, so the
components change with the image: either flip negates sxy; exchanging x and y exchanges sxx and syy. These
three generate the group of the square (a rotation by 90° is an exchange followed by a flip). Reversing the
load negates the stress and leaves the Tresca stress as it is.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mesobayes.nets.channels import CHANNELS


class Batch(NamedTuple):
    """Arrays of a minibatch, shaped as in `PatchData`."""

    inputs: jax.Array
    target: jax.Array
    mask: jax.Array


_NEGATE_SHEAR = np.array([1, 1, -1, 1, 1], np.float32)
_NEGATE_LOAD = np.array([-1, -1, -1, 1, 1], np.float32)
_EXCHANGE_NORMAL = np.array([1, 0, 2, *range(3, CHANNELS)])


def transform(
    batch: Batch, exchange: jax.Array, flip_x: jax.Array, flip_y: jax.Array, sign: jax.Array
) -> Batch:
    """Exchange x and y, flip x, flip y, reverse the load, in this order, each where its (n,) is true."""

    def choose(where: jax.Array, changed: jax.Array, image: jax.Array) -> jax.Array:
        return jnp.where(where.reshape(-1, *(1,) * (image.ndim - 1)), changed, image)

    def fields(image: jax.Array) -> jax.Array:
        image = choose(exchange, jnp.swapaxes(image, 1, 2), image)
        image = choose(flip_x, image[:, :, ::-1], image)
        return choose(flip_y, image[:, ::-1], image)

    inputs = fields(batch.inputs)
    inputs = choose(exchange, inputs[..., _EXCHANGE_NORMAL], inputs)
    inputs = choose(jnp.logical_xor(flip_x, flip_y), inputs * _NEGATE_SHEAR, inputs)
    inputs = choose(sign, inputs * _NEGATE_LOAD, inputs)
    return Batch(inputs, fields(batch.target), fields(batch.mask))


def augment(batch: Batch, key: jax.Array) -> Batch:
    """Every example under a random symmetry of its own. Patches must be square."""
    bits = jax.random.bernoulli(key, 0.5, (4, batch.inputs.shape[0]))
    return transform(batch, *bits)
