# SPDX-License-Identifier: GPL-3.0-or-later
"""Permeability networks: exact symmetries, sizes, and volume convolutions as stacks of images."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from jax import lax

from mesobayes.nets.build import build_network
from mesobayes.nets.convolution import SameConvolution
from mesobayes.nets.resampling import max_pool, mean_pool, space_to_depth
from mesobayes.nets.settings import PermeabilityNetworkSettings

forward = jax.jit(lambda graph, state, x: nnx.merge(graph, state)(x), static_argnums=0)


def images(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).random(shape) < 0.3, jnp.float32)


def modern(**settings):
    return build_network(PermeabilityNetworkSettings("modern", 32, width=0.25, **settings), 3)


def run(network, x):
    """Means and log standard deviations, compiled once for each architecture and shape."""
    return forward(*nnx.split(network), x)


def test_modern_exchanges_its_components_when_the_image_is_transposed():
    network, x = modern(), images(3, 32, 32)
    for value, turned in zip(run(network, x), run(network, jnp.swapaxes(x, 1, 2)), strict=True):
        np.testing.assert_allclose(turned, value[:, ::-1], atol=1e-6)
        assert np.abs(value[:, 0] - value[:, 1]).max() > 1e-5  # and it does tell the axes apart


def test_modern_in_three_dimensions_permutes_all_components():
    network, x = modern(dimension=3, outputs=3, stem=2), images(2, 16, 16, 16)
    turned = jnp.swapaxes(x, 3, 1)  # x <-> z
    np.testing.assert_allclose(run(network, turned)[0], run(network, x)[0][:, ::-1], atol=1e-6)


def test_modern_does_not_see_a_periodic_shift_by_whole_blocks():
    network, x = modern(), images(2, 32, 32)
    step = network.settings.multiple
    np.testing.assert_allclose(
        run(network, jnp.roll(x, (step, -step), (1, 2)))[0], run(network, x)[0], atol=1e-6
    )
    np.testing.assert_allclose(run(network, jnp.tile(x, (1, 2, 1)))[0], run(network, x)[0], atol=1e-6)


@pytest.mark.parametrize("shape", [(32, 48), (37, 21)], ids=str)
def test_modern_takes_any_size(shape):
    assert np.all(np.isfinite(run(modern(), images(2, *shape))[0]))


@pytest.mark.parametrize("name", ["printed", "modern"])
def test_a_prediction_does_not_depend_on_its_batch_mates(name):
    network = build_network(PermeabilityNetworkSettings(name, 32, width=0.25), 0)
    x = images(4, 32, 32)
    np.testing.assert_allclose(run(network, x[:1])[0], run(network, x)[0][:1], rtol=1e-5, atol=1e-6)


def test_printed_has_the_layers_of_the_paper():
    network = build_network(PermeabilityNetworkSettings("printed", 256), 0)
    assert [layer.kernel.mu.shape[:2] for layer in network.convolutions] == [(3, 3), (3, 3), (5, 5), (7, 7)]
    assert [layer.kernel.mu.shape for layer in network.dense] == [(16 * 16 * 64, 64), (64, 32), (32, 2)]


def test_printed_exists_in_three_dimensions_with_an_odd_edge():
    network = build_network(PermeabilityNetworkSettings("printed", 21, 3, 1, width=0.1), 0)
    assert run(network, images(2, 21, 21, 21))[0].shape == (2, 1)
    maps = jax.eval_shape(network.feature_maps, images(1, 21, 21, 21))
    assert [values.shape[1] for values in maps] == [10, 5, 2, 1]


@pytest.mark.parametrize("boundary", ["zeros", "periodic"])
@pytest.mark.parametrize("inputs", [1, 6])
def test_a_convolution_and_its_gradients_are_those_of_the_plain_sum(boundary, inputs):
    keys = jax.random.split(jax.random.key(0), 3)
    x, w = jax.random.normal(keys[0], (2, 7, 9, inputs)), jax.random.normal(keys[1], (5, 5, inputs, 3))
    weight = jax.random.normal(keys[2], (2, 7, 9, 3))

    def plain(x, w):
        mode = "wrap" if boundary == "periodic" else "constant"
        around = jnp.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode=mode)
        return lax.conv_general_dilated(
            around, w, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    for ours, theirs in zip(
        *(
            (f(x, w), *jax.grad(lambda x, w, f=f: jnp.sum(weight * f(x, w)), argnums=(0, 1))(x, w))
            for f in (SameConvolution(boundary), plain)
        ),
        strict=True,
    ):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("size", [3, 5])
def test_a_volume_convolution_as_a_stack_of_images_is_the_same_sum(size):
    keys = jax.random.split(jax.random.key(0))
    x, w = jax.random.normal(keys[0], (2, 6, 7, 8, 3)), jax.random.normal(keys[1], (size,) * 3 + (3, 4))

    def direct(x, w):
        return lax.conv_general_dilated(
            x, w, (1, 1, 1), "SAME", dimension_numbers=("NDHWC", "DHWIO", "NDHWC")
        )

    np.testing.assert_allclose(SameConvolution()(x, w), direct(x, w), rtol=1e-4, atol=1e-4)
    ours, plain = (jax.grad(lambda w, f=f: jnp.sum(jnp.sin(f(x, w))))(w) for f in (SameConvolution(), direct))
    np.testing.assert_allclose(ours, plain, rtol=1e-3, atol=1e-2)


def test_a_periodic_convolution_sees_the_image_again_beyond_its_edge():
    x, w = (
        jax.random.normal(jax.random.key(0), (1, 6, 5, 2)),
        jax.random.normal(jax.random.key(1), (3, 3, 2, 3)),
    )
    tiled = SameConvolution("zeros")(jnp.tile(x, (1, 3, 3, 1)), w)[:, 6:12, 5:10]
    np.testing.assert_allclose(SameConvolution("periodic")(x, w), tiled, rtol=1e-5, atol=1e-5)


def test_pooling_and_folding_keep_the_pixels_of_a_block_together():
    x = jnp.arange(32.0).reshape(1, 4, 8, 1)
    np.testing.assert_array_equal(max_pool(x)[0, :, :, 0], [[9, 11, 13, 15], [25, 27, 29, 31]])
    np.testing.assert_array_equal(mean_pool(x)[0, 0, :2, 0], [4.5, 6.5])
    np.testing.assert_array_equal(space_to_depth(x, 2)[0, 0, 1], [2, 3, 10, 11])
    assert space_to_depth(jnp.zeros((2, 4, 4, 4, 1)), 2).shape == (2, 2, 2, 2, 8)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "resnet"}, "'printed' or 'modern'"),
        ({"dimension": 4}, "dimension"),
        ({"outputs": 3}, "more than the dimension"),
        ({"side": 8}, "below 16 pixels"),
        ({"levels": 9}, "levels"),
    ],
)
def test_impossible_networks_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        PermeabilityNetworkSettings(**{"name": "printed", "side": 32, **settings})
