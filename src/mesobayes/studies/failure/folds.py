# SPDX-License-Identifier: GPL-3.0-or-later
"""Which specimens train, which test, and which are the twelve realizations that figures look into."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.record.seeds import rng_from_name
from mesobayes.studies.failure.settings import LETTERS, SplitSettings

GOOD = 0  # status of a specimen with a result


class Fold(NamedTuple):
    """Rows of good specimens.

    Attributes:
        train: rows that train.
        test: rows of the fold.
        realizations: which of the test rows are the realizations a to l; none but in fold 0.
        validation: rows held back from training, to calibrate probabilities on.
    """

    train: NDArray[np.int64]
    test: NDArray[np.int64]
    realizations: NDArray[np.int64]
    validation: NDArray[np.int64]


def assign_folds(n: int, folds: int, seed: str) -> NDArray[np.int64]:
    """Fold (n,) of every specimen; realizations are split, never their mirror images."""
    order = rng_from_name(seed, "folds").permutation(n)
    fold = np.empty(n, np.int64)
    fold[order] = np.arange(n) % folds
    return fold


def choose_realizations(status: NDArray[np.integer], fold: NDArray[np.integer]) -> NDArray[np.int64]:
    """Rows of the realizations a to l: the first good specimens of fold 0, on which its networks are tested.

    Raises:
        ValueError: there are fewer than twelve.
    """
    rows = np.flatnonzero((status == GOOD) & (fold == 0))[: len(LETTERS)]
    if len(rows) < len(LETTERS):
        raise ValueError(
            f"fold 0 has {len(rows)} good specimens, {len(LETTERS)} are needed: raise the number of specimens"
        )
    return rows


def realizations_of(specimens: xr.Dataset, folds: int, seed: str) -> xr.Dataset:
    """The realizations a to l, each with the `row` that it has among all specimens."""
    fold = assign_folds(specimens.sizes["specimen"], folds, seed)
    rows = choose_realizations(specimens["status"].values, fold)
    return specimens.isel(specimen=rows).assign_coords(row=("specimen", rows))


def split_specimens(specimens: xr.Dataset, fold: int, settings: SplitSettings, seed: str) -> Fold:
    """Rows that train and that test: one fold tests, of the rest one specimen in so many is held back."""
    numbers = assign_folds(specimens.sizes["specimen"], settings.folds, seed)
    good = specimens["status"].values == GOOD
    test = np.flatnonzero(good & (numbers == fold))
    rest = np.flatnonzero(good & (numbers != fold))
    every = settings.validation_every
    held = np.arange(len(rest)) % every == every - 1
    if fold == 0:
        realizations = np.searchsorted(test, choose_realizations(specimens["status"].values, numbers))
    else:
        realizations = np.zeros(0, np.int64)
    return Fold(rest[~held], test, realizations, rest[held])
