# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of permeability networks: schedule, resuming, stored weights, outliers."""

import jax
import numpy as np
import pytest
from flax import nnx

from mesobayes.learning.outliers import fit_outlier_detector
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.record.errors import StoreError
from mesobayes.studies.permeability import regression
from mesobayes.studies.permeability.draws import (
    load_permeability_network,
    predict_draws,
    save_permeability_network,
)
from mesobayes.studies.permeability.regression import (
    LabelledImages,
    finished,
    fit_regression,
    learning_rate,
    predict_mean,
)
from mesobayes.studies.permeability.regression_settings import RegressionSettings


def labelled(count, seed):
    """Noise images whose labels follow from the volume fraction and from the share of horizontal pairs."""
    rng = np.random.default_rng(seed)
    images = rng.random((count, 16, 16)) < rng.uniform(0.1, 0.6, (count, 1, 1))
    pairs = [np.mean(images & np.roll(images, 1, axis), axis=(1, 2)) for axis in (2, 1)]
    target = images.mean(axis=(1, 2))[:, None] + np.stack(pairs, axis=1)
    return LabelledImages(images, target.astype(np.float32))


def network(name="modern", estimator="none", seed=0):
    settings = PermeabilityNetworkSettings(name, 16, width=0.25, levels=2, stem=2, estimator=estimator)
    return build_network(settings, seed)


FAST = RegressionSettings(epochs=12, batch=16, learning_rate=3e-3, schedule="onecycle", l2=0.0, augment=True)


def test_a_fit_learns_more_than_the_mean_and_traces_its_step_once():
    training, validation = labelled(128, 0), labelled(64, 1)
    before = regression.training_step._cache_size()
    fit = fit_regression(network(), training, validation, FAST, 0)
    assert regression.training_step._cache_size() == before + 1
    assert fit.history[-1, 1] < 0.05 * np.var(validation.target)


@pytest.mark.parametrize("shape", [(6, 6), (4, 4, 4)], ids=["square", "cube"])
def test_an_augmented_image_keeps_its_label_along_the_axis_that_is_turned_to_x(shape):
    """Layers across one axis, whose labels are the numbers of the axes."""
    axis = np.arange(12) % len(shape)
    images = np.stack([np.moveaxis(np.indices(shape)[-1] % 2 == 0, -1, -1 - a) for a in axis])
    outputs = np.stack([axis == component for component in range(len(shape))], axis=1).astype(np.float32)
    for batch in regression._batches(LabelledImages(images, outputs), FAST, True, 3, 0):
        layered_across_x = (
            np.abs(np.diff(batch.images, axis=-1)).sum(axis=tuple(range(1, len(shape) + 1))) > 0
        )
        np.testing.assert_array_equal(batch.target[:, 0], layered_across_x)


def test_an_interrupted_fit_goes_on_with_the_same_numbers(tmp_path):
    training, validation = labelled(48, 0), labelled(16, 1)
    settings = RegressionSettings(
        epochs=4, batch=16, learning_rate=1e-3, l2=1e-3, augment=True, checkpoint_seconds=0
    )
    whole = fit_regression(network(), training, validation, settings, 7)

    class Killed(Exception):
        pass

    def kill(line):
        if line.startswith("epoch 3/"):
            raise Killed

    checkpoint = tmp_path / "fit.npz"
    with pytest.raises(Killed):
        fit_regression(network(), training, validation, settings, 7, checkpoint, kill)
    resumed = fit_regression(network(), training, validation, settings, 7, checkpoint)
    np.testing.assert_array_equal(resumed.history, whole.history)
    for ours, theirs in zip(
        jax.tree.leaves(nnx.state(resumed.network)), jax.tree.leaves(nnx.state(whole.network)), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_the_plateau_schedule_divides_the_rate_by_ten_and_stops():
    settings = RegressionSettings(epochs=300, learning_rate=5e-4, plateau_patience=25, stop_patience=100)
    falling = np.stack([np.linspace(1, 0.5, 30)] * 2, axis=1)
    flat = np.concatenate([falling, np.full((26, 2), 0.6)])
    assert learning_rate(falling, 0, 100, settings) == 5e-4
    assert learning_rate(flat, 0, 100, settings) == pytest.approx(5e-5)
    assert not finished(flat, settings)
    assert finished(np.concatenate([falling, np.full((100, 2), 0.6)]), settings)
    assert finished(np.zeros((300, 2)), settings)


def test_the_plateau_schedule_keeps_the_best_weights():
    training, validation = labelled(64, 0), labelled(32, 1)
    settings = RegressionSettings(epochs=6, batch=16, learning_rate=2e-2, l2=0.0)
    fit = fit_regression(network(), training, validation, settings, 0)
    error = np.mean((predict_mean(fit.network, validation.images) - validation.target) ** 2)
    assert error == pytest.approx(fit.history[:, 1].min(), rel=1e-5)


def test_stored_weights_come_back_and_a_transfer_starts_from_them(tmp_path):
    path, images = tmp_path / "network.npz", labelled(4, 0).images
    original = network("printed", seed=5)
    save_permeability_network(original, path)
    stored = load_permeability_network(path)
    np.testing.assert_array_equal(predict_mean(stored, images), predict_mean(original, images))
    settings = RegressionSettings(epochs=1, batch=16, learning_rate=1e-12, l2=0.0)
    fit = fit_regression(stored, labelled(16, 0), labelled(8, 1), settings, 0)
    np.testing.assert_allclose(predict_mean(fit.network, images), predict_mean(original, images), atol=1e-6)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(StoreError, match="damaged"):
        load_permeability_network(path)


def test_weight_draws_spread_and_point_weights_do_not():
    images = labelled(5, 0).images
    point = predict_draws(network(), images, 4, 0)
    spread = predict_draws(network(estimator="shared"), images, 8, 0)
    assert np.all(point.epistemic_std == 0)
    assert np.all(spread.epistemic_std > 0)
    again = predict_draws(network(estimator="shared"), images[2:], 8, 0)
    np.testing.assert_allclose(again.mean, spread.mean[2:], atol=1e-5)  # draws are shared by all images


def test_outliers_are_far_from_the_training_features():
    rng = np.random.default_rng(0)
    usual = rng.normal(size=(400, 6)) @ rng.normal(size=(6, 6))
    detector = fit_outlier_detector(usual[:300], usual[300:])
    assert np.mean(detector.distance(usual) > detector.threshold) < 0.02
    assert np.all(detector.distance(usual[:20] + 8 * usual.std(axis=0)) > detector.threshold)


def test_empty_sets_and_unknown_settings_are_refused():
    with pytest.raises(ValueError, match="at least one image"):
        fit_regression(network(), labelled(0, 0), labelled(4, 0), FAST, 0)
    with pytest.raises(ValueError, match="should be 'plateau' or 'onecycle'"):
        RegressionSettings(epochs=1, schedule="cosine")
