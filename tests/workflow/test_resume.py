# SPDX-License-Identifier: GPL-3.0-or-later
"""Killed in the middle of a fit, and broken files between jobs."""

import os
import shutil
import signal
import time

import numpy as np
import pytest

from mesobayes.record.store import open_store

FIT = "results/smoke/stress/selective/modern/initial/repeat0.zarr.zip"
CHECKPOINTS = "results/smoke/checkpoints/stress/selective/modern/initial"
LONGER = (
    "--config",
    "scale=smoke",
    "stress={fits: {modern: {steps: 60, reports: 60, checkpoint_seconds: 0.0}}}",
)


@pytest.fixture
def started(finished, tmp_path):
    """A copy in which everything is made, so that only the fit is made again when it must be."""
    copy = type(finished)(tmp_path / "copy")
    shutil.copytree(finished.path, copy.path, symlinks=True)
    return copy


def kill_in_the_middle(checkout):
    """Start the fit, and end snakemake and its children by SIGKILL once a checkpoint lies there."""
    process = checkout.start(FIT, *LONGER)
    deadline = time.monotonic() + 600
    while not list((checkout.path / CHECKPOINTS).glob("repeat0.*.query0.npz")):
        assert process.poll() is None, "the fit ended before it could be killed"
        assert time.monotonic() < deadline, "no checkpoint was written"
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_fit_goes_on_where_it_was_and_ends_with_the_same_numbers(started, finished, tmp_path):
    whole = type(finished)(tmp_path / "whole")
    shutil.copytree(finished.path, whole.path, symlinks=True)
    before = (started.path / FIT).read_bytes()
    kill_in_the_middle(started)
    assert (started.path / FIT).read_bytes() == before  # it stays until its replacement is whole

    refused = started.snakemake(FIT, *LONGER)
    assert refused.code != 0
    assert "LockException" in refused.text or "unlock" in refused.text
    assert started.snakemake("--unlock", *LONGER).code == 0
    resumed = started.snakemake(FIT, *LONGER)
    assert resumed.code == 0, resumed.text
    said = [
        line
        for line in resumed.text.splitlines()
        if line.startswith("fit_selective/selective_modern_initial")
    ]
    step = next(int(line.split("resumed at step ")[1].split(",")[0]) for line in said if "resumed at" in line)
    first_step = next(line.split(" | ")[1] for line in said if " | step " in line)
    assert first_step.startswith(f"step {step + 1}/60")

    assert whole.snakemake(FIT, *LONGER).code == 0
    a, b = (open_store(copy.path / FIT, "stress/fit") for copy in (started, whole))
    for name in set(a.data_vars) - {"fit_seconds"}:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


@pytest.mark.parametrize("damage", ["truncated", "foreign"])
def test_a_broken_store_between_jobs_gives_one_message_that_names_it(started, damage):
    patches = started.path / "results/smoke/stress/ellipse3/patches.zarr.zip"
    content, before = patches.read_bytes(), (started.path / FIT).read_bytes()
    patches.write_bytes(content[: len(content) // 2] if damage == "truncated" else b"%PDF-1.7 something else")
    run = started.snakemake(FIT, "--config", "scale=smoke")
    assert run.code != 0
    message = "error: results/smoke/stress/ellipse3/patches.zarr.zip cannot be used: "
    log = (started.path / "logs/smoke/fit_selective/selective_modern_initial_repeat0.log").read_text()
    (line,) = [line for line in log.splitlines() if line.startswith("error:")]
    assert line.startswith(message)
    assert line.endswith("Delete this file and run the same command again.")
    assert message in run.text
    assert (started.path / FIT).read_bytes() == before
