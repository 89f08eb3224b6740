# SPDX-License-Identifier: GPL-3.0-or-later
"""Posterior predictions against NumPy over stacked draws, and networks as files."""

import numpy as np
import pytest
from flax import nnx

from mesobayes.learning.archive import load_network, save_network
from mesobayes.learning.prediction import _draw, _forward, predict, predict_mean_weights
from mesobayes.nets.build import build_network
from mesobayes.nets.keys import random_key
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.record.errors import StoreError

DRAWS = 5


@pytest.fixture(scope="module")
def network(tiny):
    return build_network(tiny, 4)


def test_running_moments_equal_those_of_stacked_draws(network, patches):
    graph, state = nnx.split(network)
    fields = np.stack(
        [
            _forward(graph, _draw(graph, state, random_key(9), np.int32(d)), patches.inputs)
            for d in range(DRAWS)
        ]
    )
    prediction = predict(network, patches.inputs, DRAWS, batch=5, seed=9)
    np.testing.assert_allclose(prediction.mean, fields.mean(axis=0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(prediction.epistemic_std, fields.std(axis=0, ddof=1), rtol=1e-3, atol=1e-6)
    maxima = np.where(patches.mask, fields, 0).max(axis=(2, 3))
    np.testing.assert_allclose(prediction.roi_max, maxima, rtol=1e-5)
    assert prediction.epistemic_std.max() > 1e-3


@pytest.mark.parametrize("norm", ["batch", "modern"])
def test_a_prediction_does_not_depend_on_its_batch_mates(norm, patches, tiny):
    settings = tiny
    if norm == "batch":
        settings = StressNetworkSettings(
            "printed", 8, width=0.1, blocks=1, strides=(1, 2, 1), estimator="shared"
        )
    net = build_network(settings, 6)
    together = predict(net, patches.inputs, 2, batch=4, seed=1)
    alone = predict(net, patches.inputs[6:7], 2, batch=4, seed=1)
    np.testing.assert_allclose(alone.mean[0], together.mean[6], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(alone.roi_max[:, 0], together.roi_max[:, 6], rtol=1e-5)


def test_a_saved_network_predicts_the_same(network, patches, tmp_path):
    path = tmp_path / "network.npz"
    save_network(network, path)
    loaded = load_network(path)
    assert loaded.settings == network.settings
    np.testing.assert_array_equal(
        predict_mean_weights(loaded, patches.inputs), predict_mean_weights(network, patches.inputs)
    )
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(StoreError, match="delete it"):
        load_network(path)


def test_noise_is_in_the_units_of_the_prediction(network, patches, tiny):
    prediction = predict(network, patches.inputs, 1, loss_scale="patch")
    np.testing.assert_allclose(prediction.noise_std, tiny.noise_std, rtol=1e-5)
