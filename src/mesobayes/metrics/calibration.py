# SPDX-License-Identifier: GPL-3.0-or-later
"""Half widths of intervals from structures that were held out, and how well intervals do on others.

Patches of one structure resemble each other, so structures are what is exchangeable: each has the same mass,
and halves are made of whole structures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.floating]

GUARANTEED_FROM = 40  # structures, from which a guaranteed 95 % is not much wider than it has to be


@dataclass(frozen=True)
class Factors:
    """Half widths, in units of the scale of each prediction, by level.

    Attributes:
        levels: (level,) shares of new truths that the intervals are meant to hold.
        values: (level,) half widths; infinite where there are too few structures.
        structures: how many there were.
        guaranteed: whether the level is that of a patch of a new structure, for any law of the errors; else
            the half widths are estimates.
    """

    levels: FloatArray
    values: FloatArray
    structures: int
    guaranteed: bool

    def interval(self, centre: FloatArray, scale: FloatArray, level: int) -> tuple[FloatArray, FloatArray]:
        """Return low and high ends (n,) of the level of that number."""
        half = self.values[level] * scale
        return centre - half, centre + half


def calibration_factors(
    error: FloatArray,
    scale: FloatArray,
    structure: NDArray,
    levels: ArrayLike,
    guaranteed: bool | None = None,
) -> Factors:
    """Quantiles of |error| / scale over patches or pixels of held-out structures.

    With K structures a value of a structure with n of them weighs 1 / (K n). A guarantee for a patch of a new
    structure takes the weights 1 / ((K + 1) n) and 1 / (K + 1) at infinity (hierarchical conformal
    prediction; Lee, Barber and Willett 2023); with one value in each structure that is split conformal
    prediction.

    Args:
        error: (n,) truth minus prediction.
        scale: (n,) by which intervals are wider than one another.
        structure: (n,) number of the structure of each value.
        levels: (level,) wanted coverages.
        guaranteed: by default where there are `GUARANTEED_FROM` structures or more.
    """
    levels = np.atleast_1d(np.asarray(levels, float))
    weights, count = structure_weights(structure)
    guaranteed = count >= GUARANTEED_FROM if guaranteed is None else guaranteed
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.abs(error) / scale
    ratio = np.where(np.isnan(ratio), 0.0, ratio)  # a scale of 0 suits an error of 0
    order = np.argsort(ratio)
    mass = np.cumsum(weights[order]) * (count / (count + 1) if guaranteed else 1.0)
    rank = np.searchsorted(mass, levels - 1e-9)  # 0.95 of 20 is 19, whatever the rounding of the sum
    return Factors(levels, np.append(ratio[order], np.inf)[rank], count, guaranteed)


def structure_weights(structure: NDArray) -> tuple[FloatArray, int]:
    """Weights (n,) of values, with sum 1 and the same for every structure, and the number of structures."""
    _, number, sizes = np.unique(structure, return_inverse=True, return_counts=True)
    return 1.0 / (len(sizes) * sizes[number]), len(sizes)


def structure_means(values: FloatArray, structure: NDArray) -> FloatArray:
    """Mean of values (..., n) over each structure, (..., structure); their mean has equal mass on each."""
    _, number, sizes = np.unique(structure, return_inverse=True, return_counts=True)
    order = np.argsort(number, kind="stable")
    begins = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return np.add.reduceat(np.asarray(values, float)[..., order], begins, axis=-1) / sizes


def structure_band(
    means: FloatArray, rng: np.random.Generator, level: float = 0.95, draws: int = 1000
) -> tuple[FloatArray, FloatArray]:
    """Bootstrap interval of the mean over structures, (..., structure) -> low and high (...)."""
    count = means.shape[-1]
    shares = rng.multinomial(count, np.full(count, 1.0 / count), draws) / count  # (draw, structure)
    low, high = np.quantile(means @ shares.T, [0.5 * (1 - level), 0.5 * (1 + level)], axis=-1)
    return low, high


def halvings(
    structure: NDArray, repeats: int, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Random halves of the structures, as masks (n,): those that calibrate, at least as many as test.

    Raises:
        ValueError: there is one structure only.
    """
    names = np.unique(structure)
    if len(names) < 2:
        raise ValueError(
            f"{len(names)} structure cannot be halved into one set that calibrates and one that tests: hold "
            "out more structures"
        )
    for _ in range(repeats):
        chosen = np.isin(structure, rng.permutation(names)[: -(-len(names) // 2)])
        yield chosen, ~chosen
