# SPDX-License-Identifier: GPL-3.0-or-later
"""Predictions of a user's image: what they say where no interval could be calibrated."""

import json

import numpy as np

from mesobayes.learning.outliers import fit_outlier_detector
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.studies.permeability.predict import pooled_features
from mesobayes.studies.permeability.user_image import predict_tensor_diagonal


def test_without_enough_validation_cells_there_is_no_interval(fit):
    settings = PermeabilityNetworkSettings("modern", 16, width=0.25, levels=2, stem=2, estimator="shared")
    network = build_network(settings, 0)
    images = np.random.default_rng(0).random((20, 16, 16)) < 0.3
    detector = fit_outlier_detector(*np.split(pooled_features(network, images), 2))
    trained = fit(0.03).assign(
        feature_mean=("feature", detector.mean),
        feature_whitening=(("feature", "direction"), detector.whitening),
        outlier_threshold=((), detector.threshold),
    )
    trained.attrs |= {
        "fraction_range": [0.1, 0.5],
        "interval_level": 0.95,
        "interval_factor": np.inf,
    }
    found = predict_tensor_diagonal(network, trained, images[0], 4)
    assert all(value["lower"] is None and value["upper"] is None for value in found["permeability"])
    json.dumps(found, allow_nan=False)
