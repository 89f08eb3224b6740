# SPDX-License-Identifier: GPL-3.0-or-later
"""Estimators must give the *fields* of weight draws, not only their marginals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mesobayes.nets.build import build_network
from mesobayes.nets.estimators import Noise, flipout, kept_channels, shared
from mesobayes.nets.operators import Convolution
from mesobayes.nets.posterior import draw_noise, draw_weights, kl_divergence, weights
from mesobayes.nets.settings import StressNetworkSettings

OP = Convolution()
CHANNELS, SIGMA, BATCH, KEYS = 12, 0.3, 8, 250
SHAPES = ((3, 3, 1, CHANNELS), (3, 3, CHANNELS, 1))


def local_reparameterisation(op, x, mu, sigma, epsilon, key):
    """Noise drawn per output pixel from the right marginal: wrong for a field."""
    deviation = jnp.sqrt(op(x**2, sigma**2))
    return op(x, mu) + deviation * jax.random.normal(key, deviation.shape)


def network(estimator, x, key):
    """Two convolutions with zero posterior mean and a ReLU between them."""
    for number, shape in enumerate(SHAPES):
        key_weight, key_sign = jax.random.split(jax.random.fold_in(key, number))
        sigma = jnp.full(shape, SIGMA)
        x = estimator(OP, x, jnp.zeros(shape), sigma, jax.random.normal(key_weight, shape), key_sign)
        x = jax.nn.relu(x) if number == 0 else x
    return x


def statistics(estimator, batch: int, keys: int) -> tuple[float, float]:
    """E[largest pixel] and standard deviation of the field's mean."""
    image = jax.random.normal(jax.random.key(11), (16, 16, 1)) + 1.0
    x = jnp.broadcast_to(image, (batch, 16, 16, 1))
    run = jax.jit(jax.vmap(lambda key: network(estimator, x, key)))
    fields = np.asarray(run(jax.random.split(jax.random.key(0), keys))).reshape(-1, 16, 16)
    return float(fields.max(axis=(1, 2)).mean()), float(fields.mean(axis=(1, 2)).std())


@pytest.fixture(scope="module")
def weight_draws() -> tuple[float, float]:
    return statistics(shared, 1, BATCH * KEYS)


def test_flipout_has_the_field_statistics_of_weight_draws(weight_draws):
    assert statistics(flipout, BATCH, KEYS) == pytest.approx(weight_draws, rel=0.12)


def test_noise_drawn_per_pixel_fails_the_same_check(weight_draws):
    largest, spread = statistics(local_reparameterisation, BATCH, KEYS)
    assert largest > 1.12 * weight_draws[0]
    assert spread < 0.5 * weight_draws[1]


@pytest.mark.parametrize("estimator", [shared, flipout])
def test_a_linear_layer_is_unbiased_with_the_variance_of_its_weights(estimator):
    key = jax.random.key(3)
    x = jax.random.normal(key, (3, 6, 6, 2))
    mu = jax.random.normal(jax.random.key(4), (3, 3, 2, 4))
    sigma = 0.1 + jax.nn.softplus(jax.random.normal(jax.random.key(5), mu.shape))

    def layer(key):
        key_weight, key_sign = jax.random.split(key)
        return estimator(OP, x, mu, sigma, jax.random.normal(key_weight, mu.shape), key_sign)

    draws = np.asarray(jax.jit(jax.vmap(layer))(jax.random.split(key, 4000)))
    variance = np.asarray(OP(x**2, sigma**2))
    standard_error = np.sqrt(variance / len(draws))
    assert np.abs((draws.mean(axis=0) - OP(x, mu)) / standard_error).max() < 5
    np.testing.assert_allclose(draws.var(axis=0), variance, rtol=0.2)


def test_flipout_decorrelates_examples_that_shared_draws_tie_together():
    x = jnp.ones((2, 4, 4, 1))
    mu, sigma = jnp.zeros((3, 3, 1, 1)), jnp.ones((3, 3, 1, 1))

    def pair(estimator, key):
        key_weight, key_sign = jax.random.split(key)
        return estimator(OP, x, mu, sigma, jax.random.normal(key_weight, mu.shape), key_sign)[:, 2, 2, 0]

    keys = jax.random.split(jax.random.key(0), 2000)
    correlation = {
        estimator.__name__: np.corrcoef(np.asarray(jax.vmap(lambda k, e=estimator: pair(e, k))(keys)).T)[0, 1]
        for estimator in (shared, flipout)
    }
    assert correlation["shared"] == pytest.approx(1.0)
    assert abs(correlation["flipout"]) < 0.1


def test_dropout_leaves_out_whole_channels_as_often_as_it_says_and_keeps_the_mean():
    epsilon = jax.random.normal(jax.random.key(0), (3, 3, 20_000, 2))
    factors = np.asarray(kept_channels(epsilon, 0.3))
    assert factors.shape == (20_000, 1)
    assert set(np.unique(factors)) == {0.0, np.float32(1 / 0.7)}
    assert np.mean(factors == 0) == pytest.approx(0.3, abs=0.01)
    assert factors.mean() == pytest.approx(1.0, abs=0.02)


def dropping(dropout):
    return StressNetworkSettings("modern", 8, width=0.17, levels=2, estimator="dropout", dropout=dropout)


def test_dropout_spares_the_image_and_biases_and_has_point_weights():
    network = build_network(dropping(0.5), 0)
    before = [np.asarray(weight.mu[...]) for weight in weights(network)]
    draw_weights(network, jax.random.key(1))
    after = [np.asarray(weight.mu[...]) for weight in weights(network)]
    np.testing.assert_array_equal(after[0], before[0])
    for old, new in zip(before[1:], after[1:], strict=True):
        kept = (new != 0).any(axis=tuple(axis for axis in range(new.ndim) if axis != new.ndim - 2))
        np.testing.assert_allclose(new, 2 * old * kept[:, None], rtol=1e-6)
    assert any((new == 0).any() for new in after)
    assert float(kl_divergence(network, network.settings)) == 0


def test_a_pass_with_the_noise_of_dropout_is_the_pass_of_its_draw():
    x = np.random.default_rng(0).uniform(0, 1, (2, 18, 18, 5)).astype(np.float32)
    network, key = build_network(dropping(0.4), 0), jax.random.key(3)
    noisy = network(x, draw_noise(network, key))
    still = network(x)
    draw_weights(network, key)
    np.testing.assert_allclose(network(x), noisy, rtol=1e-5, atol=1e-6)
    assert np.abs(noisy - still).max() > 1e-3


def test_nothing_left_out_is_the_network_itself():
    x = np.random.default_rng(0).uniform(0, 1, (2, 18, 18, 5)).astype(np.float32)
    network = build_network(dropping(0.0), 0)
    noise = draw_noise(network, jax.random.key(3))
    assert isinstance(noise, Noise)
    np.testing.assert_array_equal(network(x, noise), network(x))
