# SPDX-License-Identifier: GPL-3.0-or-later
"""When things run again, and when not: planned on a copy in which everything has been made at scale smoke."""

import os
import shutil

import pytest

SMOKE = ("--config", "scale=smoke")
FIGURE = "fig_selective_learning"
LEARNING = {"fit_selective", "collect_selective", "fig_selective_learning"}
DRAWING = {"fig_selective_learning"}
SOLVING = {
    *("simulate_structures", "measure_label_noise", "merge_structures", "cut_patches"),
    *("compute_channels", "score_mechanics"),
}


def nothing_to_do(run):
    return "Nothing to be done" in run.text and not run.jobs


def test_a_second_run_does_nothing(finished):
    run = finished.snakemake("all", *SMOKE)
    assert run.code == 0
    assert nothing_to_do(run)


def test_touching_and_rewriting_files_does_nothing(finished):
    for folder in ("src", "workflow/rules", "workflow/scales", "envs"):
        for path in (finished.path / folder).rglob("*.*"):
            if path.is_file():
                path.write_bytes(path.read_bytes())
                os.utime(path)
    for name in ("Snakefile", "config.yaml", "workflow/figures.yaml"):
        os.utime(finished.path / name)
    assert nothing_to_do(finished.plan("all", *SMOKE))


@pytest.mark.parametrize(
    ("edited", "changed", "runs"),
    [
        (
            "src/mesobayes/fem/plate/solution.py",
            {"simulate_structures", "measure_label_noise"},
            SOLVING | LEARNING,
        ),
        ("src/mesobayes/nets/build.py", {"fit_selective"}, LEARNING),
        (
            "src/mesobayes/studies/stress/mechanics/baseline.py",
            {"collect_selective"},
            LEARNING - {"fit_selective"},
        ),
        ("src/mesobayes/studies/stress/figures/selective.py", {"fig_selective_learning"}, DRAWING),
        ("src/mesobayes/drawing/reproduction.py", set(), set()),  # of the table beside it
        ("src/mesobayes/geometry/inclusions.py", set(), set()),  # of another study
        ("README.md", set(), set()),
    ],
)
def test_an_edit_runs_what_depends_on_it_and_nothing_else(finished, edited, changed, runs):
    (finished.path / "README.md").touch()
    undo = finished.edit(edited, "\n_CHANGED = True\n")
    try:
        plan = finished.plan(FIGURE, *SMOKE)
    finally:
        undo()
    assert plan.changed == changed
    assert set(plan.jobs) == runs


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ("stress={mesh: {growth: 0.6}}", {"simulate_structures", "measure_label_noise"}),
        ("stress={fits: {modern: {learning_rate: 0.01}}}", {"fit_selective"}),
        ("stress={selective: {draws: 6}}", {"fit_selective"}),
        ("stress={fits: {modern: {steps: 16}}}", {"fit_selective"}),  # 16 is the batch size already
    ],
)
def test_a_changed_value_runs_the_rules_that_use_it(finished, change, changed):
    assert finished.plan(FIGURE, *SMOKE, change).changed == changed


def test_a_value_of_one_network_leaves_the_fits_of_the_other_alone(finished):
    plan = finished.plan(FIGURE, *SMOKE, "stress={networks: {modern: {noise_std: 0.2}}}")
    fits = [message for message in plan.messages if message.startswith("fit_selective:")]
    assert fits
    assert all(message.startswith("fit_selective: selective, modern") for message in fits)


def test_more_structures_run_the_new_batches_only(finished):
    plan = finished.plan(FIGURE, *SMOKE, "stress={structures: {ellipse3: 9}}")
    assert plan.jobs["simulate_structures"] == 1
    assert "simulate_structures: batch 0002 of ellipse3" in plan.messages


def test_a_scale_switch_and_back_runs_plots_only(finished, tmp_path):
    # a second scale with the settings of smoke, its results marked as made
    copy = type(finished)(tmp_path / "copy")
    shutil.copytree(finished.path, copy.path, symlinks=True)
    shutil.copy(copy.path / "workflow/scales/smoke.yaml", copy.path / "workflow/scales/small.yaml")
    shutil.copytree(copy.path / "results/smoke", copy.path / "results/small")
    touched = copy.snakemake(FIGURE, "--touch", "--config", "scale=small")
    assert touched.code == 0, touched.text
    assert nothing_to_do(copy.plan(FIGURE, "--config", "scale=small"))
    assert set(copy.plan(FIGURE, *SMOKE).jobs) == DRAWING


def test_a_figure_is_drawn_again_without_training_or_solving(finished):
    (finished.path / "results/fig_selective_learning.pdf").unlink()
    run = finished.snakemake(FIGURE, *SMOKE)
    assert run.code == 0, run.text
    assert set(run.jobs) == DRAWING
