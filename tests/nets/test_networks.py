# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes, sizes and exact properties of the two stress networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from mesobayes.nets.build import build_network
from mesobayes.nets.posterior import count_weights, draw_noise, warm_start
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.nets.stress import output_scale, principal_sum, tresca

MODERN = StressNetworkSettings("modern", 8, width=0.17, levels=2)


@pytest.fixture(scope="module")
def inputs() -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (3, 18, 18, 5)).astype(np.float32)
    x[..., 3:] = x[..., 3:] > 0
    return x


def scaled(inputs: np.ndarray, factor: float) -> np.ndarray:
    return inputs * np.array([factor, factor, factor, 1, 1], np.float32)


def test_sizes_at_full_width():
    sizes = {"printed": 1_682_080, "modern": 238_896}
    for name, size in sizes.items():
        settings = StressNetworkSettings(name, 16)  # type: ignore[arg-type]
        network = nnx.eval_shape(lambda s=settings: build_network(s, 0))
        assert count_weights(network) == size


@pytest.mark.parametrize("options", [{}, {"stem": 2}, {"levels": 3}])
def test_linear_head_is_homogeneous_and_even_in_the_load(options, inputs):
    settings = StressNetworkSettings("modern", 8, width=0.17, **({"levels": 2} | options))
    padded = np.pad(inputs, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    network = build_network(settings, 2)
    field = network(padded)
    assert field.shape == (3, 8, 8)
    np.testing.assert_allclose(network(scaled(padded, 4.0)), 4 * field, rtol=1e-6)  # powers of two are exact
    np.testing.assert_allclose(network(scaled(padded, 0.37)), 0.37 * field, rtol=2e-4, atol=1e-5)
    np.testing.assert_array_equal(network(scaled(padded, -1.0)), field)
    np.testing.assert_array_equal(network(scaled(padded, 0.0)), 0)


def test_a_head_of_zero_weights_gives_the_macroscopic_tresca_stress(inputs):
    network = build_network(MODERN, 2)
    network.head.kernel.mu[...] = jnp.zeros_like(network.head.kernel.mu[...])
    np.testing.assert_allclose(network(inputs), tresca(inputs[:, 5:13, 5:13, :3]), rtol=1e-6)


def test_cropping_inside_the_decoder_changes_nothing(inputs):
    wide = build_network(StressNetworkSettings("modern", 18, width=0.17, levels=2), 2)  # nothing to crop
    narrow = build_network(MODERN, 2)
    np.testing.assert_allclose(narrow(inputs), wide(inputs)[:, 5:13, 5:13], rtol=1e-5, atol=1e-6)


def test_gradient_is_finite_where_the_stress_vanishes(inputs):
    network = build_network(MODERN, 2)
    gradient = jax.grad(lambda x: jnp.sum(network(x)))(jnp.asarray(scaled(inputs, 0.0)))
    assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("norm", ["batch", "group", "none"])
@pytest.mark.parametrize("strides", [(1, 2, 2), (2, 1, 1)])
def test_printed_network_has_the_shape_of_the_region_for_every_option(norm, strides):
    settings = StressNetworkSettings("printed", 8, width=0.1, blocks=1, norm=norm, strides=strides)
    field = nnx.eval_shape(lambda x: build_network(settings, 0)(x), np.ones((2, 20, 20, 5), np.float32))
    assert field.shape == (2, 8, 8)


def test_warm_start_predicts_exactly_what_the_deterministic_network_does(inputs):
    options = {"width": 0.1, "blocks": 1, "strides": (1, 2, 1)}
    deterministic = build_network(StressNetworkSettings("printed", 8, **options), 3)
    variational = build_network(StressNetworkSettings("printed", 8, estimator="shared", **options), 4)
    started = warm_start(variational, deterministic)
    np.testing.assert_array_equal(started(inputs), deterministic(inputs))
    assert not np.array_equal(variational(inputs), deterministic(inputs))
    noisy = started(inputs, draw_noise(started, jax.random.key(0)))
    assert not np.array_equal(noisy, deterministic(inputs))
    with pytest.raises(ValueError, match="warm start"):
        warm_start(build_network(StressNetworkSettings("printed", 8, width=0.2), 0), deterministic)


def test_output_scale_is_the_sum_of_absolute_principal_stresses(inputs):
    stress = np.asarray(inputs[..., :3], np.float64)
    tensor = np.stack([stress[..., [0, 2]], stress[..., [2, 1]]], axis=-2)
    expected = np.abs(np.linalg.eigvalsh(tensor)).sum(axis=-1)
    np.testing.assert_allclose(principal_sum(jnp.asarray(inputs[..., :3])), expected, rtol=1e-4)
    np.testing.assert_allclose(output_scale(jnp.asarray(inputs), 1.0), np.maximum(expected, 1.0), rtol=1e-4)


def test_seeds_above_32_bits_give_different_networks():
    kernels = [
        np.asarray(build_network(MODERN, seed).head.kernel.mu[...]) for seed in (5, 5 + 2**40, 2**63 - 1)
    ]
    assert not np.array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[1], kernels[2])


def test_settings_name_what_is_wrong():
    with pytest.raises(ValueError, match="'none', 'shared', 'flipout' or 'dropout'"):
        StressNetworkSettings("modern", 8, estimator="drop")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="strides"):
        StressNetworkSettings("printed", 8, strides=(1, 2, 3))
