# SPDX-License-Identifier: GPL-3.0-or-later
"""What learning curves say about the saving of labels (Krokos et al. 2022, section 4.3)."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy.special import stdtrit  # the same quantile as in scipy.stats, which loads for a second


def mean_and_band(values: NDArray, level: float = 0.95) -> tuple[NDArray, NDArray]:
    """Mean over repeats (axis 0) and half width of the Student-t confidence interval of that mean."""
    n = values.shape[0]
    half = stdtrit(n - 1, (1 + level) / 2) * values.std(axis=0, ddof=1) / np.sqrt(n)
    return values.mean(axis=0), half


def chains_of(curves: xr.Dataset, network: str) -> list[str]:
    """Acquisitions of which a network has a chain; the scores of the others are NaN."""
    there = curves["accuracy"].sel(network=network).notnull().all(("repeat", "query"))
    return there["acquisition"].values[there.values].tolist()


def labels_to_reach(accuracy: NDArray, added: NDArray, plateau: float) -> float:
    """Added labels at which a curve first reaches `plateau`, linear between queries; NaN if it never does."""
    if accuracy[0] >= plateau:
        return 0.0
    for left in range(len(accuracy) - 1):
        if accuracy[left + 1] >= plateau:
            share = (plateau - accuracy[left]) / (accuracy[left + 1] - accuracy[left])
            return float(added[left] + share * (added[left + 1] - added[left]))
    return float("nan")


def labels_by_repeat(curves: xr.Dataset, network: str, acquisition: str) -> tuple[NDArray, NDArray]:
    """Return the added labels (repeat,) at which random and another acquisition reach random's last accuracy.

    A chain that never reaches it counts with all labels of its last query.
    """
    added = (curves["labelled"] - curves["labelled"][0]).values
    accuracy = curves["accuracy"].sel(network=network)
    random, chosen = (accuracy.sel(acquisition=name).values for name in ("random", acquisition))
    pairs = [
        [labels_to_reach(curve, added, own[-1]) for curve in (own, other)]
        for own, other in zip(random, chosen, strict=True)
    ]
    reached = np.array(pairs)
    reached = np.where(np.isnan(reached), added[-1], reached)
    return reached[:, 0], reached[:, 1]


@dataclass(frozen=True)
class LabelSaving:
    """What one acquisition saves against random on one network.

    plateau: mean accuracy of the random chains after the last query; labels, labels_random: added patches at
    which the mean curves reach it; saving = 1 − labels / labels_random, with its 95 % interval by a bootstrap
    over repeats; advantage: accuracy above random, averaged over the queries after the first, paired by
    repeat, with the half width of its 95 % interval.
    """

    plateau: float
    labels: float
    labels_random: float
    saving: float
    saving_low: float
    saving_high: float
    advantage: float
    advantage_half_width: float

    def as_dict(self) -> dict[str, float | None]:
        """For a json file: NaN (plateau never reached) becomes null."""
        return {name: (None if np.isnan(value) else value) for name, value in asdict(self).items()}


def label_saving(curves: xr.Dataset, network: str, acquisition: str, rng: np.random.Generator) -> LabelSaving:
    """Compare `acquisition` with random acquisition for `network` (Krokos et al. 2022, fig. 33).

    `rng` draws the repeats of the bootstrap.
    """
    added = (curves["labelled"] - curves["labelled"][0]).values
    accuracy = curves["accuracy"].sel(network=network)
    random = accuracy.sel(acquisition="random").values
    chosen = accuracy.sel(acquisition=acquisition).values
    plateau, labels, labels_random = _labels_at_plateau(random, chosen, added)
    low, high = saving_interval(random, chosen, added, rng)
    advantage, half = mean_and_band((chosen - random)[:, 1:].mean(axis=1, keepdims=True))
    saving = 1 - labels / labels_random if labels_random > 0 else float("nan")
    return LabelSaving(plateau, labels, labels_random, saving, low, high, float(advantage[0]), float(half[0]))


def saving_interval(
    random: NDArray,
    chosen: NDArray,
    added: NDArray,
    rng: np.random.Generator,
    level: float = 0.95,
    resamples: int = 2000,
) -> tuple[float, float]:
    """Percentile interval of the saving, by a bootstrap over the repeats, which stay paired.

    Args:
        random, chosen: accuracy (repeat, query) of random and of another acquisition.
        added: labels (query,) added to the first ones.
        rng: draws the repeats.
        level, resamples: of the interval.

    Returns:
        Both ends. A resample in which the other acquisition never reaches random's last accuracy counts as a
        saving below all others; an end among those is NaN.
    """
    drawn = rng.integers(len(random), size=(resamples, len(random)))
    savings = np.empty(resamples)
    for number, rows in enumerate(drawn):
        _, labels, labels_random = _labels_at_plateau(random[rows], chosen[rows], added)
        savings[number] = 1 - labels / labels_random if labels_random > 0 else np.nan
    savings = np.where(np.isnan(savings), -np.inf, savings)
    ends = np.quantile(savings, [(1 - level) / 2, (1 + level) / 2], method="nearest")
    low, high = np.where(np.isfinite(ends), ends, np.nan)
    return float(low), float(high)


def _labels_at_plateau(random: NDArray, chosen: NDArray, added: NDArray) -> tuple[float, float, float]:
    """Last mean accuracy (repeat, query) of random, and the labels at which both mean curves reach it."""
    curve = random.mean(axis=0)
    plateau = float(curve[-1])  # not a mean taken anew, which rounding can put above the curve
    return (
        plateau,
        labels_to_reach(chosen.mean(axis=0), added, plateau),
        labels_to_reach(curve, added, plateau),
    )
