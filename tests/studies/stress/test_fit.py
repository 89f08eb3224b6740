# SPDX-License-Identifier: GPL-3.0-or-later
"""A model from stores to stores: what is fitted is what is predicted, and every score can be made again."""

from dataclasses import replace

import numpy as np
import pytest

from mesobayes.nets.settings import LocalNetworkSettings, StressNetworkSettings
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.fit import fit_model, with_average_stress
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.models.patch_data import patch_data
from mesobayes.studies.stress.models.predictions import predict_model
from mesobayes.studies.stress.stores import CHANNELS, MODEL, PATCHES, PREDICTION, STRUCTURES

RUN = Run("stress", "smoke", "test")
SETTINGS = PatchFitSettings(steps=4, batch=4, learning_rate=0.01, augment=True, clip_norm=1.0, reports=2)
NETWORKS = {
    "modern": StressNetworkSettings("modern", width=0.17, levels=2, heads=True),
    "local": LocalNetworkSettings("local", width=8, layers=2, mechanics="pores", heads=True),
}


@pytest.fixture(scope="module")
def folder(plates, tmp_path_factory):
    """The stores of two tiny plates."""
    path = tmp_path_factory.mktemp("stores")
    patches = plates.patches.assign_attrs(family="ellipse3")
    write_store(plates.structures, path / "structures.zarr.zip", STRUCTURES, RUN)
    write_store(patches, path / "patches.zarr.zip", PATCHES, RUN)
    write_store(plates.channels, path / "channels.zarr.zip", CHANNELS, RUN)
    return path


def fitted(folder, model, name, repeat=0, structures=False):
    """Fit and predict; the records of both."""
    network = NETWORKS[name]
    place = folder / f"{name}{repeat}{model.estimator}{model.rotations}{model.average_input}"
    place.mkdir(exist_ok=True)
    store, weights, prediction = (place / f"{part}.zarr.zip" for part in ("fit", "weights", "prediction"))
    channels = folder / "channels.zarr.zip" if name == "local" else None
    images = folder / "structures.zarr.zip" if structures else None
    patches = folder / "patches.zarr.zip"
    fit_model(patches, channels, images, store, weights, "model", model, network, SETTINGS, repeat, RUN)
    predict_model(store, weights, patches, channels, prediction, model, 3, 100, "default", RUN)
    return open_store(store, MODEL), open_store(prediction, PREDICTION)


@pytest.mark.parametrize("name", ["modern", "local"])
def test_a_prediction_holds_the_truth_of_the_held_out_patches_and_a_law_of_what_is_missed(
    folder, plates, model, name
):
    fit, prediction = fitted(folder, replace(model, labels=6, estimator="shared"), name)
    assert fit.sizes["label"] == 6
    assert not set(fit["labelled"].values) & set(prediction["patch"].values)
    numbers = prediction["patch"].values
    truth = patch_data(plates.patches, numbers)
    mask = prediction["mask"].values.astype(bool)
    np.testing.assert_array_equal(mask, truth.mask)
    np.testing.assert_allclose(prediction["truth"].values[mask], truth.target[mask], rtol=2e-4, atol=2e-5)
    np.testing.assert_allclose(
        prediction["mean_max"].values, np.where(mask, prediction["mean"].values, 0).max(axis=(1, 2))
    )
    assert (prediction["std"].values[mask] > 0).any()
    assert (prediction["max_std"].values > 0).all()
    assert prediction.sizes["draw"] == 3


def test_point_weights_have_no_spread_and_repeats_differ(folder, model):
    model = replace(model, labels=6)
    _, first = fitted(folder, model, "modern", 0)
    _, second = fitted(folder, model, "modern", 1)
    assert (first["std"].values == 0).all()
    assert not np.array_equal(first["mean"].values, second["mean"].values)


def test_turned_copies_are_examples_but_not_labels(folder, model):
    model = replace(model, labels=9, whole_structures=True, rotations=2)
    fit, _ = fitted(folder, model, "modern", structures=True)
    assert fit.attrs["labels"] == 9
    assert fit.attrs["examples"] > 9


def test_the_average_is_taken_where_there_is_macroscopic_stress(plates):
    data = patch_data(plates.patches, np.arange(plates.patches.sizes["patch"]))
    averaged = with_average_stress(data)
    stress = data.inputs[..., :3]
    for patch, image in enumerate(averaged.inputs):
        there = (stress[patch] != 0).any(axis=-1)
        np.testing.assert_allclose(
            image[..., :3], np.broadcast_to(stress[patch][there].mean(axis=0), stress[patch].shape), rtol=1e-3
        )
    np.testing.assert_array_equal(averaged.inputs[..., 3:], data.inputs[..., 3:])
