# SPDX-License-Identifier: GPL-3.0-or-later
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from mesobayes.learning.tempering import temper

PRIOR_STD = 0.5


@pytest.fixture(scope="module")
def linear():
    """A linear model with unit noise, observations of 1, and its exact posterior and evidence."""
    matrix = 5.0 * np.random.default_rng(1).normal(size=(7, 3))
    covariance = np.linalg.inv(matrix.T @ matrix + np.eye(3) / PRIOR_STD**2)
    marginal = multivariate_normal(cov=np.eye(7) + PRIOR_STD**2 * matrix @ matrix.T)
    evidence = marginal.logpdf(np.ones(7)) + 3.5 * np.log(2 * np.pi)
    ensemble = temper(
        lambda w: -0.5 * jnp.sum((matrix @ w - 1.0) ** 2), 3, PRIOR_STD, 2000, 4, 8, jax.random.key(0)
    )
    return matrix, covariance, evidence, ensemble


def test_particles_of_a_linear_model_have_its_posterior_mean_and_covariance(linear):
    matrix, covariance, _, ensemble = linear
    deviations = np.sqrt(np.diag(covariance))
    mean = covariance @ matrix.T @ np.ones(7)
    draws = np.asarray(ensemble.particles)
    np.testing.assert_allclose((draws.mean(axis=0) - mean) / deviations, 0.0, atol=0.1)
    scaled = np.cov(draws.T) / np.outer(deviations, deviations)
    np.testing.assert_allclose(scaled, covariance / np.outer(deviations, deviations), atol=0.1)


def test_the_evidence_of_a_linear_model_is_exact_within_its_noise(linear):
    _, _, evidence, ensemble = linear
    assert ensemble.log_evidence == pytest.approx(evidence, abs=0.15)


def test_degrees_rise_from_the_prior_to_the_whole_likelihood(linear):
    ensemble = linear[-1]
    assert len(ensemble.degrees) > 3
    assert ensemble.degrees[0] == 0.0
    assert ensemble.degrees[-1] == 1.0
    assert np.all(np.diff(ensemble.degrees) > 0)
    assert 0.5 < ensemble.acceptance < 0.95


def test_two_modes_that_no_chain_would_leave_are_filled_by_their_mass():
    def likelihood(w):
        near = -0.5 * jnp.sum((w - 1.0) ** 2) / 0.05**2
        far = -0.5 * jnp.sum((w + 1.0) ** 2) / 0.05**2 + jnp.log(3.0)
        return jnp.logaddexp(near, far)

    shares = [
        float(jnp.mean(temper(likelihood, 2, 1.0, 1000, 2, 8, jax.random.key(seed)).particles[:, 0] > 0))
        for seed in range(4)
    ]
    assert np.mean(shares) == pytest.approx(0.25, abs=0.06)


def test_without_a_likelihood_the_particles_are_the_prior_and_the_evidence_is_one():
    ensemble = temper(lambda w: 0.0 * w[0], 5, PRIOR_STD, 1000, 1, 4, jax.random.key(0))
    assert ensemble.degrees == (0.0, 1.0)
    assert ensemble.log_evidence == pytest.approx(0.0, abs=1e-5)
    np.testing.assert_allclose(ensemble.particles.std(axis=0), PRIOR_STD, rtol=0.1)


def test_a_likelihood_that_is_nowhere_finite_is_refused():
    with pytest.raises(FloatingPointError, match="0 of 10 particles"):
        temper(lambda w: jnp.log(-1.0 - w[0] ** 2), 2, 1.0, 10, 1, 2, jax.random.key(0))
