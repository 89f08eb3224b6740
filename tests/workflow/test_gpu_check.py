# SPDX-License-Identifier: GPL-3.0-or-later
import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def check(*arguments):
    command = [sys.executable, BENCHMARKS / "gpu_check.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def module(name):
    sys.path.insert(0, str(BENCHMARKS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(BENCHMARKS))


@pytest.fixture(scope="module")
def stages():
    return module("gpu_stages").STAGES


def leave(folder, number, array=None, **about):
    folder.mkdir(exist_ok=True)
    about = {"precision": "float32", "items": "things", "allowed": 0.1} | about
    (folder / f"{number:03d}.json").write_text(json.dumps(about))
    if array is not None:
        np.savez(folder / f"{number:03d}.npz", np.array(array))


def test_every_study_has_stages_that_solve_draw_and_train(stages):
    for word in ("solve stress", "homogenise 2-D", "homogenise 3-D", "specimens", "histories", "tempering"):
        assert any(name.startswith(word) for name in stages), word
    networks = {name.removeprefix("forward ") for name in stages if name.startswith("forward ")}
    assert len(networks) >= 8
    assert networks == {name.removeprefix("train ") for name in stages if name.startswith("train ")}


def test_less_precise_products_are_allowed_to_deviate_more(stages):
    for stage in stages.values():
        assert set(stage.allowed) <= {"float32", "tensorfloat32"}
        assert stage.allowed["float32"] <= stage.allowed.get("tensorfloat32", 0.1) <= 0.1


def test_the_cpu_agrees_with_itself_and_the_table_says_how_fast():
    done = check("--platforms", "cpu", "cpu", "--stages", "gram matrix")
    assert done.returncode == 0, done.stderr
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("gram matrix")]
    deviation, allowed, first, second, ratio = (
        float(cell.replace(",", "")) for cell in row.removeprefix("gram matrix").split()[:5]
    )
    assert deviation == 0.0 < allowed
    assert min(first, second, ratio) > 0
    assert "1 of 1 stages agree between cpu and cpu" in done.stdout


def test_precisions_stand_side_by_side_and_rates_are_of_the_coarsest(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    leave(one, 0, [1.0, 2.0], stage="draw", rate=4.0)
    leave(other, 0, [1.0, 2.02], stage="draw")
    leave(other, 1, [1.0, 2.4], stage="draw", precision="tensorfloat32", rate=10.0)
    check = module("gpu_check")
    (row,) = check.compare(one, other)
    assert not row["agrees"]
    cells = check.table([row], ["cpu", "cuda"]).splitlines()[-1].split()
    assert cells == ["draw", "1e-02", "1e-01", "2e-01", "1e-01", "4.0", "10.0", "2.5", "things", "DIFFERS"]


def test_a_stage_that_fails_is_told_and_the_others_stand(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        leave(folder, 0, [1.0], stage="solve", rate=1.0)
    leave(one, 1, [1.0], stage="draw", rate=1.0)
    leave(other, 1, stage="draw", error="no memory")
    check = module("gpu_check")
    rows = check.compare(one, other)
    assert [(row["stage"], row["agrees"], row["error"]) for row in rows] == [
        ("solve", True, ""),
        ("draw", False, "no memory"),
    ]
    assert check.table(rows, ["cpu", "cuda"]).splitlines()[-1].split() == ["draw", "things", "FAILED"]


def test_a_missing_gpu_is_said_in_words():
    done = check("--platforms", "cpu", "cuda", "--stages", "gram matrix")
    assert done.returncode == 1
    assert "a GPU was asked for, but JAX finds none" in done.stderr


def test_an_unknown_stage_is_said_in_words():
    done = check("--platforms", "cpu", "cpu", "--stages", "nonsense")
    assert done.returncode == 1
    assert "no stage begins with nonsense" in done.stderr
