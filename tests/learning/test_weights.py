# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of all studies as stores."""

import numpy as np
import pytest

from mesobayes.learning.weights import load_network, save_network
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import (
    HeteroencoderSettings,
    LocalNetworkSettings,
    PermeabilityNetworkSettings,
    StressNetworkSettings,
)
from mesobayes.nets.state import split_network
from mesobayes.record.errors import StoreError
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store

RUN = Run("study", "smoke", "seed")
NETWORKS = [
    StressNetworkSettings("printed", 8, width=0.1, blocks=1, estimator="flipout"),
    PermeabilityNetworkSettings("modern", 32, width=0.1, levels=2),
    HeteroencoderSettings("printed", 2, estimator="shared"),
    LocalNetworkSettings("local", 8, width=4, heads=True),
]


@pytest.mark.parametrize("settings", NETWORKS, ids=lambda settings: type(settings).__name__)
def test_a_stored_network_comes_back_with_its_settings_and_arrays(settings, tmp_path):
    network, path = build_network(settings, 3), tmp_path / "network.zarr.zip"
    save_network(network, path, RUN)
    loaded = load_network(path)
    assert loaded.settings == settings
    for found, expected in zip(split_network(loaded), split_network(network), strict=True):
        if not isinstance(expected, dict):
            assert found == expected
            continue
        assert found.keys() == expected.keys()
        for name in expected:
            np.testing.assert_array_equal(found[name], expected[name])


def test_variables_are_named_by_their_path(tmp_path):
    path = tmp_path / "network.zarr.zip"
    save_network(build_network(NETWORKS[2], 0), path, RUN)
    store = open_store(path, "network")
    assert store["layers.0.kernel.rho"].shape == (3, 3, 3, 1, 2)
    assert store.attrs["scale"] == "smoke"


def test_a_damaged_store_and_one_of_another_version_are_refused(tmp_path):
    path = tmp_path / "network.zarr.zip"
    save_network(build_network(NETWORKS[2], 0), path, RUN)
    store = open_store(path, "network")
    for changed in (store.drop_vars("log_noise"), store.assign(more=((), 1.0))):
        write_store(changed, path, "network", RUN)
        with pytest.raises(StoreError, match="no network of this version"):
            load_network(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(StoreError, match="Delete this file"):
        load_network(path)
