# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np

from mesobayes.nets.build import build_network
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.nets.state import merge_network, split_network, statistics_of

NETWORK = StressNetworkSettings("printed", 8, width=0.1, blocks=1, strides=(1, 2, 1), estimator="shared")


def test_a_network_is_put_together_again_from_its_named_arrays():
    network = build_network(NETWORK, 0)
    structure, parameters, statistics = split_network(network)
    assert "blocks.0.first.linear.kernel.rho" in parameters
    assert set(statistics) == {name for name in statistics if name.endswith((".norm.mean", ".norm.var"))}
    x = np.random.default_rng(0).normal(size=(2, 20, 20, 5)).astype(np.float32)
    again = merge_network(structure, parameters, statistics)
    np.testing.assert_array_equal(again(x), network(x))
    assert split_network(again)[0] == structure


def test_training_changes_the_statistics_of_the_copy_alone():
    network = build_network(NETWORK, 0)
    structure, parameters, statistics = split_network(network)
    again = merge_network(structure, parameters, statistics)
    again(np.ones((2, 20, 20, 5), np.float32), train=True)
    name = "encoder.0.norm.norm.mean"
    assert not np.array_equal(statistics_of(again)[name], statistics[name])
    np.testing.assert_array_equal(statistics_of(network)[name], statistics[name])
