# SPDX-License-Identifier: GPL-3.0-or-later
"""Posterior predictions against NumPy over stacked draws."""

import jax
import numpy as np
import pytest

from learning.linear_task import LinearRegression, make_data
from mesobayes.learning.predict import predict_draws, predict_mean_weights
from mesobayes.nets.keys import random_key
from mesobayes.nets.posterior import draw_weights

DRAWS, SEED = 5, 9
X = make_data(12)["x"]


def stacked(inputs):
    """Outputs (draw, n) of networks with drawn weights, one after the other."""
    outputs = []
    for draw in range(DRAWS):
        network = LinearRegression(4)
        draw_weights(network, jax.random.fold_in(random_key(SEED), draw))
        outputs.append(np.asarray(network(inputs)))
    return np.stack(outputs)


def squared(output, inputs):
    return {"square": output**2, "field": output, "first": inputs[:, 0]}


def doubled(network, inputs):
    return {"twice": 2.0 * network(inputs["x"])}


@pytest.mark.parametrize("batch", [5, 12, 64])
def test_running_moments_and_functionals_equal_those_of_stacked_draws(batch):
    found = predict_draws(LinearRegression(4), X, DRAWS, SEED, functional=squared, batch=batch)
    expected = stacked(X)
    np.testing.assert_allclose(found.mean, expected.mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.std, expected.std(axis=0, ddof=1), rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(found.values["field"], expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found.values["square"], expected**2, rtol=1e-4, atol=1e-6)
    np.testing.assert_array_equal(found.values["first"], np.tile(X[:, 0], (DRAWS, 1)))
    assert found.std.max() > 1e-2


def test_trees_of_inputs_and_outputs_keep_their_names():
    found = predict_draws(LinearRegression(4), {"x": X}, DRAWS, SEED, forward=doubled)
    np.testing.assert_allclose(found.mean["twice"], 2 * stacked(X).mean(axis=0), rtol=1e-5, atol=1e-6)
    assert found.values is None


def test_draws_are_those_of_the_seed_whatever_the_examples():
    some = predict_draws(LinearRegression(4), X[3:4], DRAWS, SEED, functional=squared)
    every = predict_draws(LinearRegression(4), X, DRAWS, SEED, functional=squared)
    np.testing.assert_allclose(some.values["field"][:, 0], every.values["field"][:, 3], rtol=1e-5)
    other = predict_draws(LinearRegression(4), X, DRAWS, SEED + 1)
    assert not np.allclose(other.mean, every.mean)


def test_a_network_with_point_weights_is_evaluated_once():
    found = predict_draws(LinearRegression(4, "none"), X, 50, SEED, functional=squared)
    assert found.values["field"].shape == (1, 12)
    assert not found.std.any()
    np.testing.assert_array_equal(found.mean, predict_mean_weights(LinearRegression(4, "none"), X))


def test_nothing_to_predict_is_refused():
    with pytest.raises(ValueError, match="0 draws of 12 examples"):
        predict_draws(LinearRegression(4), X, 0, SEED)
    with pytest.raises(ValueError, match="5 draws of 0 examples"):
        predict_draws(LinearRegression(4), X[:0], DRAWS, SEED)
