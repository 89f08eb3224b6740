# SPDX-License-Identifier: GPL-3.0-or-later
"""What the profiles say of the rules: who gets a GPU, and which keys a site may change."""

import re
import shutil
from pathlib import Path

import pytest
import yaml

from mesobayes.record.logs import NO_GPU

ROOT = Path(__file__).parents[2]
PROFILES = ROOT / "profiles"
RULES = {
    match[1]: match[2]
    for path in (ROOT / "workflow/rules").glob("*.smk")
    for match in re.finditer(
        r'^rule (\w+):.*?\*\*call\(\s*"([\w.:]+)"', path.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
}
# stages of pure NumPy, or of meshes and sparse factorisations, for which a GPU does nothing
ON_CORES = {
    *("simulate_structures", "measure_label_noise", "merge_structures", "cut_patches", "collect_selective"),
    *("compute_channels", "score_mechanics", "collect_maxima", "join_ensemble", "calibrate"),
    "describe_training",
    *("simulate_strips", "simulate_figure_strip", "measure_strip_noise", "merge_strips", "cut_strip_patches"),
    *("time_networks", "time_mechanics", "time_places"),  # they take CPU time
    *("cover_families", "fit_stopped", "rank_fold", "score_places", "score_rankers"),
    *("merge_cells", "merge_specimens", "fit_baseline", "score_variant", "table_reproduction"),
}


def profile(name):
    return yaml.safe_load((PROFILES / name / "config.yaml").read_text("utf-8"))


@pytest.mark.parametrize("name", ["gpu", "slurm"])
def test_every_fit_and_every_simulation_on_jax_gets_a_gpu(name):
    assert len(RULES) > 15
    asked = {rule for rule, values in profile(name)["set-resources"].items() if values.get("gpu") == 1}
    assert asked == set(RULES) - ON_CORES


def test_every_rule_says_that_it_needs_no_gpu_unless_a_profile_gives_it_one():
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        text = path.read_text("utf-8")
        assert text.count("gpu=0,") == text.count("shell:\n        RUN") + text.count(
            "shell:\n            RUN"
        ), path


def test_every_rule_asks_for_more_memory_and_time_at_each_attempt():
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        blocks = re.findall(r"^ *resources:\n((?: +\w+=.*\n)+)", path.read_text("utf-8"), re.MULTILINE)
        assert len(blocks) == path.read_text("utf-8").count("resources:\n"), path
        for block in blocks:
            assert re.search(r"mem_mb=grows\(\w+\),\n", block), block
            assert re.search(r"runtime=grows\(\w+\),\n", block), block


@pytest.mark.parametrize("name", ["default", "gpu", "slurm"])
def test_every_profile_runs_again_what_was_cut_off(name):
    assert profile(name)["rerun-incomplete"] is True


@pytest.mark.parametrize("name", ["gpu", "slurm"])
def test_the_default_profile_which_wins_says_nothing_else_than_this_one(name):
    default, other = profile("default"), profile(name)
    assert {key: default[key] for key in default.keys() & other.keys()} == {
        key: other[key] for key in default.keys() & other.keys()
    }


def test_the_default_profile_holds_no_key_that_a_site_changes():
    keys = {"latency-wait", "retries", "executor", "jobs", "resources", "keep-incomplete", "set-resources"}
    assert not keys & set(profile("default"))


def test_a_job_of_the_gpu_profile_without_a_gpu_ends_with_one_sentence(checkout):
    if shutil.which("nvidia-smi"):
        pytest.skip("a GPU is there")
    store = "results/smoke/permeability/mono/batches/0.zarr.zip"
    run = checkout.snakemake(store, "--profile", "profiles/gpu", "--config", "scale=smoke")
    assert run.code == 1
    log = (checkout.path / "logs/smoke/generate_cells/mono_0.log").read_text("utf-8").splitlines()
    assert [line for line in log if line.startswith("error:")] == [f"error: {NO_GPU}"]
    assert f"error: {NO_GPU}" in run.text
    assert not (checkout.path / store).exists()
