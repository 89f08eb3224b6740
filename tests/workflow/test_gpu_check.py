# SPDX-License-Identifier: GPL-3.0-or-later
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def check(*arguments):
    command = [sys.executable, BENCHMARKS / "gpu_check.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def stages():
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import gpu_stages
    finally:
        sys.path.remove(str(BENCHMARKS))
    return gpu_stages.STAGES


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
    assert "all 1 stages agree between cpu and cpu" in done.stdout


def test_a_missing_gpu_is_said_in_words():
    done = check("--platforms", "cpu", "cuda", "--stages", "gram matrix")
    assert done.returncode == 1
    assert "a GPU was asked for, but JAX finds none" in done.stderr


def test_an_unknown_stage_is_said_in_words():
    done = check("--platforms", "cpu", "cpu", "--stages", "nonsense")
    assert done.returncode == 1
    assert "no stage begins with nonsense" in done.stderr
