# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores, intervals and baselines, on plain arrays."""

from mesobayes.metrics.baseline import TrescaBaseline, macro_maximum, tuned_baseline
from mesobayes.metrics.intervals import (
    coverage,
    interval_of_maximum,
    noise_at_maximum,
    normal_interval,
    quantile_interval,
)
from mesobayes.metrics.scores import (
    accuracy_at,
    coefficient_of_determination,
    masked_mse,
    mean_absolute_percentage_error,
    relative_error,
)

__all__ = [
    "TrescaBaseline",
    "accuracy_at",
    "coefficient_of_determination",
    "coverage",
    "interval_of_maximum",
    "macro_maximum",
    "masked_mse",
    "mean_absolute_percentage_error",
    "noise_at_maximum",
    "normal_interval",
    "quantile_interval",
    "relative_error",
    "tuned_baseline",
]
