# SPDX-License-Identifier: GPL-3.0-or-later
"""Jobs over their memory or time or cancelled; a driver killed beside another clone; a small partition."""

import os
import signal
import subprocess

import yaml

from cluster.copies import QUICK, wait_for

CELLS = "results/smoke/permeability/mono/batches/000{}.zarr.zip"
BARS = "results/smoke/failure/fast/batches/0000.zarr.zip"
SPECIMENS = "src/mesobayes/studies/failure/data.py"
PLATES = "results/smoke/stress/ellipse3/batches/0000.zarr.zip"


def test_a_job_over_its_memory_or_its_time_or_cancelled_gets_another_attempt(slurm, cluster_copy, tmp_path):
    copy = cluster_copy(tmp_path / "copy")
    cells = "mem_mb=grows(3000),\n        runtime=grows({}),"
    copy.replace("workflow/rules/permeability.smk", cells.format(60), cells.format(1))
    copy.replace("workflow/rules/stress.smk", "mem_mb=grows(2000)", "mem_mb=grows(300)")
    copy.wait_at("src/mesobayes/studies/permeability/data.py", "    cells = label_cells(family, indices")
    copy.wait_at(SPECIMENS, "    data = simulate(field, indices")
    driver = copy.start(CELLS.format(0), BARS, PLATES, *QUICK)
    wait_for(lambda: copy.waits(SPECIMENS), driver)
    subprocess.run(["scancel", str(job_of(copy, "simulate_specimens"))], check=True)
    assert driver.wait(timeout=900) == 0
    ends = {rule: [state for _, name, state in copy.jobs if name == rule] for _, rule, _ in copy.jobs}
    assert {rule: (states[0], states[-1]) for rule, states in ends.items()} == {
        "generate_cells": ("TIMEOUT", "COMPLETED"),
        "simulate_specimens": ("CANCELLED", "COMPLETED"),
        "simulate_structures": ("FAILED", "COMPLETED"),
    }
    assert "exceeded memory limit" in (slurm / "slurmd.log").read_text("utf-8")


def job_of(copy, rule):
    """Return the number of the running job of a rule, None if there is none."""
    numbers = [number for number, name, state in copy.jobs if name == rule and state == "RUNNING"]
    return numbers[0] if numbers else None


def test_a_killed_driver_is_resumed_beside_another_clone_and_nothing_is_done_twice(cluster_copy, tmp_path):
    one, other = cluster_copy(tmp_path / "one"), cluster_copy(tmp_path / "other")
    for copy in (one, other):
        copy.wait_at("src/mesobayes/studies/permeability/data.py", "    cells = label_cells(family, indices")
        copy.replace("workflow/rules/permeability.smk", "mem_mb=grows(3000)", "mem_mb=grows(30000)")
    once = (*QUICK, "--retries", "0")  # the memory of three jobs is more than the node has
    beside = other.start(CELLS.format(0), *once)
    wait_for(lambda: job_of(other, "generate_cells"), beside)
    driver = one.start(CELLS.format(0), CELLS.format(1), *once)
    wait_for(lambda: sorted(one.queue) == ["PENDING", "RUNNING"], driver)
    os.killpg(driver.pid, signal.SIGKILL)
    driver.wait()

    resumed = one.start_word("resume")
    wait_for(lambda: one.queue == ["RUNNING"], resumed)
    assert other.queue == ["RUNNING"]
    (one.path / "go").touch()
    assert resumed.wait(timeout=900) == 0
    assert all((one.path / CELLS.format(batch)).exists() for batch in (0, 1))
    assert sorted(one.states) == ["CANCELLED", "COMPLETED", "COMPLETED"]
    assert other.queue == ["RUNNING"]
    (other.path / "go").touch()
    assert beside.wait(timeout=900) == 0
    assert other.states == ["COMPLETED"]


def test_a_partition_that_gives_less_than_a_job_asks_for_is_named_before_anything_is_submitted(
    cluster_copy, tmp_path
):
    copy = cluster_copy(tmp_path / "copy")
    run = copy.snakemake(
        CELLS.format(0), *QUICK, "--default-resources", "slurm_partition=brief", "slurm_account=mine"
    )
    assert run.code == 1
    assert (
        "error: generate_cells asks for 60 minutes at attempt 1, partition brief gives 20: lower its runtime "
        "(set-resources of the profile) or take another one"
    ) in run.text.splitlines()
    assert copy.jobs == []
    copy.mesobayes("site", "--account", "mine", "--partition", "brief")
    profile = yaml.safe_load((copy.path / "profiles/site/config.yaml").read_text("utf-8"))
    assert profile["set-resources"]["generate_cells"]["runtime"] == "min(60 * attempt, 20)"


def test_the_profile_of_another_folder_is_refused(cluster_copy, tmp_path):
    copy = cluster_copy(tmp_path / "copy")
    moved = copy.path.rename(tmp_path / "moved")
    run = type(copy)(moved).snakemake(CELLS.format(0), *QUICK)
    assert run.code == 1
    assert "error: the profile is that of another folder" in run.text
