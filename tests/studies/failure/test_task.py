# SPDX-License-Identifier: GPL-3.0-or-later
import jax
import numpy as np
import pytest

from mesobayes.learning.fit import fit
from mesobayes.learning.predict import predict_draws, predict_mean_weights
from mesobayes.learning.step import training_step
from mesobayes.nets.build import build_network
from mesobayes.nets.posterior import kl_divergence
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.nets.state import split_network
from mesobayes.studies.failure.fit import solid_field, whole_field
from mesobayes.studies.failure.fit_settings import DamageFitSettings
from mesobayes.studies.failure.loss_weights import weight_table
from mesobayes.studies.failure.target import PRINTED_SYMMETRIES, apply_symmetry, transform_damage
from mesobayes.studies.failure.task import Minibatch, objective, specimen_task

RNG = np.random.default_rng(0)
PORES = RNG.random((4, 4, 4, 8)) < 0.1
DAMAGE = np.where(PORES, 0.0, 0.16 + 0.8 * RNG.random(PORES.shape) ** 3).astype(np.float32)
SOLID = ~PORES
POINT = HeteroencoderSettings(filters=2)
FLIPOUT = HeteroencoderSettings(filters=2, estimator="flipout")
FIT = DamageFitSettings(steps=60, batch=4, learning_rate=1e-2, reports=1)
KEY = jax.random.key(0)


def task_of(network, settings=FIT, name="uniform", **options):
    target = transform_damage(DAMAGE, SOLID, "g")
    return specimen_task(network, settings, PORES, target, weight_table(name, target, SOLID), **options)


def fitted(network, name="uniform", seed=5):
    return fit(task_of(network, name=name), network, FIT, seed)


def minibatch(name="uniform", key=KEY, settings=FIT):
    task = task_of(build_network(POINT, 0), settings, name)
    return task.batch(task.data, np.array([2, 0, 3]), key)


def test_voids_and_their_targets_have_no_part_in_the_loss():
    batch = minibatch()
    changed = batch._replace(target=np.where(batch.pores > 0, 9.0, batch.target))
    network = build_network(POINT, 0)
    losses = [float(objective(network, b, 4, 1.0, KEY).loss) for b in (batch, changed)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("name", ["uniform", "logistic", "IH", "IHpr"])
def test_a_minibatch_has_the_weights_of_its_specimens_and_none_in_voids(name):
    still = DamageFitSettings(steps=1, symmetries="none")
    batch, rows = minibatch(name, settings=still), np.array([2, 0, 3])
    target = transform_damage(DAMAGE, SOLID, "g").astype(np.float16).astype(np.float32)
    table = weight_table(name, transform_damage(DAMAGE, SOLID, "g"), SOLID)
    expected = np.where(PORES[rows], 0.0, table.weights(target[rows], rows))
    np.testing.assert_array_equal(batch.weight, expected)
    np.testing.assert_array_equal(batch.target, target[rows])
    np.testing.assert_array_equal(batch.pores, PORES[rows])


def test_a_minibatch_is_turned_as_a_whole_by_one_of_the_printed_symmetries():
    still = minibatch("IH", settings=DamageFitSettings(steps=1, symmetries="none"))
    seen = set()
    for number in range(40):
        batch = minibatch("IH", jax.random.key(number))
        same = [
            symmetry
            for symmetry in PRINTED_SYMMETRIES
            if all(
                np.array_equal(apply_symmetry(np.asarray(old), symmetry), new)
                for old, new in zip(still, batch, strict=True)
            )
        ]
        assert len(same) == 1
        seen.update(same)
    assert seen == set(PRINTED_SYMMETRIES)


def test_an_epoch_of_minibatches_holds_the_divergence_once():
    network = build_network(FLIPOUT, 0)
    solid = np.zeros((1, 4, 4, 8), np.float32)
    batch = Minibatch(solid, solid, np.ones_like(solid))
    kl = float(kl_divergence(network, FLIPOUT))
    for evidence in (1.0, 1 / 300):
        with_kl, without = (float(objective(network, batch, 10, e, KEY).loss) for e in (evidence, 1e30))
        voxels = 4 * 4 * 8
        assert 10 * voxels * evidence * (with_kl - without) == pytest.approx(kl, rel=1e-3)


def test_a_fit_lowers_the_loss_repeats_itself_and_is_traced_once():
    training_step.clear_cache()
    first = fitted(build_network(POINT, 0))
    assert training_step._cache_size() == 1
    again = fitted(build_network(POINT, 0))
    np.testing.assert_array_equal(first.history, again.history)
    loss = first.history[:, 0]
    assert loss[-10:].mean() < 0.6 * loss[:5].mean()


def test_a_variational_fit_moves_spreads_and_noise_and_its_draws_have_a_spread():
    start = build_network(FLIPOUT, 0)
    network = fitted(start, "IH", 2).network
    assert abs(float(network.log_noise[...]) - float(start.log_noise[...])) > 0.05
    moved = network.layers[5].kernel.sigma / start.layers[5].kernel.sigma
    assert float(abs(moved - 1).max()) > 0.05
    found = predict_draws(network, PORES.astype(np.uint8), 8, 0, forward=solid_field, functional=whole_field)
    np.testing.assert_allclose(found.values.std(axis=0, ddof=1), found.std, atol=1e-5)
    assert found.std[SOLID].min() > 0.0
    assert (found.mean[PORES] == 0.0).all()


def test_a_noise_that_is_held_stays():
    start = build_network(FLIPOUT, 0)
    result = fit(task_of(start, learn_noise=False), start, FIT, 1)
    before, after = (split_network(network)[1] for network in (start, result.network))
    np.testing.assert_array_equal(before["log_noise"], after["log_noise"])
    assert np.any(before["layers.0.kernel.rho"] != after["layers.0.kernel.rho"])


def test_predictions_do_not_depend_on_batch_mates():
    network, pores = build_network(POINT, 0), PORES.astype(np.uint8)
    together = predict_mean_weights(network, pores, forward=solid_field, batch=4)
    alone = predict_mean_weights(network, pores[2:3], forward=solid_field, batch=4)
    np.testing.assert_allclose(alone[0], together[2], atol=1e-6)
