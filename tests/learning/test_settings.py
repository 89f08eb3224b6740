# SPDX-License-Identifier: GPL-3.0-or-later
import jax.numpy as jnp
import numpy as np
import pytest

from mesobayes.learning.optimiser import build_optimiser, kernel_means, learning_rate, spreads
from mesobayes.learning.plateau import after_score, start_plateau
from mesobayes.learning.settings import FitSettings

NAMES = (
    *("head.kernel.mu", "head.kernel.rho", "head.bias", "layers.0.bias.mu", "layers.0.bias.rho"),
    *("norm.scale", "norm.bias", "log_noise", "rhombus.kernel.mu", "kernel.mule"),
)


def parameters():
    return {name: jnp.ones(2) for name in NAMES}


def test_only_kernel_means_decay_and_only_spreads_and_noise_are_faster():
    decays = {name for name, yes in kernel_means(parameters()).items() if yes}
    faster = {name for name, yes in spreads(parameters()).items() if yes}
    assert decays == {"head.kernel.mu", "rhombus.kernel.mu"}
    assert faster == {"head.kernel.rho", "layers.0.bias.rho", "log_noise"}


def test_the_first_update_has_the_rate_the_spread_rate_and_the_decay():
    settings = FitSettings(steps=9, learning_rate=0.1, weight_decay=0.5, spread_rate=10.0)
    optimiser, start = build_optimiser(settings, 9), parameters()
    gradient = {name: jnp.ones(2) for name in NAMES}
    updates, _ = optimiser.update(gradient, optimiser.init(start), start)
    for name, update in updates.items():  # Adam's first step is the sign of the gradient
        expected = 1.5 if kernel_means(start)[name] else 10.0 if spreads(start)[name] else 1.0
        np.testing.assert_allclose(update, -0.1 * expected, rtol=1e-5, err_msg=name)


def test_the_norm_of_the_gradient_is_clipped():
    settings = FitSettings(steps=9, clip_norm=1.0)
    optimiser, start = build_optimiser(settings, 9), {"bias": jnp.zeros(4)}
    _, state = optimiser.update({"bias": jnp.full(4, 50.0)}, optimiser.init(start), start)
    np.testing.assert_allclose(state[1].mu["bias"], 0.1 * 0.5, rtol=1e-5)


def test_schedules_begin_and_end_where_they_should():
    onecycle = learning_rate(FitSettings(steps=100, learning_rate=1.0, schedule="onecycle"), 100)
    cosine = learning_rate(FitSettings(steps=100, learning_rate=1.0, schedule="cosine"), 100)
    assert float(onecycle(20)) == pytest.approx(1.0)
    assert float(onecycle(0)) < 0.1 > float(onecycle(100))
    assert float(cosine(0)) == 1.0
    assert float(cosine(100)) == pytest.approx(0.0, abs=1e-6)
    assert learning_rate(FitSettings(steps=1, learning_rate=0.3, schedule="plateau"), 1) == 0.3


def test_a_plateau_counts_scores_and_drops_the_rate_only_after_its_patience():
    plateau, states = start_plateau({"w": jnp.zeros(1)}, {}), []
    for number, score in enumerate([3.0, 2.0, 2.0, 2.5, 1.0, 1.5, 1.5]):
        plateau = after_score(plateau, np.float32(score), np.int32(2), {"w": jnp.full(1, float(number))}, {})
        states.append((float(plateau.best), int(plateau.since), int(plateau.drops)))
    assert states == [(3, 0, 0), (2, 0, 0), (2, 1, 0), (2, 2, 1), (1, 0, 1), (1, 1, 1), (1, 2, 2)]
    assert float(plateau.parameters["w"][0]) == 4.0  # the weights of the lowest score


def test_reports_come_after_every_epoch_or_evenly_and_always_at_the_end():
    assert FitSettings(steps=7, batch=4).report_steps(10) == [3, 5, 7]
    assert FitSettings(steps=7, reports=3).report_steps(10) == [3, 6, 7]
    assert FitSettings(steps=2, batch=30).report_steps(10) == [1, 2]


def test_settings_name_what_is_wrong():
    with pytest.raises(ValueError, match="exactly one"):
        FitSettings()
    with pytest.raises(ValueError, match="schedule"):
        FitSettings(steps=1, schedule="step")
    assert FitSettings(epochs=2, batch=32).total_steps(100) == 7
