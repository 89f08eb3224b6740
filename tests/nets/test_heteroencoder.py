# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy import ndimage

from mesobayes.nets.build import build_network
from mesobayes.nets.cpu.banded_convolution import BandedConvolution3D
from mesobayes.nets.heteroencoder import count_parameters, smooth, variation_by_layer
from mesobayes.nets.operators import Convolution3D
from mesobayes.nets.posterior import draw_noise, draw_weights, kl_divergence, warm_start, weights
from mesobayes.nets.resampling import max_pool_by_reduction, upsample
from mesobayes.nets.settings import HeteroencoderSettings

POINT = HeteroencoderSettings(convolution="plain")
FLIPOUT = HeteroencoderSettings(estimator="flipout")


def volumes(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), jnp.float32)


@pytest.mark.parametrize(
    ("settings", "printed"),
    [(POINT, [224, 1736, 1736, 1736, 1736, 217]), (FLIPOUT, [448, 3472, 3472, 3472, 3472, 434])],
)
def test_layers_have_the_printed_numbers_of_parameters(settings, printed):
    assert [count_parameters(layer) for layer in build_network(settings, 0).layers] == printed


@pytest.mark.parametrize(("slices", "channels"), [(4, (2, 3)), (6, (1, 2)), (7, (3, 1))])
def test_the_banded_convolution_is_the_plain_one_in_values_and_gradients(slices, channels):
    inputs, outputs = channels
    x, w = volumes(2, slices, 4, 5, inputs), volumes(3, 3, 3, inputs, outputs, seed=1)
    g = volumes(2, slices, 4, 5, outputs, seed=2)
    plain, pull_plain = jax.vjp(Convolution3D(), x, w)
    banded, pull_banded = jax.vjp(BandedConvolution3D(), x, w)
    np.testing.assert_allclose(banded, plain, atol=2e-5)
    for a, b in zip(pull_banded(g), pull_plain(g), strict=True):
        np.testing.assert_allclose(a, b, atol=2e-4)


def test_pooling_and_upsampling_act_on_blocks_of_eight_voxels():
    x = volumes(1, 4, 4, 4, 2)
    pooled = max_pool_by_reduction(x)
    assert float(pooled[0, 1, 0, 1, 1]) == float(x[0, 2:4, 0:2, 2:4, 1].max())
    np.testing.assert_array_equal(max_pool_by_reduction(upsample(pooled)), pooled)


def test_the_network_follows_the_layer_table():
    network = build_network(POINT, 3)
    pores = (volumes(2, 4, 4, 8) > 1.0).astype(jnp.float32)
    operator = Convolution3D()
    x = pores[..., None]
    for number, after in enumerate(
        [max_pool_by_reduction, max_pool_by_reduction, upsample, upsample, lambda x: x]
    ):
        layer = network.layers[number]
        x = after(jax.nn.relu(operator(x, layer.kernel.mu[...]) + layer.bias.mu[...]))
    expected = operator(x, network.layers[5].kernel.mu[...])[..., 0]
    np.testing.assert_allclose(network(pores), expected, atol=1e-6)


def test_kernels_start_as_gaussians_of_variance_two_over_fan_in_and_biases_at_zero():
    first, second, *_ = build_network(FLIPOUT, 11).layers
    assert float(second.kernel.mu[...].std()) == pytest.approx(np.sqrt(2 / (27 * 8)), rel=0.05)
    assert float(first.kernel.sigma.mean()) == pytest.approx(0.05 * np.sqrt(2 / 27), rel=1e-4)
    assert float(first.bias.sigma.mean()) == pytest.approx(0.05 * 0.1, rel=1e-4)
    assert not first.bias.mu[...].any()


@pytest.mark.parametrize("name", ["printed", "modern"])
def test_the_modern_network_sees_the_edge_and_both_keep_the_shape(name):
    network = build_network(HeteroencoderSettings(name, filters=4), 0)
    assert network(jnp.zeros((3, 4, 8, 4))).shape == (3, 4, 8, 4)
    field = network(jnp.zeros((1, 8, 8, 8)))
    assert (float(field.std()) > 1e-3) == (name == "modern")  # zero padding alone says nothing about solid


def test_only_a_network_with_a_likelihood_has_a_noise():
    assert build_network(POINT, 0).log_noise is None
    assert float(jnp.exp(build_network(FLIPOUT, 0).log_noise[...])) == pytest.approx(0.1)


def test_flipout_has_the_moments_of_coherent_weight_draws():
    network = build_network(HeteroencoderSettings(filters=2, estimator="flipout", posterior_std=0.5), 1)
    graph, state = nnx.split(network)
    pores = (volumes(1, 4, 4, 4) > 0.5).astype(jnp.float32)

    def flipped_field(key):
        net = nnx.merge(graph, state, copy=True)
        return net(pores, draw_noise(net, key))

    def drawn_field(key):
        net = nnx.merge(graph, state, copy=True)
        draw_weights(net, key)
        return net(pores)

    keys = jax.random.split(jax.random.key(0), 600)
    flipped, drawn = jax.lax.map(flipped_field, keys), jax.lax.map(drawn_field, keys)
    spread = float(drawn.mean(axis=(1, 2, 3, 4)).std())
    assert float(flipped.mean(axis=(1, 2, 3, 4)).std()) == pytest.approx(spread, rel=0.15)
    assert float(flipped.max(axis=(1, 2, 3, 4)).mean()) == pytest.approx(
        float(drawn.max(axis=(1, 2, 3, 4)).mean()), rel=0.1
    )


def test_examples_of_a_flipout_batch_get_noise_of_their_own_in_kernel_and_bias():
    network = build_network(FLIPOUT, 0)
    fields = network(jnp.zeros((2, 4, 4, 4)), draw_noise(network, jax.random.key(3)))
    assert float(jnp.abs(fields[0] - fields[1]).max()) > 1e-4  # without pores only the biases act


def test_a_warm_start_predicts_what_the_deterministic_network_predicts():
    point, variational = build_network(POINT, 1), build_network(FLIPOUT, 2)
    warm = warm_start(variational, point)
    pores = (volumes(1, 4, 4, 4) > 1.0).astype(jnp.float32)
    np.testing.assert_allclose(warm(pores), point(pores), atol=1e-5)
    np.testing.assert_array_equal(warm.layers[2].bias.rho[...], variational.layers[2].bias.rho[...])


def test_divergence_counts_kernels_and_biases_and_vanishes_at_the_prior():
    settings = HeteroencoderSettings(filters=2, estimator="flipout", prior_std=0.3)
    network = build_network(settings, 0)
    for weight in weights(network):
        weight.mu[...] = jnp.zeros_like(weight.mu[...])
        weight.rho[...] = jnp.full_like(weight.rho[...], np.log(np.expm1(0.3)))
    assert float(kl_divergence(network, settings)) == pytest.approx(0.0, abs=1e-3)
    assert float(kl_divergence(build_network(POINT, 0), POINT)) == 0.0
    network.layers[0].bias.mu[...] = jnp.ones(2)
    assert float(kl_divergence(network, settings)) == pytest.approx(2 * 0.5 / 0.09, rel=1e-3)


def test_variation_is_the_sum_of_deviations_over_the_sum_of_means():
    network = build_network(FLIPOUT, 0)
    network = warm_start(network, build_network(replace(FLIPOUT, estimator="none"), 4))
    for layer in network.layers:
        layer.bias.mu[...] = jnp.ones_like(layer.bias.mu[...])
    kernels, biases = variation_by_layer(network)
    first = network.layers[0]
    assert kernels[0] == pytest.approx(float(first.kernel.sigma.sum() / abs(first.kernel.mu.sum())), rel=1e-5)
    assert biases[0] == pytest.approx(0.05 * 0.1, rel=1e-4)


def test_unknown_settings_are_refused():
    with pytest.raises(ValueError, match="'printed' or 'modern'"):
        HeteroencoderSettings("deep")
    with pytest.raises(ValueError, match="filters"):
        HeteroencoderSettings(filters=0)


def test_pores_are_smoothed_by_the_gaussian_filter_of_scipy_and_by_width_zero_not_at_all():
    pores = (np.random.default_rng(0).random((2, 8, 8, 16)) < 0.1).astype(np.float32)
    expected = ndimage.gaussian_filter(pores, (0, 1.2, 1.2, 1.2), mode="constant", truncate=8.0)
    np.testing.assert_allclose(smooth(pores, 1.2), expected, atol=1e-6)
    assert smooth(pores, 0.0) is pores


def test_a_network_that_smooths_its_pores_predicts_like_one_that_is_given_smoothed_ones():
    pores = (np.random.default_rng(1).random((1, 8, 8, 16)) < 0.1).astype(np.float32)
    plain, smoothing = (build_network(HeteroencoderSettings(filters=2, smoothing=s), 0) for s in (0.0, 1.0))
    np.testing.assert_allclose(smoothing(pores), plain(smooth(pores, 1.0)), atol=1e-6)
    assert not np.allclose(smoothing(pores), plain(pores), atol=1e-4)
