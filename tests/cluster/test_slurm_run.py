# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflow through Slurm: what it makes, in how many jobs, and what is refused before the first one."""

import subprocess

from cluster.conftest import CHANNELS, FIGURE
from cluster.copies import QUICK, shown, wait_for
from workflow.copies import SMOKE

CHAIN = "results/smoke/stress/selective_structures/geometry/random/repeat0.zarr.zip"
STAGE = "src/mesobayes/studies/stress/selective/chain.py"
LONGER = "stress={selective_structures: {initial: 1, pool: 3, query_rate: 1, queries: 2}}"


def test_simulation_fit_and_figure_have_the_numbers_of_one_machine(
    slurm, on_one_machine, cluster_copy, tmp_path
):
    copy = cluster_copy(tmp_path / "copy")
    run = copy.snakemake(FIGURE, *QUICK)
    assert run.code == 0, run.text[-4000:]
    assert shown(copy, FIGURE) == shown(on_one_machine, FIGURE)
    assert copy.states == ["COMPLETED"] * 6
    assert "Nothing to be done" in copy.snakemake(FIGURE, *SMOKE).text


def test_a_chain_of_fits_that_is_cancelled_goes_on_at_the_fit_where_it_was(
    slurm, on_one_machine, cluster_copy, tmp_path
):
    copy = cluster_copy(tmp_path / "copy")
    copy.take_results_of(on_one_machine)
    assert "Nothing to be done" in copy.snakemake(CHANNELS, *SMOKE).text
    copy.wait_at(STAGE, "            fitted, found = fit_query(\n", " and query == 2")
    driver = copy.start(CHAIN, *QUICK, LONGER)
    log = copy.path / "logs/smoke/fit_selective/selective_structures_geometry_random_repeat0.log"
    wait_for(lambda: copy.waits(STAGE), driver)
    (number,) = [number for number, _, state in copy.jobs if state == "RUNNING"]
    subprocess.run(["scancel", str(number)], check=True)
    assert driver.wait(timeout=600) == 0
    assert copy.states == ["COMPLETED", "CANCELLED", "COMPLETED"]
    assert "query 1: made before" in log.read_text("utf-8")
    assert (copy.path / CHAIN).exists()
