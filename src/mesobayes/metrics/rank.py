# SPDX-License-Identifier: GPL-3.0-or-later
"""Rank correlation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def rank_correlation(a: ArrayLike, b: ArrayLike) -> float:
    """Return Spearman's correlation of two samples (n,), in pairs: that of their ranks, ties sharing theirs.

    NaN where one of them does not vary.
    """
    from scipy.stats import rankdata  # a second of imports that most figures need not

    ranks = np.stack([rankdata(a), rankdata(b)])
    if (np.ptp(ranks, axis=1) == 0).any():
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])
