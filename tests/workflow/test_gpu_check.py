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


def test_every_study_has_stages_that_solve_fit_and_draw(stages):
    for word in ("solve plate", "solve cells", "solve specimens", "reference"):
        assert any(name.startswith(word) for name in stages), word
    for kind in ("fit", "draw"):
        for network in ("stress", "cells", "volumes", "heteroencoder"):
            assert any(name.startswith(f"{kind} {network}") for name in stages), (kind, network)


def test_less_precise_products_are_allowed_to_deviate_more(stages):
    for stage in stages.values():
        assert set(stage.allowed) <= {"float32", "tensorfloat32"}
        assert stage.allowed["float32"] <= stage.allowed.get("tensorfloat32", 0.1) <= 0.1


def test_the_cpu_agrees_with_itself_and_the_table_says_how_fast():
    done = check("--platforms", "cpu", "cpu", "--stages", "reference last layer")
    assert done.returncode == 0, done.stderr
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("reference last layer")]
    deviation, allowed, first, second, ratio = map(float, row.split()[-5:])
    assert deviation == 0.0 < allowed
    assert first > 0
    assert second > 0
    assert ratio > 0
    assert "every stage agrees between cpu and cpu" in done.stdout


def test_a_missing_gpu_is_said_in_words():
    done = check("--platforms", "cpu", "cuda", "--stages", "reference last layer")
    assert done.returncode == 1
    assert "the stages failed on cuda" in done.stderr
    assert "make env GPU=1" in done.stderr
