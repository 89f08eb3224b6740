# SPDX-License-Identifier: GPL-3.0-or-later
"""Kullback-Leibler divergence of the mean-field posterior from the prior of each layer."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from mesobayes.nets.layers import Weight
from mesobayes.nets.variational import VariationalSettings


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


def weights(network: nnx.Module) -> list[Weight]:
    """Weight arrays of a network in the order in which its layers were built."""
    found = [module for _, module in nnx.iter_modules(network) if isinstance(module, Weight)]
    return sorted(found, key=lambda weight: weight.offset)


def kl_divergence(network: nnx.Module, settings: VariationalSettings) -> jax.Array:
    """KL of all layers together, in nats; 0 for point weights."""
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
    network: nnx.Module, settings: VariationalSettings, n_examples: jax.Array | float
) -> jax.Array:
    """KL divided by the number of training examples: the share of one example, so an epoch holds KL once."""
    return kl_divergence(network, settings) / n_examples
