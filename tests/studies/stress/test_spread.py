# SPDX-License-Identifier: GPL-3.0-or-later
"""The loss of the heads by hand, and that a network learns bitwise what it learns without them."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from mesobayes.learning.fit import fit
from mesobayes.learning.optimiser import clipped
from mesobayes.nets.build import build_network
from mesobayes.nets.heads import Spread
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.nets.state import split_network
from mesobayes.studies.stress.models.network_data import examples
from mesobayes.studies.stress.models.symmetries import Batch
from mesobayes.studies.stress.predict import predict_patches
from mesobayes.studies.stress.settings import PatchFitSettings
from mesobayes.studies.stress.task import patch_task, spread_loss

WITHOUT = StressNetworkSettings("modern", 8, width=0.17, levels=2, estimator="shared")
WITH = replace(WITHOUT, heads=True)
SETTINGS = PatchFitSettings(
    steps=20, batch=4, learning_rate=3e-3, schedule="onecycle", clip_norm=0.05, augment=True, evidence=8.0
)


def test_the_loss_of_the_heads_by_hand():
    field = jnp.array([[[1.0, 2.0], [4.0, 9.0]], [[1.0, 1.0], [1.0, 1.0]]])
    target = jnp.array([[[1.5, 2.0], [3.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]])
    mask = jnp.array([[[True, True], [True, False]], [[False, False], [False, False]]])
    spread = Spread(
        jnp.log(jnp.full((2, 2, 2), 0.5)), jnp.array([-0.5, 7.0]), jnp.log(jnp.array([0.25, 9.0]))
    )
    pixels = np.mean([0.5 * (e / 0.5) ** 2 + np.log(0.5) for e in (0.5, 0.0, -1.0)])
    maximum = 0.5 * ((3.0 - 4.0 + 0.5) / 0.25) ** 2 + np.log(0.25)
    constant = 1.2 * 0.5 * np.log(2 * np.pi)
    expected = pixels + 0.2 * maximum + constant
    batch = Batch(jnp.zeros((2, 2, 2, 5)), target, mask)
    assert float(spread_loss(spread, field, batch)) == pytest.approx(expected, rel=1e-6)


def test_the_loss_is_least_for_the_true_spread():
    rng = np.random.default_rng(0)
    target = jnp.asarray(0.3 * rng.normal(size=(4000, 2, 2)), jnp.float32)
    batch = Batch(jnp.zeros(()), target, jnp.ones((4000, 2, 2), bool))
    maxima = np.asarray(target).max((1, 2))
    ones, field = jnp.ones(4000), jnp.zeros((4000, 2, 2))

    def loss(values):
        noise, shift, spread = values
        return spread_loss(Spread(field + noise, shift * ones, spread * ones), field, batch)

    best = jnp.array([np.log(0.3), maxima.mean(), np.log(maxima.std())], jnp.float32)
    np.testing.assert_allclose(jax.grad(loss)(best), 0, atol=0.02)
    for change in np.vstack([np.eye(3), -np.eye(3)]):
        assert float(loss(best)) < float(loss(best + 0.2 * change))


@pytest.fixture(scope="module")
def fits(patches):
    """The same fit with and without heads, long enough for the clipping to bind in most steps."""
    results = []
    for settings in (WITHOUT, WITH):
        start = build_network(settings, 1)
        results.append(fit(patch_task(start, SETTINGS, examples(patches)), start, SETTINGS, 2))
    return results


def test_heads_change_no_bit_of_what_the_network_learns(fits):
    without, with_heads = fits
    np.testing.assert_array_equal(with_heads.history[:, 1:4], without.history[:, 1:])
    parameters, more = (split_network(result.network)[1] for result in fits)
    for name, array in parameters.items():
        np.testing.assert_array_equal(more[name], array, err_msg=name)


def test_heads_learn(fits):
    history = fits[1].history
    assert fits[1].terms == ("loss", "nll", "kl", "mse", "spread")
    assert history[-5:, 4].mean() < history[:5, 4].mean()
    np.testing.assert_allclose(history[:, 0], history[:, 1] + history[:, 2] + history[:, 4], rtol=1e-5)


def test_the_heads_have_a_norm_of_their_own():
    gradient = {
        "heads.maximum.kernel": jnp.full(4, 30.0),
        "head.kernel.mu": jnp.full(4, 0.1),
        "rho": jnp.ones(1),
    }
    clip = clipped(0.5)
    result, _ = clip.update(gradient, clip.init(gradient))
    np.testing.assert_allclose(result["heads.maximum.kernel"], 0.25, rtol=1e-6)
    alone = {name: array for name, array in gradient.items() if not name.startswith("heads.")}
    expected, _ = optax.clip_by_global_norm(0.5).update(alone, optax.EmptyState())
    for name, array in expected.items():
        np.testing.assert_array_equal(result[name], array)


def test_a_prediction_joins_the_spread_of_draws_and_the_heads(fits, patches):
    network = fits[1].network
    found = predict_patches(network, patches.inputs, 5, seed=3, batch=5)
    point = network.with_spread(patches.inputs)[1]
    noise = np.exp(np.asarray(point.log_noise))
    assert np.all(found.predictive.std > found.epistemic_std)
    np.testing.assert_allclose(
        np.sqrt(found.predictive.std**2 - found.epistemic_std**2), noise, rtol=0.1
    )  # the spread of the weights is small after a short fit
    np.testing.assert_allclose(
        found.predictive.max_centre, found.roi_max.mean(axis=0) + np.asarray(point.shift), rtol=0.05
    )
    spread = np.hypot(found.roi_max.std(axis=0, ddof=1), np.exp(np.asarray(point.log_spread)))
    np.testing.assert_allclose(found.predictive.max_std, spread, rtol=0.1)


def test_heads_leave_the_prediction_of_the_field_as_it_is(fits, patches):
    without, with_heads = (predict_patches(fit.network, patches.inputs, 3, seed=3) for fit in fits)
    assert without.predictive is None
    np.testing.assert_allclose(with_heads.mean, without.mean, rtol=1e-6)
    np.testing.assert_allclose(with_heads.roi_max, without.roi_max, rtol=1e-6)
