# SPDX-License-Identifier: GPL-3.0-or-later
"""Layers with point or Gaussian weights around a linear operator, for images, volumes and features."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from flax import nnx

from mesobayes.nets.estimators import ESTIMATORS, LinearOperator, Noise, kept_channels
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.operators import Scale
from mesobayes.nets.settings import VariationalSettings

_BIAS_SPREAD = 0.1  # unit of the initial posterior deviation of a bias, as kernels have √(2/fan-in)


class Weight(nnx.Module):
    """Weights of one kernel or bias: points μ, or independent Gaussians N(μ, softplus(ρ)²).

    Krokos et al. 2022, section 3.4. `rho` is None for point weights, also where channels are dropped.
    `offset` is where their stretch of the noise vector begins.
    """

    def __init__(self, mu: jax.Array, spread: float, offset: int, settings: VariationalSettings):
        self.offset = offset
        self.mu = nnx.Param(mu)
        initial = math.log(math.expm1(settings.posterior_std * spread))  # softplus⁻¹
        variational = settings.estimator in ("shared", "flipout")
        self.rho = nnx.Param(jnp.full(mu.shape, initial, jnp.float32)) if variational else None

    @property
    def sigma(self) -> jax.Array:
        """Posterior standard deviation softplus(ρ); zero for point weights."""
        return jnp.zeros_like(self.mu[...]) if self.rho is None else jax.nn.softplus(self.rho[...])

    def epsilon(self, noise: Noise) -> jax.Array:
        """Standard normal numbers of these weights, shaped like them."""
        shape = self.mu.shape
        return noise.epsilon[self.offset : self.offset + math.prod(shape)].reshape(shape)

    def draw(self, noise: Noise) -> jax.Array:
        """One draw of the weights: w = μ + σ∘ε, or μ without some input channels.

        The first layer keeps its channels, which are those of the image.
        """
        if noise.estimator == "dropout":
            kernel = self.mu.ndim > 1 and self.offset > 0
            return self.mu[...] * (kept_channels(self.epsilon(noise), noise.dropout) if kernel else 1.0)
        return self.mu[...] + self.sigma * self.epsilon(noise)

    def apply(self, operator: LinearOperator, x: jax.Array, noise: Noise | None) -> jax.Array:
        """op(x, w) with the posterior means, or with random weights by the estimator of the noise."""
        if noise is not None and noise.estimator == "dropout":
            return operator(x, self.draw(noise))
        if noise is None or self.rho is None:
            return operator(x, self.mu[...])
        key = jax.random.fold_in(noise.key, self.offset)
        estimator = ESTIMATORS[noise.estimator]
        return estimator(operator, x, self.mu[...], self.sigma, self.epsilon(noise), key)


class Linear(nnx.Module):
    """y = op(x, w) + b; the operator says whether it is dense or a convolution.

    Kernels start from N(0, gain² 2/fan-in). Biases are points, or weights like the others (`random_bias`).
    """

    def __init__(
        self,
        operator: LinearOperator,
        shape: tuple[int, ...],
        channels: int,
        settings: VariationalSettings,
        plan: WeightPlan,
        gain: float = 1.0,
        bias: float = 0.0,
        random_bias: bool = False,
    ):
        self.operator = operator
        spread = gain * math.sqrt(2.0 / math.prod(shape[:-1]))
        offset, values = plan.place(shape)
        self.kernel = Weight(spread * values, spread, offset, settings)
        start = jnp.full((channels,), bias, jnp.float32)
        self.bias: Weight | nnx.Param = (
            Weight(start, _BIAS_SPREAD, plan.stretch(channels), settings) if random_bias else nnx.Param(start)
        )

    def __call__(self, x: jax.Array, noise: Noise | None) -> jax.Array:
        """x (n, ..., channel) -> (n, ..., channels); noise None uses the posterior means."""
        y = self.kernel.apply(self.operator, x, noise)
        if not isinstance(self.bias, Weight):
            return y + self.bias[...]
        ones = jnp.ones((x.shape[0], *(1,) * (x.ndim - 2), y.shape[-1]), x.dtype)
        return y + self.bias.apply(Scale(), ones, noise)
