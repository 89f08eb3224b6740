# SPDX-License-Identifier: GPL-3.0-or-later
import importlib.util
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).parents[2] / "benchmarks" / "gpu_check.py"
SPEC = importlib.util.spec_from_file_location("gpu_check", PATH)
gpu_check = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(gpu_check)


def test_every_stage_has_a_tolerance():
    assert set(gpu_check.STAGES) == set(gpu_check.TOLERANCE)


def test_a_stage_gives_the_same_numbers_twice(tmp_path):
    one, other = (gpu_check.run_stage("forward modern", "cpu", tmp_path) for _ in range(2))
    assert one.shape == (16, 16, 16)
    np.testing.assert_array_equal(one, other)


def test_a_missing_gpu_is_said_in_words(tmp_path):
    with pytest.raises(SystemExit, match="failed on nonsense"):
        gpu_check.run_stage("forward modern", "nonsense", tmp_path)
