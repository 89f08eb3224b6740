# SPDX-License-Identifier: GPL-3.0-or-later
"""The training loop: one trace, learning, checkpoints that survive a kill, refusal of foreign ones."""

import dataclasses
import logging
import signal
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from flax import nnx

from mesobayes.learning.data import batch_indices
from mesobayes.learning.settings import FitSettings
from mesobayes.learning.step import training_chunk, training_step
from mesobayes.learning.training import fit
from mesobayes.nets.build import build_network
from mesobayes.record.errors import SettingsError

SETTINGS = FitSettings(
    steps=6, batch=4, learning_rate=3e-3, schedule="onecycle", augment=True, reports=6, checkpoint_seconds=0
)


def leaves(network) -> list[np.ndarray]:
    return [np.asarray(leaf) for leaf in jax.tree.leaves(nnx.state(network))]


@pytest.fixture(scope="module")
def counted(patches, tiny):
    """An uninterrupted fit, and how often its six steps were traced."""
    before = training_step._cache_size()
    result = fit(build_network(tiny, 1), patches, SETTINGS, seed=2, validation=patches)
    return result, training_step._cache_size() - before


@pytest.fixture(scope="module")
def uninterrupted(counted):
    return counted[0]


def test_six_steps_are_traced_once(counted):
    assert counted[1] == 1


def test_a_fit_on_another_number_of_patches_traces_nothing(counted, other_patches, tiny):
    before = training_step._cache_size()
    fit(build_network(tiny, 3), other_patches, SETTINGS, seed=5)
    assert training_step._cache_size() == before


def test_a_killed_fit_resumes_to_bitwise_the_same_numbers(patches, uninterrupted, tiny, tmp_path):
    checkpoint = tmp_path / "fit.npz"
    script = (
        "import os, signal, sys; from pathlib import Path; sys.path.insert(0, sys.argv[1])\n"
        "from test_training import SETTINGS; from conftest import TINY, make_patches\n"
        "from mesobayes.learning import fit; from mesobayes.nets import build_network\n"
        "stop = lambda progress: progress.step == 4 and os.kill(os.getpid(), signal.SIGKILL)\n"
        "data = make_patches(12, 0)\n"
        "fit(build_network(TINY, 1), data, SETTINGS, 2, Path(sys.argv[2]), stop, data)\n"
    )
    arguments = [sys.executable, "-c", script, str(Path(__file__).parent), str(checkpoint)]
    assert subprocess.run(arguments, check=False).returncode == -signal.SIGKILL
    reports = []
    resumed = fit(build_network(tiny, 1), patches, SETTINGS, 2, checkpoint, reports.append, patches)
    assert [progress.step for progress in reports] == [4, 5, 6]  # three steps were saved
    np.testing.assert_array_equal(resumed.history, uninterrupted.history)
    np.testing.assert_array_equal(resumed.validation, uninterrupted.validation)
    for found, expected in zip(leaves(resumed.network), leaves(uninterrupted.network), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fit.npz"]


def test_a_checkpoint_of_another_configuration_or_a_damaged_one_is_refused(patches, tiny, tmp_path, caplog):
    checkpoint = tmp_path / "fit.npz"
    fit(build_network(tiny, 1), patches, SETTINGS, 2, checkpoint)
    other = dataclasses.replace(SETTINGS, steps=1, kl_weight=0.5)
    with caplog.at_level(logging.WARNING):
        fresh = fit(build_network(tiny, 1), patches, other, 2, checkpoint)
    assert "belongs to another configuration" in caplog.text
    assert fresh.history.shape == (1, 4)
    checkpoint.write_bytes(checkpoint.read_bytes()[:500])
    with caplog.at_level(logging.WARNING):
        again = fit(build_network(tiny, 1), patches, other, 2, checkpoint)
    assert "is damaged" in caplog.text
    np.testing.assert_array_equal(again.history, fresh.history)


def test_scanned_chunks_give_the_numbers_of_single_steps(patches, uninterrupted, tiny):
    before = training_chunk._cache_size()
    scanned = fit(build_network(tiny, 1), patches, SETTINGS, seed=2, scan=True)
    assert training_chunk._cache_size() - before == 1
    np.testing.assert_allclose(scanned.history, uninterrupted.history, rtol=1e-3, atol=1e-4)


def test_spreads_move_faster_than_means(uninterrupted, tiny):
    start, end = build_network(tiny, 1), uninterrupted.network
    moved = {
        name: np.abs(np.asarray(getattr(end.head.weight, name)[...] - getattr(start.head.weight, name)[...]))
        for name in ("mu", "rho")
    }
    assert moved["rho"].mean() > 3 * moved["mu"].mean()


def test_every_example_is_seen_once_an_epoch_whatever_the_batch():
    rows = np.concatenate([batch_indices(10, 4, step, seed=3) for step in range(5)])
    assert sorted(rows[:10]) == sorted(rows[10:]) == list(range(10))
    assert list(rows[:10]) != list(rows[10:])
    assert batch_indices(2, 8, 0, seed=0).shape == (8,)


def test_settings_name_what_is_wrong():
    with pytest.raises(SettingsError, match="exactly one"):
        FitSettings()
    with pytest.raises(SettingsError, match="schedule"):
        FitSettings(steps=1, schedule="cosine")  # type: ignore[arg-type]
    assert FitSettings(epochs=2, batch=32).for_examples(100).steps == 7
