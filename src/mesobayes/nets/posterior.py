# SPDX-License-Identifier: GPL-3.0-or-later
"""The mean-field posterior of a network: noise, coherent draws, divergence from the prior, warm start."""

from __future__ import annotations

import math
from typing import Any, TypeVar, cast

import jax
import jax.numpy as jnp
from flax import nnx

from mesobayes.nets.estimators import Noise
from mesobayes.nets.layers import Weight
from mesobayes.nets.settings import VariationalSettings

Network = TypeVar("Network", bound=nnx.Module)


def weights(network: nnx.Module) -> list[Weight]:
    """Kernels and random biases of a network in the order in which its layers were built."""
    found = [module for _, module in nnx.iter_modules(network) if isinstance(module, Weight)]
    return sorted(found, key=lambda weight: weight.offset)


def count_weights(network: nnx.Module) -> int:
    """Number of weights (posterior means) without point biases and normalisation."""
    return sum(math.prod(weight.mu.shape) for weight in weights(network))


def draw_noise(network: nnx.Module, key: jax.Array) -> Noise | None:
    """Weight noise of one forward pass, None for a network with point weights."""
    settings = cast(Any, network).settings
    if settings.estimator == "none":
        return None
    key_weights, key_signs = jax.random.split(key)
    epsilon = jax.random.normal(key_weights, (count_weights(network),))
    dropout = settings.dropout if settings.estimator == "dropout" else 0.0
    return Noise(epsilon, key_signs, settings.estimator, dropout)


def draw_weights(network: nnx.Module, key: jax.Array) -> None:
    """Put one coherent draw of all weights in the place of the posterior means."""
    noise = draw_noise(network, key)
    if noise is not None:
        for weight in weights(network):
            weight.mu[...] = weight.draw(noise)


def kl_divergence(network: nnx.Module, settings: VariationalSettings) -> jax.Array:
    """KL of all weights together from the prior of each kernel and bias, in nats; 0 for point weights."""
    total = jnp.zeros((), jnp.float32)
    for weight in weights(network):
        if weight.rho is None:
            continue
        if settings.prior == "learned":
            total += learned_divergence(weight.mu[...], weight.sigma)
        else:
            total += gaussian_divergence(weight.mu[...], weight.sigma, 0.0, settings.prior_std)
    return total


def kl_per_example(
    network: nnx.Module, settings: VariationalSettings, n_examples: jax.Array | float, evidence: float = 1.0
) -> jax.Array:
    """Share of one training example in the divergence: an epoch holds KL once where `evidence` is 1.

    `evidence` says how often each observation counts against the prior. The bound with a likelihood raised to
    that power, divided by it, has KL / evidence.
    """
    return kl_divergence(network, settings) / (n_examples * evidence)


def gaussian_divergence(
    mu: jax.Array, sigma: jax.Array, prior_mean: jax.Array | float, prior_std: jax.Array | float
) -> jax.Array:
    """Σ KL(N(μ, σ²) ‖ N(μp, σp²)) = Σ log(σp/σ) + (σ² + (μ - μp)²) / (2 σp²) - ½."""
    prior_variance = prior_std**2
    return jnp.sum(
        jnp.log(prior_std / sigma) + 0.5 * (sigma**2 + (mu - prior_mean) ** 2) / prior_variance - 0.5
    )


def best_prior(mu: jax.Array, sigma: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Mean and standard deviation of the Gaussian prior of one layer that minimises the divergence.

    Empirical Bayes in closed form: μp = mean μ, σp² = mean(σ² + (μ - μp)²). It is where the gradient ascent
    on the prior of Krokos et al. 2022, section 3.5, comes to rest.
    """
    mean = jnp.mean(mu)
    return mean, jnp.sqrt(jnp.mean(sigma**2 + (mu - mean) ** 2))


def learned_divergence(mu: jax.Array, sigma: jax.Array) -> jax.Array:
    """Divergence from the best prior of the layer: Σ ½ log(σp² / σ²)."""
    _, prior_std = best_prior(mu, sigma)
    return jnp.sum(jnp.log(prior_std / sigma))


def warm_start(variational: Network, deterministic: nnx.Module) -> Network:
    """Copy of `variational` whose posterior means, biases and normalisation are those of `deterministic`.

    Raises:
        ValueError: the two are not the same architecture.
    """
    source = nnx.to_flat_state(nnx.state(deterministic))
    graph, state = nnx.split(variational)
    target = dict(nnx.to_flat_state(state))
    for path, variable in source:
        if path not in target or target[path].shape != variable.shape:
            raise ValueError(
                f"warm start: {'.'.join(map(str, path))} {tuple(variable.shape)} has no counterpart in the "
                "variational network: build both with the same settings except estimator and prior"
            )
        target[path] = variable.replace(jnp.array(variable[...]))
    merged: Network = nnx.merge(graph, nnx.from_flat_state(target))
    return merged
