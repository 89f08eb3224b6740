# SPDX-License-Identifier: GPL-3.0-or-later
"""Divergences against numpyro, and the learned prior against a numerical minimum."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro.distributions as dist
import pytest

from mesobayes.nets.build import build_network
from mesobayes.nets.posterior import (
    best_prior,
    gaussian_divergence,
    kl_divergence,
    learned_divergence,
    weights,
)
from mesobayes.nets.settings import StressNetworkSettings

MU = jax.random.normal(jax.random.key(0), (5, 7)) + 0.4
SIGMA = 0.2 + jax.nn.softplus(jax.random.normal(jax.random.key(1), (5, 7)))


def test_gaussian_divergence_equals_that_of_numpyro():
    expected = dist.kl_divergence(dist.Normal(MU, SIGMA), dist.Normal(0.3, 0.8)).sum()
    assert float(gaussian_divergence(MU, SIGMA, 0.3, 0.8)) == pytest.approx(float(expected), rel=1e-5)


def test_learned_prior_is_the_minimum_over_priors():
    mean, std = best_prior(MU, SIGMA)
    at_best = float(gaussian_divergence(MU, SIGMA, mean, std))
    assert float(learned_divergence(MU, SIGMA)) == pytest.approx(at_best, rel=1e-5)
    slope = jax.grad(lambda prior: gaussian_divergence(MU, SIGMA, prior[0], prior[1]))(jnp.array([mean, std]))
    np.testing.assert_allclose(slope, 0.0, atol=1e-3)
    for change in (-0.05, 0.05):
        assert float(gaussian_divergence(MU, SIGMA, mean + change, std)) > at_best
        assert float(gaussian_divergence(MU, SIGMA, mean, std + change)) > at_best


def test_learned_prior_has_the_gradient_of_the_prior_held_at_its_best():
    mean, std = best_prior(MU, SIGMA)  # the envelope theorem: the prior's own change does not contribute
    learned = jax.grad(learned_divergence, argnums=(0, 1))(MU, SIGMA)
    held = jax.grad(lambda mu, sigma: gaussian_divergence(mu, sigma, mean, std), argnums=(0, 1))(MU, SIGMA)
    for a, b in zip(learned, held, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("prior", ["fixed", "learned"])
def test_divergence_of_a_network_is_the_sum_over_its_layers(prior):
    settings = StressNetworkSettings("modern", 8, width=0.17, levels=2, estimator="shared", prior=prior)
    network = build_network(settings, 0)
    total = 0.0
    for weight in weights(network):
        mu, sigma = np.asarray(weight.mu[...], np.float64), np.asarray(weight.sigma, np.float64)
        mean, std = (mu.mean(), np.sqrt(np.mean(sigma**2 + (mu - mu.mean()) ** 2)))
        if prior == "fixed":
            mean, std = 0.0, settings.prior_std
        total += np.sum(np.log(std / sigma) + (sigma**2 + (mu - mean) ** 2) / (2 * std**2) - 0.5)
    assert float(kl_divergence(network, settings)) == pytest.approx(total, rel=1e-4)
