# SPDX-License-Identifier: GPL-3.0-or-later
import jax.numpy as jnp
import numpy as np
import pytest

from mesobayes.studies.reference_posterior import ReferenceSettings, laplace_factor, sample_reference

PRIOR_STD = 0.2


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    pores = rng.random((4, 4, 4, 8)) < 0.05
    return pores, np.where(pores, 0.0, rng.random(pores.shape)).astype(np.float32)


def test_without_evidence_both_posteriors_are_the_prior(data):
    pores, target = data
    settings = ReferenceSettings(1, 3, warmup=150, samples=200, steps=600, thinning=1e9)
    result = sample_reference(pores[:3], target[:3], pores[3:], settings, PRIOR_STD, 0)
    field, chain = result["weight_std"].values
    np.testing.assert_allclose(field, PRIOR_STD, rtol=0.1)
    assert np.median(chain) == pytest.approx(PRIOR_STD, rel=0.1)


def test_evidence_narrows_both_posteriors(data):
    pores, target = data
    settings = ReferenceSettings(1, 3, warmup=100, samples=100, steps=300, thinning=0.01)
    result = sample_reference(pores[:3], target[:3], pores[3:], settings, PRIOR_STD, 0)
    assert np.all(np.median(result["weight_std"], axis=1) < 0.9 * PRIOR_STD)
    assert np.all(np.isfinite(result["mean"]))


def test_the_laplace_factor_of_a_linear_model_is_the_root_of_its_posterior_covariance():
    matrix = np.random.default_rng(1).normal(size=(7, 3))
    factor = laplace_factor(lambda w: jnp.asarray(matrix, jnp.float32) @ w - 1.0, jnp.zeros(3), PRIOR_STD)
    covariance = np.linalg.inv(matrix.T @ matrix + np.eye(3) / PRIOR_STD**2)
    np.testing.assert_allclose(factor @ factor.T, covariance, rtol=1e-4, atol=1e-7)
