# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers with point or Gaussian weights around a linear operator, and normalisation."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from flax import nnx

from mesobayes.nets.estimators import ESTIMATORS, LinearOperator, Noise
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.nets.variational import VariationalSettings


class Weight(nnx.Module):
    """Weights of one layer: points μ, or independent Gaussians N(μ, softplus(ρ)²).

    Krokos et al. 2022, section 3.4. `rho` is None for point weights. `offset` is where the layer's stretch
    of the noise vector begins.
    """

    def __init__(self, shape: tuple[int, ...], gain: float, settings: VariationalSettings, plan: WeightPlan):
        spread = gain * math.sqrt(2.0 / math.prod(shape[:-1]))
        self.offset, key = plan.place(shape)
        self.mu = nnx.Param(spread * jax.random.normal(key, shape, jnp.float32))
        initial = math.log(math.expm1(settings.posterior_std * spread))  # softplus⁻¹
        variational = settings.estimator != "none"
        self.rho = nnx.Param(jnp.full(shape, initial, jnp.float32)) if variational else None

    @property
    def sigma(self) -> jax.Array:
        """Posterior standard deviation softplus(ρ); zero for point weights."""
        return jnp.zeros_like(self.mu[...]) if self.rho is None else jax.nn.softplus(self.rho[...])

    def epsilon(self, noise: Noise) -> jax.Array:
        """This layer's standard normal numbers, shaped like its weights."""
        shape = self.mu.shape
        return noise.epsilon[self.offset : self.offset + math.prod(shape)].reshape(shape)

    def draw(self, noise: Noise) -> jax.Array:
        """One draw w = μ + σ∘ε of the weights."""
        return self.mu[...] + self.sigma * self.epsilon(noise)


class Linear(nnx.Module):
    """y = op(x, w) + b with point biases; the operator says whether it is dense or a convolution."""

    def __init__(
        self,
        operator: LinearOperator,
        shape: tuple[int, ...],
        channels: int,
        settings: VariationalSettings,
        plan: WeightPlan,
        gain: float = 1.0,
        bias: float = 0.0,
    ):
        self.operator = operator
        self.weight = Weight(shape, gain, settings, plan)
        self.bias = nnx.Param(jnp.full((channels,), bias, jnp.float32))

    def __call__(self, x: jax.Array, noise: Noise | None) -> jax.Array:
        """x (n, ..., channel) -> (n, ..., channels); noise None uses the posterior means."""
        weight = self.weight
        if noise is None or weight.rho is None:
            return self.operator(x, weight.mu[...]) + self.bias[...]
        key = jax.random.fold_in(noise.key, weight.offset)
        estimator = ESTIMATORS[noise.estimator]
        y = estimator(self.operator, x, weight.mu[...], weight.sigma, weight.epsilon(noise), key)
        return y + self.bias[...]


class Normalisation(nnx.Module):
    """Batch, group or no normalisation over (n, h, w, channel)."""

    def __init__(self, channels: int, settings: StressNetworkSettings):
        self.kind = settings.norm
        self.norm = _normalisation(channels, settings.norm)

    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """Normalise x; `train` uses and records the statistics of the batch where there are any."""
        if self.kind == "batch":
            return self.norm(x, use_running_average=not train)  # type: ignore[misc]
        return x if self.norm is None else self.norm(x)


def _normalisation(channels: int, kind: str) -> nnx.Module | None:
    rngs = nnx.Rngs(0)  # the initial scale 1 and offset 0 are not random
    if kind == "batch":
        return nnx.BatchNorm(channels, momentum=0.9, epsilon=1e-5, rngs=rngs)
    if kind == "group":
        return nnx.GroupNorm(channels, num_groups=math.gcd(8, channels), rngs=rngs)
    return None
