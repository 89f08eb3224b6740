# SPDX-License-Identifier: GPL-3.0-or-later
"""Log permeability of images by weight draws, and networks as stores."""

import numpy as np
import pytest

from mesobayes.learning.weights import save_network
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import HeteroencoderSettings, PermeabilityNetworkSettings
from mesobayes.record.errors import StoreError
from mesobayes.studies.permeability.predict import load_permeability_network, predict_log, predict_mean

IMAGES = np.random.default_rng(0).random((5, 16, 16)) < 0.3


def network(name="modern", estimator="none", seed=0):
    settings = PermeabilityNetworkSettings(name, 16, width=0.25, levels=2, stem=2, estimator=estimator)
    return build_network(settings, seed)


def test_weight_draws_spread_and_point_weights_do_not():
    point = predict_log(network(), IMAGES, 4, 0)
    spread = predict_log(network(estimator="shared"), IMAGES, 8, 0)
    assert np.all(point.epistemic_std == 0)
    assert np.all(spread.epistemic_std > 0)
    again = predict_log(network(estimator="shared"), IMAGES[2:], 8, 0)
    np.testing.assert_allclose(again.mean, spread.mean[2:], atol=1e-5)  # draws are shared by all images


@pytest.mark.parametrize("name", ["printed", "modern"])
def test_stored_weights_come_back(tmp_path, run, name):
    path, original = tmp_path / "network.zarr.zip", network(name, seed=5)
    save_network(original, path, run)
    np.testing.assert_array_equal(
        predict_mean(load_permeability_network(path), IMAGES), predict_mean(original, IMAGES)
    )
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StoreError, match="damaged"):
        load_permeability_network(path)


def test_a_network_of_another_study_is_refused(tmp_path, run):
    path = tmp_path / "network.zarr.zip"
    save_network(build_network(HeteroencoderSettings(filters=1), 0), path, run)
    with pytest.raises(StoreError, match="no permeability network"):
        load_permeability_network(path)
