# SPDX-License-Identifier: GPL-3.0-or-later
import math
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from mesobayes.drawing.drawing import Number


def test_the_interval_of_repeats_is_that_of_student():
    repeats = [0.91, 0.95, 0.93, 0.97, 0.90]
    number = Number.of(repeats, "five folds")
    expected = stats.t.interval(0.95, 4, np.mean(repeats), stats.sem(repeats))
    assert (number.low, number.high) == pytest.approx(expected, rel=1e-12)
    assert number.value == pytest.approx(np.mean(repeats), rel=1e-15)
    assert (number.n, number.note) == (5, "five folds")


def test_intervals_of_repeats_hold_the_mean_in_95_of_100_cases():
    generator = np.random.default_rng(7)
    cases = [Number.of(generator.normal(2.0, 1.0, 4)) for _ in range(4000)]
    held = np.mean([case.low <= 2.0 <= case.high for case in cases])
    assert abs(held - 0.95) < 3 * math.sqrt(0.95 * 0.05 / 4000)


def test_one_repeat_has_no_interval():
    assert Number.of([0.9], "one fold") == Number(0.9, None, None, 1, "one fold")


def test_a_repeat_without_a_number_leaves_none_and_says_so():
    number = Number.of([0.9, math.nan, 0.8], "three folds")
    assert number == Number(None, n=3, note="three folds; missing in 1 of 3 repeats")
    assert Number.of([]).value is None


def test_a_difference_is_paired():
    base = np.array([0.1, 0.5, 0.9])
    number = Number.difference(base + np.array([0.01, 0.02, 0.03]), base)
    assert number.value == pytest.approx(0.02)
    assert number.high - number.low < 0.06  # the spread among the pairs does not enter
    assert number.low < 0.02 < number.high
    with pytest.raises(ValueError, match="zip"):
        Number.difference([1.0, 2.0], [1.0])


def test_the_interval_of_a_share_is_that_of_wilson():
    number = Number.share(81, 100, "copies")
    expected = stats.binomtest(81, 100).proportion_ci(0.95, method="wilson")
    assert (number.low, number.high) == pytest.approx((expected.low, expected.high), rel=1e-9)
    assert (number.value, number.n) == (0.81, 100)
    assert Number.share(0, 12).low == 0.0
    assert Number.share(12, 12).high == pytest.approx(1.0, abs=1e-15)
    assert Number.share(0, 0, "copies") == Number(None, n=0, note="copies; no trials")


def test_an_interval_has_two_ends_in_order():
    with pytest.raises(ValueError, match="two ends"):
        Number(1.0, low=0.5)
    with pytest.raises(ValueError, match="empty"):
        Number(1.0, 2.0, 1.0)
    assert Number.exact(224) == Number(224, 224, 224)


def test_a_table_loads_no_matplotlib_no_xarray_and_no_jax():
    code = (
        "import sys, mesobayes.drawing.target; "
        "print(sorted({'matplotlib', 'scipy', 'xarray', 'jax', 'zarr'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"
