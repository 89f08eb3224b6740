# SPDX-License-Identifier: GPL-3.0-or-later
"""The tutorial, run as it stands: its notebook is the page, and every cell of it does what the page says."""

import json
import runpy
import shutil
from pathlib import Path

import pytest
from matplotlib.image import imread

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/tutorial.md"
PICTURES = ("tutorial_discs.png", "stress/tutorial_pores.png", "failure/tutorial_bar.png")
RUNNER = """
import json, subprocess, sys
names = {"__name__": "tutorial"}
for number, source in enumerate(json.load(sys.stdin)):
    if source.startswith("!"):
        subprocess.run(source[1:], shell=True, check=True)
    else:
        exec(compile(source, f"cell {number}", "exec"), names)
"""


def cells_of(notebook):
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.fixture(scope="module")
def notebook():
    return json.loads(PAGE.with_suffix(".ipynb").read_text(encoding="utf-8"))


def test_the_notebook_is_made_of_the_page(notebook):
    made = runpy.run_path(str(ROOT / "docs/notebook.py"))["notebook"]
    assert made(PAGE.read_text(encoding="utf-8")) == notebook, "make tutorial"


@pytest.fixture(scope="module")
def folder(finished, notebook, tmp_path_factory):
    """A copy with all results of scale smoke, in which all cells have been run, and what they printed."""
    path = tmp_path_factory.mktemp("tutorial") / "copy"
    shutil.copytree(finished.path, path, symlinks=True)
    done = type(finished)(path).python(RUNNER, json.dumps(cells_of(notebook)))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return path, done.stdout


def test_every_question_gets_an_answer_with_its_uncertainty(folder):
    path, printed = folder
    results = path / "results/predict"
    cell = json.loads((results / "tutorial_discs.json").read_text(encoding="utf-8"))
    for value in cell["permeability"]:
        assert 1 < value["lower_bound"] <= value["mean"] <= value["upper_bound"] < 250
    plate = json.loads((results / "stress/tutorial_pores.json").read_text(encoding="utf-8"))
    assert plate["pores"] == 7
    assert plate["maximum"]["low"] < plate["maximum"]["value"] < plate["maximum"]["high"]
    assert plate["finite_elements"]["maximum"] > 0
    bar = json.loads((results / "failure/tutorial_bar.json").read_text(encoding="utf-8"))
    assert 0.9 < sum(place["probability"] for place in bar["places"]) < 1 + 1e-6
    for words in ("because", "7 pores", "largest Tresca stress", "1. slice", "first failure in slice"):
        assert words in printed


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_of_the_page_are_made_by_it(folder, name):
    path, _ = folder
    made, shown = imread(path / "results/predict" / name), imread(PAGE.with_name(Path(name).name))
    for picture in (made, shown):
        assert (picture[..., :3] < 0.9).any(axis=-1).mean() > 0.02
    assert made.shape[0] / made.shape[1] == pytest.approx(shown.shape[0] / shown.shape[1], rel=0.02)
