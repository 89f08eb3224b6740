# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a stress network is off: the noise of every pixel, shift and spread of the largest stress.

The posterior of the weights narrows with the number of labels while the misfit hardly does, so the misfit is
modelled for itself. The heads read features, field and noise without passing a gradient back: the network
learns what it learns without them. Their weights are points outside the divergence from the prior.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp
from flax import nnx
from jax import lax

from mesobayes.nets.convolution import convolution
from mesobayes.nets.estimators import Noise
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.operators import Dense
from mesobayes.nets.settings import ConvolutionForm

_GAIN = 0.1
_INITIAL_NOISE = 0.1  # in units of the output scale S
_HIDDEN = 16
_LOG_RANGE = (-7.0, 2.0)  # of the noise in units of S
_LOG_RATIO = (-3.0, 4.0)  # of the spread of the largest stress over the noise where it is
_SHIFT = 1.0  # at most, in units of S; without bounds one patch unlike all others makes the loss overflow


class Spread(NamedTuple):
    """What the heads say of n patches, in units of the patch scale.

    Attributes:
        log_noise: (n, roi, roi) logarithm of the standard deviation of a pixel's residual.
        shift: (n,) mean of the true largest stress minus that of the field, over the solid pixels.
        log_spread: (n,) logarithm of the standard deviation of that difference.
    """

    log_noise: jax.Array
    shift: jax.Array
    log_spread: jax.Array


class WithSpread(Protocol):
    """A stress network whose settings ask for heads."""

    def with_spread(
        self, inputs: jax.Array, noise: Noise | None = None, train: bool = False
    ) -> tuple[jax.Array, Spread]:
        """Return the field (n, roi, roi) of the network's call and what the heads say of it, in one pass."""


class PointLayer(nnx.Module):
    """y = op(x, kernel) + bias with point weights that have no place in the noise vector of the network."""

    def __init__(self, shape: tuple[int, ...], plan: WeightPlan, gain: float = 1.0, bias: float = 0.0):
        spread = gain * math.sqrt(2.0 / math.prod(shape[:-1]))
        self.kernel = nnx.Param(spread * plan.place(shape)[1])
        self.bias = nnx.Param(jnp.full(shape[-1:], bias, jnp.float32))


class SpreadHeads(nnx.Module):
    """Features ≥ 0 (n, roi, roi, channels), field and output scale (n, roi, roi) -> `Spread`.

    With * for values at the pixel where the field is largest over the solid pixels,

        h = relu(conv F),  g = dense h,  log noise = g + log S,
        (d, a) = dense relu(dense [mean F, max F, F*, h*]),  shift = S* d,  log spread = log noise* + a.

    g, d and a are kept within bounds. Means and maxima are over the solid pixels. A network builds its heads
    last, so that its own weights start from the numbers that they have without heads.
    """

    def __init__(self, channels: int, form: ConvolutionForm | None, plan: WeightPlan):
        """Convolve features with neighbours in a form, or take every pixel for itself without one."""
        self.operator = Dense() if form is None else convolution(form, 3, 1, channels, channels)
        size = () if form is None else (3, 3)
        self.hidden = PointLayer((*size, channels, channels), plan)
        self.noise = PointLayer((channels, 1), plan, _GAIN, math.log(_INITIAL_NOISE))
        self.pooled = PointLayer((4 * channels, _HIDDEN), plan)
        self.maximum = PointLayer((_HIDDEN, 2), plan, _GAIN)

    def __call__(self, features: jax.Array, field: jax.Array, scale: jax.Array, solid: jax.Array) -> Spread:
        """Return what the heads say; `solid` (n, roi, roi) are the pixels that count."""
        # the barrier keeps the compiler from computing the network otherwise than without heads
        features, field, scale = lax.optimization_barrier(lax.stop_gradient((features, field, scale)))
        h = nnx.relu(self.operator(features, self.hidden.kernel[...]) + self.hidden.bias[...])
        g = (Dense()(h, self.noise.kernel[...]) + self.noise.bias[...])[..., 0]
        log_noise = jnp.clip(g, *_LOG_RANGE) + jnp.log(scale)
        place = largest(field, solid)
        inside = solid[..., None]
        inner = jnp.where(inside, features, 0.0)
        mean = jnp.sum(inner, axis=(1, 2)) / jnp.maximum(jnp.sum(inside, axis=(1, 2)), 1)
        pooled = [mean, jnp.max(inner, axis=(1, 2)), at(features, place), lax.stop_gradient(at(h, place))]
        u = jnp.concatenate(pooled, axis=-1)  # (n, 4 channels)
        u = nnx.relu(u @ self.pooled.kernel[...] + self.pooled.bias[...])
        d, a = jnp.moveaxis(u @ self.maximum.kernel[...] + self.maximum.bias[...], -1, 0)
        d, a = jnp.clip(d, -_SHIFT, _SHIFT), jnp.clip(a, *_LOG_RATIO)
        return Spread(log_noise, at(scale, place) * d, lax.stop_gradient(at(log_noise, place)) + a)


def largest(field: jax.Array, solid: jax.Array) -> jax.Array:
    """Number (n,) of the pixel, row by row, where field (n, r, r) is largest over the solid pixels."""
    return jnp.argmax(jnp.where(solid, field, -jnp.inf).reshape(field.shape[0], -1), axis=1)


def at(image: jax.Array, place: jax.Array) -> jax.Array:
    """Values (n, ...) of image (n, r, r, ...) at one pixel of each."""
    flat = image.reshape(image.shape[0], -1, *image.shape[3:])
    return jax.vmap(lambda values, number: values[number])(flat, place)
