# SPDX-License-Identifier: GPL-3.0-or-later
import jax
import jax.numpy as jnp
import numpy as np
from scipy.stats import multivariate_normal

from mesobayes.learning.gaussian_posterior import (
    GaussianPosterior,
    evidence_bound,
    fit_gaussian,
    laplace_factor,
)

PRIOR_STD = 0.5


def linear():
    matrix = np.random.default_rng(1).normal(size=(7, 3))
    covariance = np.linalg.inv(matrix.T @ matrix + np.eye(3) / PRIOR_STD**2)
    return jnp.asarray(matrix, jnp.float32), covariance


def test_the_laplace_factor_of_a_linear_model_is_the_root_of_its_posterior_covariance():
    matrix, covariance = linear()
    factor = laplace_factor(lambda w: matrix @ w - 1.0, jnp.zeros(3), PRIOR_STD)
    np.testing.assert_allclose(factor @ factor.T, covariance, rtol=1e-4, atol=1e-7)


def test_the_gaussian_of_a_linear_model_has_its_posterior_mean_and_covariance():
    matrix, covariance = linear()

    def potential(w):
        return 0.5 * jnp.sum((matrix @ w - 1.0) ** 2) + 0.5 * jnp.sum(w**2) / PRIOR_STD**2

    start = GaussianPosterior(jnp.zeros(3), 0.1 * jnp.eye(3))
    fitted = fit_gaussian(potential, start, 4000, jax.random.key(0), learning_rate=0.05)
    mean = covariance @ np.asarray(matrix).T @ np.ones(7)
    deviations = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose((fitted.mean - mean) / deviations, 0.0, atol=0.1)
    scaled = np.asarray(fitted.factor @ fitted.factor.T) / np.outer(deviations, deviations)
    np.testing.assert_allclose(scaled, covariance / np.outer(deviations, deviations), atol=0.1)
    np.testing.assert_allclose(fitted.std, deviations, rtol=0.1)


def test_the_bound_is_the_log_evidence_at_the_posterior_and_below_it_elsewhere():
    matrix, covariance = linear()

    def potential(w):
        return 0.5 * jnp.sum((matrix @ w - 1.0) ** 2) + 0.5 * jnp.sum(w**2) / PRIOR_STD**2

    marginal = multivariate_normal(cov=np.eye(7) + PRIOR_STD**2 * np.asarray(matrix @ matrix.T))
    evidence = marginal.logpdf(np.ones(7)) + 3.5 * np.log(2 * np.pi)
    mean = jnp.asarray(covariance @ np.asarray(matrix).T @ np.ones(7))
    for widening, gap in ((1.0, 0.0), (1.5, 3 * (1.5**2 - 1) / 2 - 3 * np.log(1.5))):
        factor = widening * jnp.asarray(np.linalg.cholesky(covariance))
        bound = evidence_bound(
            potential, GaussianPosterior(mean, factor), PRIOR_STD, 20_000, jax.random.key(0)
        )
        np.testing.assert_allclose(evidence - bound, gap, atol=0.05)


def test_draws_of_a_gaussian_have_its_deviation():
    gaussian = GaussianPosterior(jnp.ones(2), jnp.asarray([[1.0, 0.0], [1.0, 1.0]]))
    draws = gaussian.draw(20_000, jax.random.key(0))
    np.testing.assert_allclose(draws.std(axis=0), gaussian.std, rtol=0.03)


def test_draws_of_a_gaussian_are_not_rounded_on_a_gpu(rounded_products):
    def draw(factor):
        return GaussianPosterior(jnp.zeros(3), factor).draw(4, jax.random.key(0))

    assert rounded_products(draw, jnp.eye(3)) == []
