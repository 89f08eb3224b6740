# SPDX-License-Identifier: GPL-3.0-or-later
"""What the profiles say of the rules: who gets a GPU, and which keys a site may change."""

import re
from pathlib import Path

import pytest
import yaml

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


@pytest.mark.parametrize("name", ["default", "gpu", "slurm"])
def test_every_profile_runs_again_what_was_cut_off(name):
    assert profile(name)["rerun-incomplete"] is True


def test_the_default_profile_holds_no_key_that_a_site_changes():
    assert not {"latency-wait", "retries", "executor", "jobs", "resources"} & set(profile("default"))
