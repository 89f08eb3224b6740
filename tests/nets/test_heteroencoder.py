# SPDX-License-Identifier: GPL-3.0-or-later
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mesobayes.nets.heteroencoder import (
    HeteroencoderSettings,
    build_heteroencoder,
    count_parameters,
    divergence,
    draw_weights,
    predict_damage,
    variation_by_layer,
    warm_start,
)
from mesobayes.nets.volumes import BandedConvolution3D, Convolution3D, max_pool, upsample
from mesobayes.record.errors import SettingsError

POINT = HeteroencoderSettings(convolution="plain")
FLIPOUT = HeteroencoderSettings(estimator="flipout")


def volumes(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), jnp.float32)


@pytest.mark.parametrize(
    ("settings", "printed"),
    [(POINT, [224, 1736, 1736, 1736, 1736, 217]), (FLIPOUT, [448, 3472, 3472, 3472, 3472, 434])],
)
def test_layers_have_the_printed_numbers_of_parameters(settings, printed):
    parameters = build_heteroencoder(settings, 0)
    assert [count_parameters(layer) for layer in parameters.layers] == printed


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
    pooled = max_pool(x)
    assert float(pooled[0, 1, 0, 1, 1]) == float(x[0, 2:4, 0:2, 2:4, 1].max())
    np.testing.assert_array_equal(max_pool(upsample(pooled)), pooled)


def test_the_network_follows_the_layer_table():
    parameters = build_heteroencoder(POINT, 3)
    pores = (volumes(2, 4, 4, 8) > 1.0).astype(jnp.float32)
    operator = Convolution3D()
    x = pores[..., None]
    for number, after in enumerate([max_pool, max_pool, upsample, upsample, lambda x: x]):
        layer = parameters.layers[number]
        x = after(jax.nn.relu(operator(x, layer.kernel.mu) + layer.bias.mu))
    expected = operator(x, parameters.layers[5].kernel.mu)[..., 0]
    np.testing.assert_allclose(predict_damage(parameters, pores, POINT), expected, atol=1e-6)


@pytest.mark.parametrize("name", ["printed", "modern"])
def test_the_modern_network_sees_the_edge_and_both_keep_the_shape(name):
    settings = HeteroencoderSettings(name, filters=4)
    parameters = build_heteroencoder(settings, 0)
    assert predict_damage(parameters, jnp.zeros((3, 4, 8, 4)), settings).shape == (3, 4, 8, 4)
    field = predict_damage(parameters, jnp.zeros((1, 8, 8, 8)), settings)
    assert (float(field.std()) > 1e-3) == (name == "modern")  # zero padding alone says nothing about solid


def test_flipout_has_the_moments_of_coherent_weight_draws():
    settings = HeteroencoderSettings(filters=2, estimator="flipout", posterior_std=0.5)
    parameters = build_heteroencoder(settings, 1)
    pores = (volumes(1, 4, 4, 4) > 0.5).astype(jnp.float32)
    keys = jax.random.split(jax.random.key(0), 600)
    flipped = jax.lax.map(lambda k: predict_damage(parameters, pores, settings, k), keys)
    drawn = jax.lax.map(lambda k: predict_damage(draw_weights(parameters, k), pores, settings), keys)
    spread = float(drawn.mean(axis=(1, 2, 3, 4)).std())
    assert float(flipped.mean(axis=(1, 2, 3, 4)).std()) == pytest.approx(spread, rel=0.15)
    assert float(flipped.max(axis=(1, 2, 3, 4)).mean()) == pytest.approx(
        float(drawn.max(axis=(1, 2, 3, 4)).mean()), rel=0.1
    )


def test_examples_of_a_flipout_batch_get_noise_of_their_own_in_kernel_and_bias():
    parameters = build_heteroencoder(FLIPOUT, 0)
    same = jnp.zeros((2, 4, 4, 4))
    fields = predict_damage(parameters, same, FLIPOUT, jax.random.key(3))
    assert float(jnp.abs(fields[0] - fields[1]).max()) > 1e-4  # without pores only the biases act


def test_a_warm_start_predicts_what_the_deterministic_network_predicts():
    point, variational = build_heteroencoder(POINT, 1), build_heteroencoder(FLIPOUT, 2)
    warm = warm_start(variational, point)
    pores = (volumes(1, 4, 4, 4) > 1.0).astype(jnp.float32)
    np.testing.assert_allclose(
        predict_damage(warm, pores, FLIPOUT), predict_damage(point, pores, POINT), atol=1e-5
    )
    np.testing.assert_array_equal(warm.layers[2].bias.rho, variational.layers[2].bias.rho)


def test_divergence_counts_kernels_and_biases_and_vanishes_at_the_prior():
    settings = HeteroencoderSettings(filters=2, estimator="flipout", prior_std=0.3)
    parameters = build_heteroencoder(settings, 0)
    at_prior = jax.tree_util.tree_map_with_path(
        lambda path, a: (
            jnp.full_like(a, np.log(np.expm1(0.3))) if path[-1].name == "rho" else jnp.zeros_like(a)
        ),
        parameters,
    )
    assert float(divergence(at_prior, settings)) == pytest.approx(0.0, abs=1e-3)
    assert float(divergence(build_heteroencoder(POINT, 0), POINT)) == 0.0
    moved = at_prior._replace(
        layers=(
            at_prior.layers[0]._replace(
                bias=at_prior.layers[0].bias._replace(mu=jnp.ones_like(at_prior.layers[0].bias.mu))
            ),
            *at_prior.layers[1:],
        )
    )
    assert float(divergence(moved, settings)) == pytest.approx(2 * 0.5 / 0.09, rel=1e-3)


def test_variation_is_the_sum_of_deviations_over_the_sum_of_means():
    parameters = build_heteroencoder(FLIPOUT, 0)
    kernels, _ = variation_by_layer(warm_start(parameters, parameters))
    first = parameters.layers[0].kernel
    assert kernels[0] == pytest.approx(float(first.sigma.sum() / abs(first.mu.sum())), rel=1e-5)


def test_unknown_settings_are_refused():
    with pytest.raises(SettingsError, match="printed, modern"):
        HeteroencoderSettings("deep")
    with pytest.raises(SettingsError, match="positive"):
        HeteroencoderSettings(filters=0)
