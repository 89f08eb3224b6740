# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from scipy.stats import spearmanr

from mesobayes.metrics.rank import rank_correlation


def test_the_rank_correlation_is_spearmans_also_with_ties():
    rng = np.random.default_rng(0)
    a = rng.integers(0, 8, 60).astype(float)
    b = a + rng.normal(0, 3, 60)
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)


def test_a_growing_function_changes_no_rank():
    a = np.random.default_rng(1).normal(size=30)
    assert rank_correlation(a, np.exp(a)) == pytest.approx(1.0)


def test_what_does_not_vary_has_no_rank_correlation():
    assert np.isnan(rank_correlation(np.ones(5), np.arange(5)))
