# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits of the network `local`: new strains, mirrors, objective and score of the other networks."""

import jax
import numpy as np
import pytest

from mesobayes.learning.fit import fit
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import LocalNetworkSettings
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.models.local_data import local_data
from mesobayes.studies.stress.models.local_task import UnitLoads, local_task, mirror, under_strain
from mesobayes.studies.stress.models.network_data import examples
from mesobayes.studies.stress.models.symmetries import Batch
from mesobayes.studies.stress.predict import mean_accuracy, predict_patches
from mesobayes.studies.stress.task import PatchTask

SETTINGS = PatchFitSettings(
    steps=120, batch=8, learning_rate=1e-2, schedule="onecycle", clip_norm=1.0, augment=True, reports=2
)
NETWORK = LocalNetworkSettings(roi=16, width=16, mechanics="superposition")


@pytest.fixture(scope="module")
def data(plates):
    split = plates.channels["split"].values
    return [local_data(plates.channels, np.flatnonzero(split == part), "superposition") for part in (0, 1)]


@pytest.fixture(scope="module")
def task(data):
    return local_task(build_network(NETWORK, 0), SETTINGS, examples(data[0]), data[1].patches())


def test_under_its_own_strain_and_scale_a_patch_is_the_patch(task, data):
    loads, patches = task.data, data[0].patches()
    batch = under_strain(UnitLoads(*map(np.asarray, loads)), loads.strain, loads.scale)
    np.testing.assert_allclose(batch.inputs, patches.inputs, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(batch.target, patches.target, rtol=1e-4, atol=1e-5)


def test_every_step_draws_a_new_strain_for_every_example(task):
    rows = np.zeros(8, int)
    batch = jax.jit(task.batch)
    first, second = (batch(task.data, rows, jax.random.key(k)) for k in (0, 1))
    ratio = np.asarray(first.target / np.maximum(first.target[:1], 1e-6))
    assert ratio[1:][:, first.mask[0]].std() > 0.05
    assert np.abs(first.target - second.target).max() > 0.1
    np.testing.assert_allclose(np.abs(first.inputs[..., :3]).max(axis=(1, 2, 3)), 1.0, rtol=1e-5)


def test_without_symmetries_the_strain_is_that_of_the_structure(data):
    settings = PatchFitSettings(steps=1, batch=2)
    plain = local_task(build_network(NETWORK, 0), settings, examples(data[0]))
    batch = plain.batch(plain.data, np.array([1, 0]), jax.random.key(0))
    np.testing.assert_allclose(batch.target, data[0].patches().target[[1, 0]], rtol=1e-4, atol=1e-5)


def test_a_mirror_changes_shear_stresses_and_the_sine_only(task):
    batch = task.batch(task.data, np.arange(4), jax.random.key(2))
    turned = mirror(batch, np.array([True, False, True, False]))
    changed = ~np.isclose(turned.inputs, batch.inputs).all(axis=(1, 2))
    assert np.flatnonzero(changed[0]).tolist() == [2, 5, 15]
    assert not changed[1].any()
    np.testing.assert_array_equal(turned.target, batch.target)


def test_it_is_a_task_of_patches_and_shares_compilations(task, data):
    other = local_task(build_network(NETWORK, 1), SETTINGS, examples(data[1]))
    assert isinstance(task, PatchTask)
    assert task == other


def test_a_short_fit_learns_and_is_predicted_and_scored_like_every_stress_network(task, data):
    start = build_network(NETWORK, 0)
    result = fit(task, start, SETTINGS, 1)
    assert result.history[-20:, 1].mean() < result.history[:20, 1].mean() - 0.3
    held_out = data[1].patches()
    prediction = predict_patches(result.network, held_out.inputs, 3, seed=0)
    assert prediction.mean.shape == held_out.target.shape
    assert prediction.roi_max.shape == (3, len(held_out))
    field = np.where(held_out.mask, prediction.mean, 0.0)
    np.testing.assert_allclose(prediction.roi_max.mean(axis=0), field.max(axis=(1, 2)), rtol=0.2)
    assert result.scores[-1, 1] == pytest.approx(1 - mean_accuracy(result.network, held_out))


def test_the_network_sees_the_same_under_every_strain_of_the_training(task, data):
    """The unit of stress of a training example differs from the patch scale, and must not matter."""
    network = build_network(NETWORK, 5)
    loads = UnitLoads(*map(np.asarray, task.data))
    own = under_strain(loads, loads.strain, loads.scale)
    free: Batch = under_strain(loads, loads.strain, None)
    ratio = (own.target / np.where(free.target > 1e-3, free.target, 1.0)).max(axis=(1, 2))
    np.testing.assert_allclose(
        np.where(own.mask, network(own.inputs), 0),
        np.where(own.mask, ratio[:, None, None] * network(free.inputs), 0),
        rtol=2e-3,
        atol=1e-4,
    )
