# SPDX-License-Identifier: GPL-3.0-or-later
"""Network of single pixels: what the two nearest edges and a mechanical prior tell of the stress there."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from mesobayes.nets.channels import FEATURE_CHANNELS, PRIOR_CHANNELS, SOLID_CHANNEL, STRESS_CHANNELS
from mesobayes.nets.estimators import Noise
from mesobayes.nets.heads import Spread, SpreadHeads
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.layers import Linear
from mesobayes.nets.operators import Dense
from mesobayes.nets.settings import LocalNetworkSettings
from mesobayes.nets.stress import deviator, norm, output_scale, tresca


class LocalNetwork(nnx.Module):
    """Inputs (n, roi, roi, channel) -> Tresca stress (n, roi, roi) in units of the patch scale.

    Channels are those of `mesobayes.nets.channels`: the macroscopic stress s in the frame of the nearest
    edge, solid, nine numbers on the edges, and, unless `mechanics` is "none", what the pores add, p, in the
    same frame. Per pixel, with a matrix M of a dense network,

        micro deviator = dev s + dev p + M [s; p],    Tresca = |micro deviator|.

    M sees the direction of the load: s and p divided by the entry of s of largest magnitude over the region
    of interest, sign included. So the prediction is exactly homogeneous and even in the load, and it turns
    with the plate. There are no convolutions: the frame and the edges hold what a pixel needs of its
    neighbours.
    """

    def __init__(self, settings: LocalNetworkSettings, plan: WeightPlan):
        self.settings = settings
        stresses = 3 if settings.mechanics == "none" else 6
        width = settings.width

        def dense(inputs: int, outputs: int, gain: float = 1.0) -> Linear:
            return Linear(Dense(), (inputs, outputs), outputs, settings, plan, gain)

        self.first = dense(9 + stresses + 1, width)
        self.hidden = nnx.List([dense(width, width) for _ in range(settings.layers - 1)])
        self.head = dense(width, 2 * stresses, gain=0.1)
        self.log_noise = nnx.Param(jnp.log(jnp.asarray(settings.noise_std, jnp.float32)))
        self.heads = SpreadHeads(width, None, plan) if settings.heads else None

    def __call__(self, inputs: jax.Array, noise: Noise | None = None, train: bool = False) -> jax.Array:
        del train  # there is nothing that differs between training and prediction
        return self.field(inputs, self.features(inputs, noise), noise)

    def with_spread(
        self, inputs: jax.Array, noise: Noise | None = None, train: bool = False
    ) -> tuple[jax.Array, Spread]:
        """Return the field and what the heads say of it, from one pass."""
        assert self.heads is not None
        features = self.features(inputs, noise)
        field = self.field(inputs, features, noise)
        scale = output_scale(inputs, self.settings.scale_floor)
        return field, self.heads(nnx.relu(features), field, scale, inputs[..., SOLID_CHANNEL] > 0.5)

    def features(self, inputs: jax.Array, noise: Noise | None = None) -> jax.Array:
        """Values of the last hidden layer (n, roi, roi, width)."""
        stress = self._stress(inputs)
        largest = _largest(inputs[..., STRESS_CHANNELS], inputs[..., SOLID_CHANNEL])
        scaled = stress / largest
        total = _total(scaled)
        x = jnp.concatenate([inputs[..., FEATURE_CHANNELS], scaled, tresca(total)[..., None]], axis=-1)
        x = nnx.silu(self.first(x, noise))
        for layer in self.hidden:
            x = x + nnx.silu(layer(x, noise))
        return x

    def field(self, inputs: jax.Array, features: jax.Array, noise: Noise | None = None) -> jax.Array:
        """Tresca stress (n, roi, roi) from the values of the last hidden layer."""
        stress = self._stress(inputs)
        matrix = self.head(features, noise).reshape(*stress.shape[:-1], 2, stress.shape[-1])
        return norm(deviator(_total(stress)) + jnp.sum(matrix * stress[..., None, :], axis=-1))

    def _stress(self, inputs: jax.Array) -> jax.Array:
        """Macroscopic stress, and the prior if there is one: (n, roi, roi, 3 or 6)."""
        stress = inputs[..., STRESS_CHANNELS]
        if self.settings.mechanics == "none":
            return stress
        return jnp.concatenate([stress, inputs[..., PRIOR_CHANNELS]], axis=-1)


def _total(stress: jax.Array) -> jax.Array:
    """Sum of the stresses (..., 3 or 6) -> (..., 3)."""
    return stress[..., :3] + stress[..., 3:] if stress.shape[-1] == 6 else stress


def _largest(stress: jax.Array, solid: jax.Array) -> jax.Array:
    """Entry of largest magnitude of (n, h, w, 3) over its solid pixels, (n, 1, 1, 1); 1 where all are 0."""
    flat = jnp.where(solid[..., None] > 0.5, stress, 0.0).reshape(stress.shape[0], -1)
    largest = jnp.take_along_axis(flat, jnp.argmax(jnp.abs(flat), axis=1)[:, None], axis=1)
    return jnp.where(largest == 0, 1.0, largest)[:, :, None, None]
