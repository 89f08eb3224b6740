# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np

from mesobayes.metrics.convergence import RHAT_LIMIT, diagnose


def chains(shift=0.0, memory=0.0):
    rng = np.random.default_rng(0)
    values = rng.standard_normal((4, 500, 3))
    for step in range(1, values.shape[1]):
        values[:, step] = memory * values[:, step - 1] + np.sqrt(1 - memory**2) * values[:, step]
    return values + shift * np.arange(4)[:, None, None]


def test_independent_draws_have_converged_and_count_fully():
    rhat, ess = diagnose(chains())
    assert np.all(rhat < 1.01)
    assert np.all(ess > 1500)


def test_a_chain_that_is_stuck_elsewhere_is_told_from_one_that_mixes():
    rhat, ess = diagnose(chains(shift=2.0))
    assert np.all(rhat > RHAT_LIMIT)
    assert np.all(ess < 20)


def test_runs_of_equal_location_and_different_scale_are_told_apart():
    values = chains() * np.array([1.0, 1.0, 1.0, 3.0])[:, None, None]
    assert np.all(diagnose(values).rhat > RHAT_LIMIT)


def test_heavy_tails_hide_neither_shift_nor_sample_size():
    values = chains(shift=0.3)
    plain, heavy = diagnose(values), diagnose(np.sinh(3.0 * values))
    np.testing.assert_allclose(heavy.rhat, plain.rhat, rtol=0.02)
    np.testing.assert_allclose(heavy.ess, plain.ess, rtol=1e-6)


def test_draws_with_memory_count_less():
    ess = diagnose(chains(memory=0.9)).ess
    np.testing.assert_allclose(ess, 2000 * (1 - 0.9) / (1 + 0.9), rtol=0.6)


def test_chains_that_stand_still_at_different_places_are_not_taken_for_converged():
    values = np.broadcast_to(np.arange(2.0)[:, None, None], (2, 20, 1))
    assert np.all(diagnose(values).rhat > RHAT_LIMIT)


def test_a_quantity_that_never_changes_is_left_out():
    values = chains()
    values[..., 1] = 3.0
    assert diagnose(values).rhat.shape == (2,)


def test_chains_too_short_for_an_effective_sample_size_have_none():
    ess = diagnose(np.random.default_rng(0).standard_normal((2, 4, 200))).ess
    assert np.isnan(ess).any()
    assert np.all(ess[~np.isnan(ess)] > 0)
