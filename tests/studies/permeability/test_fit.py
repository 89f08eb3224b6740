# SPDX-License-Identifier: GPL-3.0-or-later
"""Splits of the cells, and a variational fit with its intervals, on images like and unlike its own."""

import numpy as np
import pytest

from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.studies.permeability.fit import fit_cells
from mesobayes.studies.permeability.settings import CellFitSettings, PredictionSettings, SplitSettings
from mesobayes.studies.permeability.split import TEST, TRAINING, VALIDATION, fit_seeds, split_cells
from mesobayes.studies.permeability.user_image import predict_tensor_diagonal


def test_no_cell_is_in_two_splits_and_the_order_of_batches_does_not_matter():
    split = split_cells(np.arange(200), SplitSettings(), "study", "mono")
    assert [np.sum(split == part) for part in (TRAINING, VALIDATION, TEST)] == [140, 30, 30]
    np.testing.assert_array_equal(split, split_cells(np.arange(200), SplitSettings(), "study", "mono"))
    with pytest.raises(ValueError, match="cannot be split"):
        split_cells(np.arange(2), SplitSettings(), "study", "mono")


def test_no_two_purposes_and_no_two_families_share_a_seed():
    seeds = [
        fit_seeds("study", *name) for name in (("mono", "printed"), ("mono", "modern"), ("poly", "printed"))
    ]
    assert len({seed for one in seeds for seed in one}) == 12
    splits = [split_cells(np.arange(200), SplitSettings(), "study", family) for family in ("mono", "poly")]
    assert np.any(splits[0] != splits[1])


def test_a_fit_without_a_likelihood_takes_the_spread_of_its_errors_in_training(data):
    network_settings = PermeabilityNetworkSettings("printed", 32, width=0.25)
    _, fit = fit_cells(
        data, network_settings, CellFitSettings(epochs=1), SplitSettings(), "study", "p", PredictionSettings()
    )
    spread = np.exp(np.polyval(fit.attrs["spread_coefficients"], fit["volume_fraction"].values))
    np.testing.assert_allclose(fit["noise_std"].values, np.repeat(spread[:, None], 2, axis=1))
    assert np.all(fit["epistemic_std"] == 0)


def test_few_cells_are_one_batch_and_every_epoch_is_scored(data):
    few = data.isel(sample=slice(0, 12))
    network_settings = PermeabilityNetworkSettings("printed", 32, width=0.25)
    settings = CellFitSettings(epochs=2, batch=32)
    _, fit = fit_cells(few, network_settings, settings, SplitSettings(), "study", "p", PredictionSettings())
    assert fit.attrs["n_training"] == 8
    assert fit.sizes["epoch"] == fit.attrs["steps"] == 2
    assert np.isinf(fit.attrs["interval_factor"])  # four validation labels cannot hold 95 %


def test_a_bayesian_fit_has_scores_intervals_and_flags_foreign_images(data):
    network_settings = PermeabilityNetworkSettings(
        "modern", 32, width=0.25, levels=2, stem=2, estimator="shared"
    )
    fit_settings = CellFitSettings(
        epochs=12, batch=16, learning_rate=1e-3, schedule="onecycle", loss="nll", augment=True
    )
    network, fit = fit_cells(
        data, network_settings, fit_settings, SplitSettings(), "study", "bayes", PredictionSettings(draws=8)
    )
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
