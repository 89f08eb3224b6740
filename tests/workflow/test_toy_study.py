# SPDX-License-Identifier: GPL-3.0-or-later
"""The code blocks of ``docs/add_a_study.md`` add a study and a figure to a copy of the tree, and they run."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs/add_a_study.md").read_text(encoding="utf-8")
SECTIONS = dict(part.split("\n", 1) for part in re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)[1:])
BLOCK = re.compile(
    r"^((?:New file|At the end of|In `)[^\n]*)\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
SMOKE = ("--config", "scale=smoke")
FOLDER = "src/mesobayes/studies/toy"


def follow(text, root):
    """Do in a copy of the tree what a part of the document says."""
    blocks = BLOCK.findall(text)
    assert len(blocks) >= 3
    for said, code in blocks:
        names = re.findall(r"`([^`]+)`", said)
        if said.startswith("New file"):
            for name in names[: 2 if said.startswith("New files") else 1]:
                path = root / name
                assert not path.exists()
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(code, encoding="utf-8")
        else:
            path, text = root / names[0], (root / names[0]).read_text(encoding="utf-8")
            place = len(text) if said.startswith("At the end of") else text.index(names[1])
            path.write_text(text[:place] + code + text[place:], encoding="utf-8")


def tree(checkout):
    """Return the content of every source file of a copy."""
    made = ("results", "logs", ".snakemake", "__pycache__")
    return {
        path.relative_to(checkout.path).as_posix(): path.read_bytes()
        for path in checkout.path.rglob("*")
        if path.is_file() and not set(made) & set(path.relative_to(checkout.path).parts)
    }


def changed(before, after):
    assert not set(before) - set(after)
    return {name for name, content in after.items() if before.get(name) != content}


@pytest.fixture(scope="module")
def copy(tmp_path_factory, new_copy):
    return new_copy(tmp_path_factory.mktemp("toy"))


@pytest.fixture(scope="module")
def toy(copy):
    """A copy with the toy study, and the files that adding it touched."""
    before = tree(copy)
    follow(SECTIONS["A study"], copy.path)
    return changed(before, tree(copy))


@pytest.fixture(scope="module")
def record(copy, toy):
    run = copy.snakemake("fig_radius_histogram", *SMOKE)
    assert run.code == 0, run.text[-3000:]
    return json.loads((copy.path / "results/fig_radius_histogram.json").read_text(encoding="utf-8"))


def test_a_study_is_one_folder_one_rule_file_one_include_and_one_section(toy):
    assert {name for name in toy if not name.startswith(f"{FOLDER}/")} == {
        *("workflow/rules/toy.smk", "Snakefile", "config.yaml", "workflow/figures.yaml")
    }


def test_its_figure_is_drawn_from_its_data_and_judged(copy, record):
    for ending in ("pdf", "png"):
        assert (copy.path / f"results/fig_radius_histogram.{ending}").stat().st_size > 1000
    assert sum(record["drawn"]["counts"]) == 200
    (printed,) = record["printed"]
    assert printed["ours"] == pytest.approx(1.0, abs=0.1)
    assert printed["verdict"] == "no verdict"  # scale smoke
    assert [origin["schema"] for origin in record["inputs"]["radii"]] == ["toy/radii"]


def mesobayes(copy, *words):
    """Give one word to the command of a copy, with the package of that copy."""
    command = [sys.executable, "-m", "mesobayes.command.main", *words]
    environment = {**os.environ, "PYTHONPATH": str(copy.path / "src")}
    return subprocess.run(
        command, cwd=copy.path, env=environment, capture_output=True, text=True, timeout=300
    )


def test_an_archive_comes_back_in_another_folder_where_nothing_runs_again(copy, record, tmp_path):
    for name in ("Makefile", "pyproject.toml", "README.md", "LICENSE", "CITATION.cff"):
        shutil.copy(ROOT / name, copy.path)
    done = mesobayes(copy, "archive", "--scale", "smoke")
    assert done.returncode == 0, done.stderr
    other = type(copy)(tmp_path / "other")
    with zipfile.ZipFile(copy.path / "archive-smoke.zip") as file:  # the sources are in it too
        file.extractall(
            other.path, [name for name in file.namelist() if not name.startswith(("results", "."))]
        )
    done = mesobayes(other, "restore", str(copy.path / "archive-smoke.zip"))
    assert done.returncode == 0, done.stderr
    assert "differ" not in done.stdout
    plan = other.plan("fig_radius_histogram", *SMOKE)
    assert "Nothing to be done" in plan.text
    assert "missing" not in plan.text  # Snakemake remembers how each file was made


def test_a_wrong_value_of_its_section_gives_one_clear_line(copy, toy):
    run = copy.snakemake("all", *SMOKE, "toy={radii: {spread: 0}}")
    assert run.code != 0
    assert "error: 'toy.radii.spread' must be more than 0, not 0" in run.text


def test_its_code_and_rules_are_as_tidy_as_the_rest(copy, toy):
    bin = Path(sys.executable).parent
    for command in (
        [bin / "ruff", "check", "--config", ROOT / "pyproject.toml", FOLDER],
        [bin / "ruff", "format", "--check", "--config", ROOT / "pyproject.toml", FOLDER],
        [bin / "snakefmt", "--check", "workflow/rules/toy.smk"],
    ):
        done = subprocess.run(command, cwd=copy.path, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_figure_is_one_function_one_line_and_its_entry(copy, record):
    before = tree(copy)
    follow(SECTIONS["A figure"], copy.path)
    assert changed(before, tree(copy)) == {
        *(f"{FOLDER}/figures/histogram.py", "workflow/rules/toy.smk", "workflow/figures.yaml")
    }
    run = copy.snakemake("fig_radius_quantiles", *SMOKE)
    assert run.code == 0, run.text[-3000:]
    assert set(run.jobs) == {"fig_radius_quantiles"}  # nothing is simulated again
    drawn = json.loads((copy.path / "results/fig_radius_quantiles.json").read_text(encoding="utf-8"))["drawn"]
    assert drawn["radius"] == sorted(drawn["radius"])
