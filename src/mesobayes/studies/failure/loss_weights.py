# SPDX-License-Identifier: GPL-3.0-or-later
"""Weights of the squared error by true value (Bridgman et al. 2022, equation 11)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mesobayes.studies.failure.fit_settings import WeightSettings
from mesobayes.studies.failure.settings import Weighting

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class WeightTable:
    """Weight of a voxel by its true value.

    The mean weight over all solid voxels of the training set is 1, so that a likelihood keeps its meaning.

    Attributes:
        table: one row for all specimens or one each (row, bin); columns are equal bins of [0, 1].
    """

    table: FloatArray

    def weights(self, target: FloatArray, rows: NDArray[np.integer]) -> FloatArray:
        """Weights (n, x, y, z) of targets of the specimens `rows`."""
        bins = self.table.shape[1]
        index = np.clip((target * bins).astype(np.int64), 0, bins - 1)
        row = rows if len(self.table) > 1 else np.zeros_like(rows)
        return self.table[row[:, None, None, None], index]


def weight_table(
    name: Weighting, target: FloatArray, solid: BoolArray, settings: WeightSettings | None = None
) -> WeightTable:
    """Weights of the squared error (equation 11).

    "uniform" is 1; "logistic" background + (1 - background) / (1 + exp(-(φ - centre)/slope)); "IH" the
    inverse of the histogram of all training values; "IHpr" that of each specimen. Values are taken as they
    come: a target that is rounded later may fall into a bin that was empty, and weigh nothing.

    Args:
        name: of the weighting.
        target: true values (n, x, y, z) of the training set in [0, 1].
        solid: where they count.
        settings: bins, floor of the frequencies, shape of the logistic weight.

    Raises:
        ValueError: the name is unknown.
    """
    chosen = settings or WeightSettings()
    bins = chosen.bins
    counts = value_counts(target, solid, bins).astype(float)  # (n, bins)
    if name == "uniform":
        table = np.ones((1, bins))
    elif name == "logistic":
        middle = (np.arange(bins) + 0.5) / bins
        rise = 1 + np.exp(-(middle - chosen.centre) / chosen.slope)
        table = (chosen.background + (1 - chosen.background) / rise)[None]
    elif name in ("IH", "IHpr"):
        rows = counts.sum(axis=0, keepdims=True) if name == "IH" else counts
        shares = rows / rows.sum(axis=1, keepdims=True)
        # an empty bin is never asked for, so its weight is of no account
        table = np.divide(1.0, shares + chosen.floor, out=np.zeros_like(shares), where=rows > 0)
    else:
        raise ValueError(f"weighting {name!r} is unknown: choose uniform, logistic, IH or IHpr")
    per_row = counts if len(table) > 1 else counts.sum(axis=0, keepdims=True)
    mean = (table * per_row).sum() / per_row.sum()
    return WeightTable((table / mean).astype(np.float32))


def value_counts(values: FloatArray, solid: BoolArray, bins: int) -> NDArray[np.int64]:
    """Number of solid voxels (n, bins) of each specimen by value; values outside [0, 1] are in no bin."""
    index = np.minimum((values * bins).astype(np.int64), bins - 1)
    inside = solid & (values >= 0.0) & (values <= 1.0)
    shifted = index + bins * np.arange(len(values))[:, None, None, None]
    return np.bincount(shifted[inside], minlength=bins * len(values)).reshape(len(values), bins)
