# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.studies.failure.fit_settings import WeightSettings
from mesobayes.studies.failure.loss_weights import value_counts, weight_table
from mesobayes.studies.failure.target import transform_damage

RNG = np.random.default_rng(0)
PORES = RNG.random((4, 4, 4, 8)) < 0.1
DAMAGE = np.where(PORES, 0.0, 0.16 + 0.8 * RNG.random(PORES.shape) ** 3).astype(np.float32)
SOLID = ~PORES


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


def test_weights_are_the_inverse_of_a_histogram_counted_by_hand_also_for_a_bin_of_one_specimen():
    # two specimens of four voxels, four bins; only the second one has a value in the highest bin
    target = np.array([[0.1, 0.1, 0.1, 0.3], [0.1, 0.3, 0.3, 0.9]], np.float32).reshape(2, 1, 1, 4)
    solid, settings = np.ones(target.shape, bool), WeightSettings(bins=4, floor=0.0)
    # 4, 3, 0 and 1 of 8 voxels: 2, 8/3, none and 8, of which the mean over the voxels is 3
    together = weight_table("IH", target, solid, settings).table
    np.testing.assert_allclose(together, np.array([[2, 8 / 3, 0, 8]]) / 3, rtol=1e-6)
    # 3, 1, 0, 0 and 1, 2, 0, 1 of 4: 4/3, 4, none, none and 4, 2, none, 4, of which the mean is 5/2
    each = weight_table("IHpr", target, solid, settings).table
    np.testing.assert_allclose(each, np.array([[4 / 3, 4, 0, 0], [4, 2, 0, 4]]) / 2.5, rtol=1e-6)


def test_a_floor_takes_weight_from_rare_values_and_an_empty_bin_never_has_any():
    target = np.array([0.1] * 99 + [0.9], np.float32).reshape(1, 1, 1, 100)
    solid = np.ones(target.shape, bool)
    ratios = []
    for floor in (0.0, 1e-6, 0.1):
        table = weight_table("IH", target, solid, WeightSettings(bins=4, floor=floor)).table[0]
        assert (table[[1, 2]] == 0.0).all()
        ratios.append(table[3] / table[0])
    np.testing.assert_allclose(ratios, [99.0, 99.0 * (1 + 1e-6 / 0.99) / (1 + 1e-4), 1.09 / 0.11], rtol=1e-5)


def test_values_outside_the_histogram_are_in_no_bin():
    values = np.array([-0.5, 0.0, 0.4, 1.0, 1.5, 0.9]).reshape(1, 1, 1, 6)
    solid = np.array([True, True, True, True, True, False]).reshape(values.shape)
    np.testing.assert_array_equal(value_counts(values, solid, 2), [[2, 1]])


def test_logistic_weights_grow_with_the_damage():
    assert (np.diff(weight_table("logistic", DAMAGE, SOLID).table[0]) > 0).all()
