# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop: one trace, learning, checkpoints that survive a kill, numbers that are not finite."""

import dataclasses
import gc
import logging
import signal
import subprocess
import sys
import weakref
from pathlib import Path

import jax
import numpy as np
import pytest

from learning.linear_task import LinearRegression, make_task
from mesobayes.learning.fit import fit
from mesobayes.learning.settings import FitSettings
from mesobayes.learning.step import draw_rows, training_chunk, training_step
from mesobayes.nets.keys import random_key
from mesobayes.nets.state import split_network

SETTINGS = FitSettings(
    steps=6, batch=4, learning_rate=3e-2, schedule="onecycle", reports=6, checkpoint_seconds=0
)
PLATEAU = dataclasses.replace(SETTINGS, steps=12, schedule="plateau", plateau_patience=2, reports=12)
SCORES = (5.0, 4.0, 4.5, 4.2, 3.0, 3.5, 3.1, 3.2, 3.3, 3.4, 3.6, 3.7)


def run(settings, seed=2, checkpoint=None, report=None, chunks=None, scores=None):
    network = LinearRegression(1)
    task = make_task(settings, network, iter(scores) if scores else None)
    return fit(task, network, settings, seed, checkpoint, report, chunks)


def assert_bitwise_equal(found, expected):
    np.testing.assert_array_equal(found.history, expected.history)
    np.testing.assert_array_equal(found.scores, expected.scores)
    for some, other in zip(
        split_network(found.network)[1:], split_network(expected.network)[1:], strict=True
    ):
        assert some.keys() == other.keys()
        for name in some:
            np.testing.assert_array_equal(some[name], other[name], err_msg=name)


@pytest.fixture(scope="module")
def uninterrupted():
    return run(SETTINGS)


def test_steps_are_traced_once_and_a_second_fit_traces_nothing():
    settings = dataclasses.replace(SETTINGS, learning_rate=1.1e-2)
    before = training_step._cache_size()
    run(settings)
    assert training_step._cache_size() - before == 1
    run(settings, seed=3)
    assert training_step._cache_size() - before == 1


def test_the_given_network_is_left_as_it_is_and_the_terms_are_named(uninterrupted):
    assert uninterrupted.terms == ("loss", "kl", "nll")
    assert uninterrupted.history.shape == (6, 3)
    np.testing.assert_allclose(
        uninterrupted.history[:, 0], uninterrupted.history[:, 1:].sum(axis=1), rtol=1e-6
    )
    assert float(uninterrupted.network.seen[...]) == 24  # statistics are carried from step to step
    fitted = float(uninterrupted.network.log_noise[...])
    assert uninterrupted.noise_std == pytest.approx(np.exp(fitted))
    start = LinearRegression(1)
    assert not np.array_equal(start.linear.kernel.mu[...], uninterrupted.network.linear.kernel.mu[...])


def test_a_fit_finds_the_weights_of_its_data():
    network = LinearRegression(1)
    settings = FitSettings(steps=400, batch=50, learning_rate=2e-2, schedule="cosine")
    fitted = fit(make_task(settings, network, examples=400), network, settings, 0).network
    np.testing.assert_allclose(fitted.linear.kernel.mu[...][:, 0], [0.5, -0.3, 0.2], atol=0.06)


def test_a_killed_fit_resumes_to_bitwise_the_same_numbers(uninterrupted, tmp_path):
    checkpoint = tmp_path / "fit.npz"
    script = (
        "import os, signal, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from learning.test_fit import SETTINGS, run\n"
        "stop = lambda progress: progress.step == 4 and os.kill(os.getpid(), signal.SIGKILL)\n"
        "run(SETTINGS, checkpoint=Path(sys.argv[2]), report=stop)\n"
    )
    arguments = [sys.executable, "-c", script, str(Path(__file__).parents[1]), str(checkpoint)]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
    reports = []
    resumed = run(SETTINGS, checkpoint=checkpoint, report=reports.append)
    assert [progress.step for progress in reports] == [4, 5, 6]  # three steps were saved
    assert resumed.resumed_at == 3
    assert_bitwise_equal(resumed, uninterrupted)
    assert [path.name for path in tmp_path.iterdir()] == ["fit.npz"]


@pytest.mark.parametrize("chunks", [False, True])
@pytest.mark.parametrize("stop", [2, 7, 8])
def test_rate_best_weights_and_end_of_a_plateau_survive_an_interruption(stop, chunks, tmp_path):
    def interrupt(progress):
        if progress.step == stop:
            raise KeyboardInterrupt

    whole = run(PLATEAU, scores=SCORES, chunks=chunks)
    with pytest.raises(KeyboardInterrupt):
        run(PLATEAU, checkpoint=tmp_path / "fit.npz", report=interrupt, scores=SCORES, chunks=chunks)
    resumed = run(PLATEAU, checkpoint=tmp_path / "fit.npz", scores=SCORES[stop - 1 :], chunks=chunks)
    assert resumed.resumed_at == stop - 1
    assert_bitwise_equal(resumed, whole)


def test_a_finished_fit_is_not_run_again(tmp_path):
    settings = dataclasses.replace(PLATEAU, stop_patience=2)
    first = run(settings, checkpoint=tmp_path / "fit.npz", scores=SCORES)
    assert len(first.history) == 4  # the score of step 2 is not improved on in two more
    again = run(settings, checkpoint=tmp_path / "fit.npz", scores=SCORES)
    assert again.resumed_at == 4
    assert_bitwise_equal(again, first)


def test_a_plateau_keeps_the_weights_of_the_best_score():
    best = run(PLATEAU, scores=SCORES)
    until_then = run(dataclasses.replace(PLATEAU, steps=5, reports=5), scores=SCORES[:5])
    np.testing.assert_array_equal(
        best.network.linear.kernel.mu[...], until_then.network.linear.kernel.mu[...]
    )
    np.testing.assert_array_equal(best.scores, list(enumerate(SCORES, start=1)))


def test_a_plateau_divides_the_rate_by_ten():
    usual = run(dataclasses.replace(PLATEAU, schedule="constant"))
    dropped = run(PLATEAU, scores=(1.0, 2.0, 2.0, *range(3, 12)))
    np.testing.assert_array_equal(dropped.history[:4], usual.history[:4])  # the drop comes after step 3
    assert not np.array_equal(dropped.history[4:], usual.history[4:])


def test_a_checkpoint_of_another_fit_or_a_damaged_one_is_refused(tmp_path, caplog):
    checkpoint = tmp_path / "fit.npz"
    run(SETTINGS, checkpoint=checkpoint)
    other = dataclasses.replace(SETTINGS, steps=1, evidence=2.0)
    with caplog.at_level(logging.WARNING):
        fresh = run(other, checkpoint=checkpoint)
    assert "belongs to another configuration" in caplog.text
    assert fresh.history.shape == (1, 3)
    checkpoint.write_bytes(checkpoint.read_bytes()[:500])
    with caplog.at_level(logging.WARNING):
        again = run(other, checkpoint=checkpoint)
    assert "is damaged" in caplog.text
    assert_bitwise_equal(again, fresh)


def test_a_checkpoint_of_other_data_or_another_start_is_refused(tmp_path, caplog):
    checkpoint, network = tmp_path / "fit.npz", LinearRegression(1)
    fit(make_task(SETTINGS, network), network, SETTINGS, 2, checkpoint)
    others = (
        (make_task(SETTINGS, network, seed=1), network),
        (make_task(SETTINGS, network), LinearRegression(9)),
    )
    for task, start in others:
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert fit(task, start, SETTINGS, 2, checkpoint).resumed_at == 0
        assert "belongs to another configuration" in caplog.text


def test_compiled_chunks_give_the_numbers_of_single_steps(uninterrupted):
    before = training_chunk._cache_size()
    chunked = run(SETTINGS, chunks=True)
    assert training_chunk._cache_size() - before == 1
    np.testing.assert_allclose(chunked.history, uninterrupted.history, rtol=1e-5, atol=1e-6)


def test_steps_beyond_one_stretch_of_examples_go_on_with_the_next():
    settings = dataclasses.replace(SETTINGS, steps=230, reports=1, schedule="constant")
    single, chunked = run(settings), run(settings, chunks=True)
    np.testing.assert_allclose(chunked.history, single.history, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("chunks", [False, True])
def test_a_loss_that_is_not_finite_stops_the_fit_in_its_step_and_is_never_saved(chunks, tmp_path):
    network = LinearRegression(1)
    settings = dataclasses.replace(SETTINGS, steps=40, batch=2, reports=40)
    task = make_task(settings, network, examples=80)
    task.data["y"][7] = np.inf
    key = jax.random.split(random_key(2))[0]
    rows = draw_rows(key, 0, 0, examples=80, batch=2, steps=100)
    first = int(np.argmax((np.asarray(rows) == 7).any(axis=1)))
    checkpoint = tmp_path / "fit.npz"
    with pytest.raises(FloatingPointError, match=f"not finite in step {first}: lower learning_rate"):
        fit(task, network, settings, 2, checkpoint, chunks=chunks)
    if first > 0:
        with np.load(checkpoint) as saved:
            assert int(saved["step"]) <= first
            assert all(np.isfinite(saved[name]).all() for name in saved.files if name.startswith("leaf"))


def test_weights_that_an_update_has_made_infinite_are_not_returned():
    with pytest.raises(FloatingPointError, match="not finite"):
        run(dataclasses.replace(SETTINGS, steps=1, learning_rate=3e38, schedule="constant"))


def test_every_example_is_seen_once_an_epoch_whatever_the_batch():
    key = jax.random.key(3)
    rows = np.asarray(draw_rows(key, 0, 0, examples=10, batch=4, steps=5)).ravel()
    assert sorted(rows[:10]) == sorted(rows[10:]) == list(range(10))
    assert list(rows[:10]) != list(rows[10:])
    later = np.asarray(draw_rows(key, 0, 8, examples=10, batch=4, steps=3)).ravel()
    np.testing.assert_array_equal(later, rows[8:])  # a stretch that begins within an epoch
    assert draw_rows(key, 0, 0, examples=2, batch=8, steps=1).shape == (1, 8)


def test_an_empty_set_and_a_plateau_without_scores_are_refused():
    network = LinearRegression(1)
    with pytest.raises(ValueError, match="no examples"):
        fit(make_task(SETTINGS, network, examples=0), network, SETTINGS, 0)
    with pytest.raises(ValueError, match="needs validation data"):
        run(PLATEAU)


def test_the_precision_of_products_is_that_of_the_settings_and_stands_in_the_result():
    seen = []

    class Watching(LinearRegression):
        def __call__(self, x, noise=None):
            seen.append(jax.config.jax_default_matmul_precision)
            return super().__call__(x, noise)

    settings, network = dataclasses.replace(SETTINGS, steps=1, precision="float32"), Watching(1)
    assert fit(make_task(settings, network), network, settings, 0).precision == "float32"
    assert set(seen) == {"float32"}


def test_what_a_fit_has_learnt_from_is_given_back():
    """A compiled step stays as long as the process, and with it the task that it was traced with."""
    network, settings = LinearRegression(1), dataclasses.replace(SETTINGS, steps=7)
    task = make_task(settings, network)
    held, before = weakref.ref(task.data["x"]), training_step._cache_size()
    fit(task, network, settings, 0)
    assert training_step._cache_size() - before == 1
    del task
    gc.collect()
    assert held() is None
