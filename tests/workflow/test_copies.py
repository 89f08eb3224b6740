# SPDX-License-Identifier: GPL-3.0-or-later
"""Touched, reverted, copied and moved results run nothing; edits run what depends on them."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest

from mesobayes.record.lineage import read_origin
from mesobayes.record.store import open_store
from workflow.toy import FIGURE, FOLDER, PLAIN, SMOKE, STORE, can, files, planned

BOTH = {"draw_radii", FIGURE}


def test_touched_and_rewritten_files_and_a_clock_that_goes_backwards_run_nothing(toy):
    future = time.time() + 10_000  # as if the clock had gone back since the store was made
    for path in files(toy.path / "src") + files(toy.path / "workflow") + files(toy.path / "envs"):
        path.write_bytes(path.read_bytes())
    os.utime(toy.path / STORE, (future, future))
    assert planned(toy) == set()


def test_a_checkout_of_another_version_and_back_runs_nothing(toy):
    git = ["git", "-C", str(toy.path), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (
        ["init", "-q"],
        ["add", "Snakefile", "config.yaml", "workflow", "envs", "src"],
        ["commit", "-q", "-m", "one"],
    ):
        subprocess.run([*git, *words], check=True)
    toy.edit(f"{FOLDER}/data.py", "\n_CHANGED = True\n")
    subprocess.run([*git, "commit", "-q", "-a", "-m", "two"], check=True)
    assert planned(toy) == BOTH
    subprocess.run([*git, "revert", "--no-edit", "HEAD"], check=True, capture_output=True)
    assert planned(toy) == set()


@pytest.mark.parametrize("memory", ["with", "without"])
def test_copied_results_run_nothing_and_are_known_for_what_they_are(made_toy, new_toy, tmp_path, memory):
    copy = new_toy(tmp_path / "clone")
    folders = ("results", ".snakemake") if memory == "with" else ("results",)
    for folder in folders:
        shutil.copytree(made_toy.path / folder, copy.path / folder, copy_function=shutil.copyfile)
    os.utime(copy.path / STORE)  # the inputs come last
    assert planned(copy) == set()
    copy.edit(f"{FOLDER}/figures/histogram.py", "\n_CHANGED = True\n")
    assert planned(copy) == {FIGURE}


@pytest.mark.parametrize(
    ("edited", "text", "runs"),
    [
        (f"{FOLDER}/data.py", "\n_CHANGED = True\n", BOTH),
        ("workflow/run.py", "\n_CHANGED = True\n", BOTH),
        ("envs/requirements.txt", "matplotlib==0.1 \\\n", {FIGURE}),
        ("envs/requirements.txt", "optax==0.1 \\\n", set()),
        ("workflow/rules/common.smk", "\n# a comment\n", set()),
    ],
)
def test_an_edit_of_content_runs_exactly_its_dependants(toy, edited, text, runs):
    toy.edit(edited, text)
    assert planned(toy) == runs


def test_a_value_that_nothing_uses_runs_nothing_and_one_in_use_runs_its_dependants(toy):
    assert planned(toy, "stress={mesh: {growth: 0.6}}") == set()
    assert planned(toy, "toy={radii: {number: 100}}") == BOTH


def test_what_a_user_has_declared_right_stays_so_until_its_inputs_change(toy):
    toy.edit(f"{FOLDER}/data.py", "\n_CHANGED = True\n")
    assert toy.snakemake(FIGURE, "--touch", *SMOKE).code == 0
    assert planned(toy) == set()


def test_a_store_of_other_content_in_its_place_is_not_used_in_silence(toy):
    store = toy.path / STORE
    other = toy.snakemake(STORE, *SMOKE, "toy={radii: {number: 100}}")
    assert other.code == 0, other.text
    shutil.copy(store, toy.path / "other.zarr.zip")
    assert planned(toy, "toy={radii: {number: 100}}") == {FIGURE}  # drawn from the first one
    again = toy.snakemake(STORE, *SMOKE)
    assert again.code == 0, again.text
    assert planned(toy) == set()  # the same content as at first
    shutil.copy(toy.path / "other.zarr.zip", store)
    assert planned(toy) == BOTH


def test_the_workflow_runs_for_another_folder_and_its_results_mean_the_same_there(toy, tmp_path):
    elsewhere = tmp_path / "else where"
    shutil.copytree(toy.path / "results", elsewhere / "results", copy_function=shutil.copyfile)
    assert planned(toy, "--directory", str(elsewhere)) == set()
    (elsewhere / f"results/{FIGURE}.pdf").unlink()
    run = toy.snakemake(FIGURE, "--directory", str(elsewhere), *SMOKE)
    assert run.code == 0, run.text[-3000:]
    assert set(run.jobs) == {FIGURE}
    assert (elsewhere / f"results/{FIGURE}.pdf").exists()


def test_the_workflow_is_a_module_of_another_one(toy, tmp_path):
    main = type(toy)(tmp_path / "main")
    shutil.copytree(toy.path / "results", main.path / "results", copy_function=shutil.copyfile)
    (main.path / f"results/{FIGURE}.pdf").unlink()
    shutil.rmtree(main.path / "results/configurations")
    (main.path / "Snakefile").write_text(
        'configfile: "own.yaml"\n\n'
        f'module mesobayes:\n    snakefile: "{toy.path}/Snakefile"\n    config: config\n\n'
        f"use rule * from mesobayes as its_*\n\n"
        f'rule mine:\n    default_target: True\n    input: "results/{FIGURE}.pdf"\n'
    )
    text = (toy.path / "config.yaml").read_text().replace("scale: small", "scale: smoke")
    (main.path / "own.yaml").write_text(text)
    run = main.snakemake()
    assert run.code == 0, run.text[-3000:]
    assert set(run.jobs) == {"mine", f"its_{FIGURE}"}  # the radii are those of the other folder
    record = read_origin(main.path / f"results/{FIGURE}.json")
    assert (main.path / f"results/configurations/{record['configuration']}.yaml").is_file()


@pytest.mark.skipif(os.getuid() == 0 and not can(*PLAIN), reason="there is no way to become a plain user")
def test_a_plain_user_works_in_a_folder_with_blanks_whose_results_lie_behind_a_link(new_toy, tmp_path):
    copy = new_toy(tmp_path / "a folder with blanks")
    (tmp_path / "large disk").mkdir()
    (copy.path / "results").symlink_to(tmp_path / "large disk")
    run = copy.snakemake(FIGURE, *SMOKE, by=PLAIN if os.getuid() == 0 else ())
    assert run.code == 0, run.text[-3000:]
    assert (tmp_path / "large disk" / f"{FIGURE}.pdf").exists()
    assert planned(copy) == set()


def test_results_say_from_what_they_were_made(made_toy):
    results = made_toy.path / "results"
    record = json.loads((results / f"{FIGURE}.json").read_text(encoding="utf-8"))
    store = open_store(made_toy.path / STORE)
    assert record["made_from"] == [[STORE, store.attrs["content_hash"]]]
    assert record["inputs"]["radii"][0]["content_hash"] == store.attrs["content_hash"]
    assert record["inputs"]["radii"][0]["settings_hash"] == store.attrs["settings_hash"]
    assert record["settings_hash"] not in (record["config_hash"], store.attrs["settings_hash"])
    for origin in (record, store.attrs):
        assert (results / f"configurations/{origin['configuration']}.yaml").is_file()
        assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|", origin["commit"])
        assert {"python", "numpy"} <= set(origin["versions"])
