# SPDX-License-Identifier: GPL-3.0-or-later
"""Predictions of a user's image: cases whose answer is known, bounds, and images without an interval."""

import json

import numpy as np
import pytest

from mesobayes.fem.cell.homogenisation import homogenise
from mesobayes.geometry.inclusions import sample_cell
from mesobayes.geometry.settings import InclusionFamily
from mesobayes.learning.outliers import fit_outlier_detector
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.record.store import write_store
from mesobayes.studies.permeability.data import label_cells
from mesobayes.studies.permeability.mechanics import describe_cells
from mesobayes.studies.permeability.predict import pooled_features
from mesobayes.studies.permeability.settings import CellMechanicsSettings, Materials, PredictionSettings
from mesobayes.studies.permeability.stopped import fit_stopped_cells
from mesobayes.studies.permeability.user_image import Models, predict_by_mechanics, predict_tensor_diagonal

SIDE = 32
DISCS = InclusionFamily("overlap", SIDE, 2, 4.0, 4.0, overlap=True, fraction_max=0.7)
MECHANICS = CellMechanicsSettings(gap=8.0, gap_volume=4.0, misfit_max=0.02, steps=6)


@pytest.fixture(scope="module")
def answer(settings_of, run, tmp_path_factory):
    """Function: the answer of the stopped solver, fitted to overlapping discs of contrast 250."""
    cells = label_cells(DISCS, range(60), "study", Materials(), 1e-6, 2)
    mechanics = describe_cells(cells, DISCS, Materials(), MECHANICS)
    prediction = PredictionSettings(level=0.8)  # 18 labels of validation cells calibrate no more
    fit = fit_stopped_cells(cells, mechanics, 6, settings_of().split, prediction, "study")
    path = tmp_path_factory.mktemp("models") / "stopped.zarr.zip"
    write_store(fit, path, "permeability/fit", run)
    models = Models(path, path, path, path, path)
    return lambda image, *phases: predict_by_mechanics(image, models, DISCS, Materials(*phases), MECHANICS)


def means(found):
    return [value["mean"] for value in found["permeability"]]


def noise(seed, share):
    """Shapes that are no discs."""
    blocks = np.random.default_rng(seed).random((8, 8)) < share
    return np.kron(blocks, np.ones((SIDE // 8, SIDE // 8), bool))


def test_layers_have_the_arithmetic_and_the_harmonic_mean(answer):
    layers = np.zeros((SIDE, SIDE), bool)
    layers[::4] = True
    found = answer(layers)
    assert found["model"] == "stopped"
    expected = [0.25 * 250 + 0.75, 1 / (0.25 / 250 + 0.75)]
    assert means(found) == pytest.approx(expected, rel=1e-9)
    assert means(answer(layers.T)) == pytest.approx(expected[::-1], rel=1e-9)


def test_an_image_of_equal_phases_has_their_permeability(answer):
    assert means(answer(noise(0, 0.4), 3.0, 3.0)) == pytest.approx([3.0, 3.0], rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_phases_exchanged_obey_kellers_relation(answer, seed):
    """μ_xx of an image times μ_yy of the exchanged one is μ_1 μ_2 (Keller 1964); elements are too stiff."""
    image = sample_cell(DISCS, np.random.default_rng(seed), 0.4).image()
    first, second = answer(image)["permeability"][0], answer(~image)["permeability"][1]
    assert first["upper_bound"] * second["upper_bound"] >= 250.0
    assert first["mean"] * second["mean"] == pytest.approx(250.0, rel=0.2)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.98])
def test_no_answer_leaves_its_bounds_nor_does_its_interval(answer, share):
    """Shares of 0.02 and 0.98 lie far outside what the regression was fitted to."""
    image = noise(3, share)
    label = np.diagonal(homogenise(image).permeability)
    for value, true in zip(answer(image)["permeability"], label, strict=True):
        least, most = value["lower_bound"] * (1 - 1e-9), value["upper_bound"] * (1 + 1e-9)
        assert least <= true <= most
        assert least <= value["lower"] <= value["mean"] <= value["upper"] <= most


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
