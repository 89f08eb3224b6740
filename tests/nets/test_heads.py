# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads read a network and change nothing of it."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mesobayes.nets.build import build_network
from mesobayes.nets.heads import SpreadHeads, at, largest
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.posterior import count_weights, draw_noise
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.nets.state import split_network

WITHOUT = StressNetworkSettings("modern", 8, width=0.17, levels=2, estimator="shared")
WITH = replace(WITHOUT, heads=True)


@pytest.fixture(scope="module")
def inputs() -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (3, 20, 20, 5)).astype(np.float32)
    x[..., 3:] = x[..., 3:] > 0
    return x


def test_a_network_with_heads_starts_from_the_weights_that_it_has_without(inputs):
    plain, headed = build_network(WITHOUT, 5), build_network(WITH, 5)
    parameters, more = split_network(plain)[1], split_network(headed)[1]
    assert {name for name in more if not name.startswith("heads.")} == set(parameters)
    for name, array in parameters.items():
        np.testing.assert_array_equal(more[name], array)
    assert count_weights(headed) == count_weights(plain)
    noises = [draw_noise(network, jax.random.key(3)) for network in (plain, headed)]
    np.testing.assert_array_equal(headed(inputs, noises[1]), plain(inputs, noises[0]))
    np.testing.assert_array_equal(headed.with_spread(inputs, noises[1])[0], plain(inputs, noises[0]))


@pytest.mark.parametrize("options", [{}, {"stem": 2}, {"levels": 3}])
def test_heads_are_of_the_first_degree_in_the_load(options, inputs):
    network = build_network(replace(WITH, scale_floor=1e-3, **options), 2)
    one = network.with_spread(inputs)[1]
    four = network.with_spread(inputs * np.array([4, 4, 4, 1, 1], np.float32))[1]
    assert one.log_noise.shape == (3, 8, 8)
    np.testing.assert_allclose(four.log_noise, one.log_noise + np.log(4), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(four.log_spread, one.log_spread + np.log(4), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(four.shift, 4 * one.shift, rtol=1e-5)


def test_a_gradient_of_the_heads_ends_at_the_heads():
    heads = SpreadHeads(4, "auto", WeightPlan(1))
    rng = np.random.default_rng(2)
    features, field = (
        jnp.asarray(rng.uniform(size=shape), jnp.float32) for shape in ((2, 6, 6, 4), (2, 6, 6))
    )
    solid = jnp.asarray(rng.uniform(size=(2, 6, 6)) > 0.3)

    def total(features, field):
        return sum(jnp.sum(part**2) for part in heads(features, field, 1 + field, solid))

    for gradient in jax.grad(total, (0, 1))(features, field):
        assert not np.any(gradient)


def test_a_patch_unlike_all_others_keeps_the_heads_within_bounds():
    heads = SpreadHeads(4, "auto", WeightPlan(1))
    rng = np.random.default_rng(2)
    features = jnp.asarray(1e6 * rng.uniform(size=(8, 6, 6, 4)), jnp.float32)
    field = jnp.asarray(rng.uniform(size=(8, 6, 6)), jnp.float32)
    spread = heads(features, field, jnp.full((8, 6, 6), 0.5), jnp.ones((8, 6, 6), bool))
    noise = np.asarray(at(spread.log_noise, largest(field, jnp.ones((8, 6, 6), bool))))
    assert np.abs(spread.shift).max() == pytest.approx(0.5)
    ratio = np.asarray(spread.log_spread) - noise
    assert ratio.min() >= -3.0 - 1e-5
    assert ratio.max() <= 4.0 + 1e-5


def test_the_maximum_is_sought_among_the_solid_pixels():
    field = jnp.arange(18.0).reshape(2, 3, 3)
    solid = jnp.ones((2, 3, 3), bool).at[0, 2].set(False)
    place = largest(field, solid)
    np.testing.assert_array_equal(place, [5, 8])
    np.testing.assert_array_equal(at(field, place), [5, 17])
    np.testing.assert_array_equal(at(jnp.stack([field, -field], -1), place), [[5, -5], [17, -17]])


def test_features_outside_the_material_do_not_reach_the_maximum():
    heads = SpreadHeads(4, "auto", WeightPlan(1))
    rng = np.random.default_rng(3)
    features = jnp.asarray(rng.uniform(size=(1, 9, 9, 4)), jnp.float32)
    field = jnp.zeros((1, 9, 9)).at[0, 1, 1].set(1.0)
    solid = jnp.ones((1, 9, 9), bool).at[0, 5:].set(False)
    wild = features.at[0, 5:].add(100.0)
    a, b = (heads(some, field, jnp.ones((1, 9, 9)), solid) for some in (features, wild))
    np.testing.assert_allclose(a.shift, b.shift, rtol=1e-6)
    np.testing.assert_allclose(a.log_spread, b.log_spread, rtol=1e-6)


def test_the_printed_network_has_no_heads():
    with pytest.raises(ValueError, match="no heads"):
        StressNetworkSettings("printed", heads=True)
