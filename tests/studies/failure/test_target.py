# SPDX-License-Identifier: GPL-3.0-or-later
import jax
import numpy as np
import pytest

from mesobayes.nets.functional_heteroencoder import build_heteroencoder, divergence
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.studies.failure.damage_fit import (
    DamageData,
    Minibatch,
    fit_damage,
    minibatch,
    objective,
    predict_draws,
    predict_fields,
    training_step,
)
from mesobayes.studies.failure.loss_weights import value_counts, weight_table
from mesobayes.studies.failure.settings import DamageFitSettings, WeightSettings
from mesobayes.studies.failure.target import (
    N_SYMMETRIES,
    PRINTED_SYMMETRIES,
    apply_symmetry,
    gaussian_filter,
    softmax,
    transform_damage,
)

RNG = np.random.default_rng(0)
PORES = RNG.random((4, 4, 4, 8)) < 0.1
DAMAGE = np.where(PORES, 0.0, 0.16 + 0.8 * RNG.random(PORES.shape) ** 3).astype(np.float32)
SOLID = ~PORES


def test_the_normalised_filter_keeps_a_uniform_field_beside_voids_and_faces():
    uniform = np.where(SOLID, 0.7, 0.0)
    np.testing.assert_allclose(gaussian_filter(uniform, SOLID, 1.5)[SOLID], 0.7, rtol=1e-4)


def test_the_filter_is_a_mean_so_it_stays_within_the_range_and_moves_with_the_field():
    smooth = gaussian_filter(DAMAGE, SOLID, 1.5)
    assert DAMAGE[SOLID].min() <= smooth[SOLID].min()
    assert smooth[SOLID].max() <= DAMAGE[SOLID].max()
    mirrored = gaussian_filter(DAMAGE[:, ::-1], SOLID[:, ::-1], 1.5)
    np.testing.assert_allclose(mirrored, smooth[:, ::-1], atol=1e-6)


def test_softmax_keeps_the_order_and_inverts_to_the_damage():
    soft = softmax(DAMAGE, SOLID, 5.0)
    np.testing.assert_allclose(soft.sum(axis=(1, 2, 3)), 1.0, rtol=1e-5)
    for field, raised, solid in zip(DAMAGE, soft, SOLID, strict=True):
        back = np.log(raised[solid]) / 5.0
        np.testing.assert_allclose(back - back.max(), field[solid] - field[solid].max(), atol=1e-5)


@pytest.mark.parametrize("name", ["id", "sigma", "g", "t"])
def test_targets_reach_from_zero_to_one_in_the_solid_and_vanish_in_voids(name):
    target = transform_damage(DAMAGE, SOLID, name)
    assert (target[PORES] == 0.0).all()
    for field, solid in zip(target, SOLID, strict=True):
        assert field[solid].min() == 0.0
        assert field[solid].max() == 1.0


def test_transforms_compose_and_only_the_filter_changes_the_order():
    smooth = gaussian_filter(DAMAGE, SOLID, 1.5)
    both, filtered = transform_damage(DAMAGE, SOLID, "t"), transform_damage(DAMAGE, SOLID, "g")
    assert (np.argsort(both[0][SOLID[0]]) == np.argsort(smooth[0][SOLID[0]])).mean() > 0.99
    assert np.abs(filtered - both).max() > 0.01
    plain, soft = transform_damage(DAMAGE, SOLID, "id"), transform_damage(DAMAGE, SOLID, "sigma")
    assert (np.argsort(plain[0][SOLID[0]]) == np.argsort(soft[0][SOLID[0]])).all()


@pytest.mark.parametrize("name", ["uniform", "logistic", "IH", "IHpr"])
def test_weights_have_mean_one_over_the_training_voxels(name):
    target = transform_damage(DAMAGE, SOLID, "g")
    table = weight_table(name, target, SOLID)
    weights = table.weights(target, np.arange(4))
    assert float(weights[SOLID].mean()) == pytest.approx(1.0, rel=1e-4)


def test_inverse_histogram_weights_balance_the_bins_of_the_ensemble_or_of_each_specimen():
    target = transform_damage(DAMAGE, SOLID, "sigma")
    for name in ("IH", "IHpr"):
        table = weight_table(name, target, SOLID, WeightSettings(bins=4, floor=1e-9)).table
        counts = value_counts(target, SOLID, 4)
        mass = table * (counts.sum(axis=0) if name == "IH" else counts)
        for row in mass.reshape(-1, 4):
            filled = row[row > 0]
            np.testing.assert_allclose(filled / filled.mean(), 1.0, rtol=1e-4)


def test_values_outside_the_histogram_are_in_no_bin():
    values = np.array([-0.5, 0.0, 0.4, 1.0, 1.5, 0.9]).reshape(1, 1, 1, 6)
    solid = np.array([True, True, True, True, True, False]).reshape(values.shape)
    np.testing.assert_array_equal(value_counts(values, solid, 2), [[2, 1]])


def test_logistic_weights_grow_with_the_damage():
    assert (np.diff(weight_table("logistic", DAMAGE, SOLID).table[0]) > 0).all()


@pytest.mark.parametrize("turns", range(4))
def test_the_first_symmetries_are_quarter_turns_about_the_axis_of_the_bar(turns):
    volume = RNG.random((2, 4, 4, 6))
    np.testing.assert_array_equal(apply_symmetry(volume, turns), np.rot90(volume, turns, axes=(1, 2)))


def test_symmetries_are_sixteen_different_ones_and_six_are_printed():
    volume = RNG.random((1, 4, 4, 6))
    results = {apply_symmetry(volume, number).tobytes() for number in range(N_SYMMETRIES)}
    assert len(results) == 16
    assert len(set(PRINTED_SYMMETRIES)) == 6


def data(name="uniform"):
    target = transform_damage(DAMAGE, SOLID, "g")
    return DamageData(PORES, target, weight_table(name, target, SOLID))


POINT = HeteroencoderSettings(filters=2)
FLIPOUT = HeteroencoderSettings(filters=2, estimator="flipout")
FIT = DamageFitSettings(steps=60, batch=4, learning_rate=1e-2)


def test_voids_and_their_targets_have_no_part_in_the_loss():
    batch = minibatch(data(), FIT, 0, 1)
    changed = batch._replace(target=np.where(batch.pores > 0, 9.0, batch.target))
    parameters = build_heteroencoder(POINT, 0)
    key = jax.random.key(0)
    losses = [float(objective(parameters, b, POINT, 4, 1.0, key)) for b in (batch, changed)]
    assert losses[0] == losses[1]


def test_an_epoch_of_minibatches_holds_the_divergence_once():
    parameters = build_heteroencoder(FLIPOUT, 0)
    solid = np.zeros((1, 4, 4, 8), np.float32)
    batch = Minibatch(solid, solid, np.ones_like(solid))
    key = jax.random.key(0)
    with_kl, without = (float(objective(parameters, batch, FLIPOUT, 10, k, key)) for k in (1.0, 1e30))
    voxels = 4 * 4 * 8
    kl = float(divergence(parameters, FLIPOUT))
    assert 10 * voxels * (with_kl - without) == pytest.approx(kl, rel=1e-3)


def test_a_fit_lowers_the_loss_repeats_itself_and_is_traced_once():
    training_step.clear_cache()
    first = fit_damage(build_heteroencoder(POINT, 0), data(), POINT, FIT, 5)
    assert training_step._cache_size() == 1
    again = fit_damage(build_heteroencoder(POINT, 0), data(), POINT, FIT, 5)
    np.testing.assert_array_equal(first.loss, again.loss)
    assert first.loss[-10:].mean() < 0.6 * first.loss[:5].mean()


def test_a_variational_fit_moves_spreads_and_noise_and_its_draws_have_a_spread():
    start = build_heteroencoder(FLIPOUT, 0)
    result = fit_damage(start, data("IH"), FLIPOUT, FIT, 2)
    assert abs(float(result.parameters.log_noise) - float(start.log_noise)) > 0.05
    moved = result.parameters.layers[5].kernel.sigma / start.layers[5].kernel.sigma
    assert float(abs(moved - 1).max()) > 0.05
    mean, std, kept = predict_draws(result.parameters, PORES, FLIPOUT, 8, 0, np.array([1]))
    np.testing.assert_allclose(kept.std(axis=0, ddof=1)[0], std[1], atol=1e-5)
    assert std[SOLID].min() > 0.0
    assert (mean[PORES] == 0.0).all()


def test_predictions_do_not_depend_on_batch_mates():
    parameters = build_heteroencoder(POINT, 0)
    together = predict_fields(parameters, PORES, POINT, batch=4)
    alone = predict_fields(parameters, PORES[2:3], POINT, batch=4)
    np.testing.assert_allclose(alone[0], together[2], atol=1e-6)
