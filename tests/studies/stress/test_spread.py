# SPDX-License-Identifier: GPL-3.0-or-later
"""The loss of the heads by hand, and that a network learns bitwise what it learns without them."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mesobayes.learning.fit import fit
from mesobayes.nets.build import build_network
from mesobayes.nets.heads import Spread
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.nets.state import split_network
from mesobayes.studies.stress.settings import PatchFitSettings
from mesobayes.studies.stress.symmetries import Batch
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
    noise, shift, spread = 0.3, 0.2, 0.6
    field = jnp.zeros((4000, 2, 2))
    target = jnp.asarray(noise * rng.normal(size=(4000, 2, 2)), jnp.float32)
    batch = Batch(jnp.zeros(()), target, jnp.ones((4000, 2, 2), bool))
    maxima = np.asarray(target).max((1, 2))

    def loss(values):
        one = jnp.ones(4000)
        return spread_loss(
            Spread(values[0] * field.at[:].set(1.0), values[1] * one, values[2] * one), field, batch
        )

    best = jnp.array([np.log(np.asarray(target).std()), maxima.mean(), np.log(maxima.std())], jnp.float32)
    np.testing.assert_allclose(jax.grad(loss)(best), 0, atol=2e-4)
    assert float(loss(best)) < float(loss(best + jnp.array([0.0, shift, spread])))


@pytest.fixture(scope="module")
def fits(patches):
    """The same fit with and without heads, long enough for the clipping to bind in most steps."""
    results = []
    for settings in (WITHOUT, WITH):
        start = build_network(settings, 1)
        results.append(fit(patch_task(start, SETTINGS, patches), start, SETTINGS, 2))
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


def test_one_norm_for_both_would_change_the_steps_of_the_network(patches, fits, monkeypatch):
    import optax

    from mesobayes.learning import optimiser, step

    monkeypatch.setattr(optimiser, "clipped", optax.clip_by_global_norm)
    step.training_step.clear_cache()
    start = build_network(WITH, 1)
    together = fit(patch_task(start, SETTINGS, patches), start, SETTINGS, 2).history
    step.training_step.clear_cache()
    assert not np.array_equal(together[:, 1:4], fits[0].history[:, 1:])
