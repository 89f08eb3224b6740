# SPDX-License-Identifier: GPL-3.0-or-later
"""The permeability study: cells, splits, fits, predictions on any image."""

import numpy as np
import pytest

from mesobayes.fem.cell.bounds import violates_bounds
from mesobayes.geometry.settings import InclusionFamily
from mesobayes.learning.regression import RegressionSettings
from mesobayes.nets.permeability import PermeabilityNetworkSettings
from mesobayes.studies.permeability.data import generate_cells
from mesobayes.studies.permeability.fit import (
    TEST,
    TRAINING,
    VALIDATION,
    SplitSettings,
    fit_cells,
    predict_tensor_diagonal,
    split_cells,
)

FAMILY = InclusionFamily("mono", 32, radius_min=4, radius_max=4, fraction_max=0.5)


def cells(indices, seed="study"):
    return generate_cells(FAMILY, indices, seed, 1.0, 250.0, 1e-6, 2)


@pytest.fixture(scope="module")
def data():
    return cells(range(90))


def test_a_cell_does_not_depend_on_its_batch(data):
    alone = cells([7])
    np.testing.assert_array_equal(alone["image"].values[0], data["image"].values[7])
    np.testing.assert_allclose(alone["permeability"].values[0], data["permeability"].values[7], rtol=1e-9)
    assert np.any(cells([7], "another study")["image"].values != alone["image"].values)


def test_every_label_is_solved_and_obeys_its_bounds(data):
    fraction = data["volume_fraction"].values
    assert not violates_bounds(data["permeability"].values, fraction, 1.0, 250.0, 2).any()
    assert np.all(data["residual"] <= 1e-6)


def test_a_saturated_cell_is_marked_and_keeps_what_it_reached():
    dense = InclusionFamily("dense", 32, radius_min=4, radius_max=4, fraction_min=0.7, fraction_max=0.7)
    batch = generate_cells(dense, [0, 1], "study", 1.0, 250.0, 1e-4, 2)
    assert np.all(batch["saturated"] == 1)
    assert np.all(batch["volume_fraction"] < 0.65)
    assert batch.attrs["n_saturated"] == 2


def test_no_cell_is_in_two_splits_and_the_order_of_batches_does_not_matter():
    split = split_cells(np.arange(200), SplitSettings(), "study")
    assert [np.sum(split == part) for part in (TRAINING, VALIDATION, TEST)] == [140, 30, 30]
    np.testing.assert_array_equal(split, split_cells(np.arange(200), SplitSettings(), "study"))
    with pytest.raises(ValueError, match="cannot be split"):
        split_cells(np.arange(2), SplitSettings(), "study")


def test_a_bayesian_fit_has_scores_intervals_and_flags_foreign_images(data):
    network_settings = PermeabilityNetworkSettings(
        "modern", 32, width=0.25, levels=2, stem=2, estimator="shared"
    )
    fit_settings = RegressionSettings(
        epochs=12, batch=16, learning_rate=1e-3, schedule="onecycle", loss="nll", l2=0.0, augment=True
    )
    network, fit = fit_cells(data, network_settings, fit_settings, SplitSettings(), "study", "bayes", 8)
    assert fit.sizes["sample"] == fit.attrs["n_test"] == 14
    assert fit.attrs["skill"] > -0.5
    assert np.all(fit["epistemic_std"] > 0)
    assert fit.attrs["coverage_calibrated"] > 0.7  # 28 test values
    usual = predict_tensor_diagonal(network, fit, data["image"].values[0].astype(bool), 8)
    assert usual["components"] == ["xx", "yy"]
    assert all(value["lower"] < value["mean"] < value["upper"] for value in usual["permeability"])
    stripes = np.zeros((40, 64), bool)
    stripes[:, ::2] = True
    foreign = predict_tensor_diagonal(network, fit, stripes, 8)
    assert foreign["out_of_distribution"]
    assert foreign["feature_distance"] > usual["feature_distance"]
