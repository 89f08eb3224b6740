# SPDX-License-Identifier: GPL-3.0-or-later
import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import multivariate_normal

from mesobayes.learning.linear_output import draw_output, neighbourhoods, regress
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import HeteroencoderSettings

NOISE, PRIOR_STD = 0.5, 0.8


def problem():
    rng = np.random.default_rng(0)
    return rng.standard_normal((3, 12)), rng.standard_normal(12)


def test_the_evidence_differs_between_features_as_the_density_of_the_observations_does():
    columns, y = problem()
    other = columns[:, ::-1]
    ours = [
        float(
            regress(jnp.asarray(c, jnp.float32), jnp.asarray(y, jnp.float32), NOISE, PRIOR_STD).log_evidence
        )
        for c in (columns, other)
    ]
    exact = [
        multivariate_normal(np.zeros(12), PRIOR_STD**2 * c.T @ c + NOISE**2 * np.eye(12)).logpdf(y)
        for c in (columns, other)
    ]
    np.testing.assert_allclose(ours[1] - ours[0], exact[1] - exact[0], rtol=1e-4)


def test_draws_have_the_mean_and_covariance_of_bayesian_linear_regression():
    columns, y = problem()
    posterior = regress(jnp.asarray(columns, jnp.float32), jnp.asarray(y, jnp.float32), NOISE, PRIOR_STD)
    draws = jax.vmap(draw_output, (None, 0))(posterior, jax.random.split(jax.random.key(0), 20_000))
    covariance = np.linalg.inv(columns @ columns.T / NOISE**2 + np.eye(3) / PRIOR_STD**2)
    np.testing.assert_allclose(draws.mean(axis=0), covariance @ columns @ y / NOISE**2, atol=0.01)
    np.testing.assert_allclose(np.cov(np.asarray(draws).T), covariance, atol=0.003)


def test_neighbourhoods_times_the_last_weights_are_the_prediction():
    network = build_network(HeteroencoderSettings(filters=2, convolution="plain"), 1)
    pores = jnp.asarray(np.random.default_rng(2).random((2, 4, 4, 8)) < 0.2, jnp.float32)
    columns = neighbourhoods(network.last_features(pores), jnp.ones_like(pores))
    last = network.layers[5]
    weights = jnp.concatenate([last.kernel.mu[...].ravel(), last.bias.mu[...]])
    np.testing.assert_allclose(weights @ columns, network(pores).ravel(), atol=1e-5)
