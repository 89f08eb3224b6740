# SPDX-License-Identifier: GPL-3.0-or-later
"""What selective learning labels at first, chooses from, and labels next: single patches or structures.

A patch is a unit of its own. A structure as a unit brings all its patches, for one finite-element solution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.learning.acquisition import take_best, take_random
from mesobayes.record.seeds import rng_from_name
from mesobayes.studies.stress.patches import TRAIN, VALIDATION
from mesobayes.studies.stress.settings import Acquisition, ChainSettings


@dataclass(frozen=True)
class ChainSets:
    """Patch numbers of one repeat: initial set and pool (training structures), validation (held out)."""

    initial: NDArray[np.int64]
    pool: NDArray[np.int64]
    validation: NDArray[np.int64]


def units_of(patches: xr.Dataset, chain: ChainSettings) -> NDArray[np.int64]:
    """Unit (patch,) that every patch belongs to: itself, or its structure."""
    if chain.unit == "patch":
        return np.arange(patches.sizes["patch"])
    return np.asarray(patches["structure"].values, np.int64)


def choose_sets(
    split: NDArray, units: NDArray, chain: ChainSettings, repeat: int, study_seed: str
) -> ChainSets:
    """Draw the sets of one repeat; all repeats share the validation set.

    Args:
        split, units: (patch,) what a patch may be used for, and the unit it belongs to.
        chain: sizes, in units; that of the validation set in patches.
        repeat, study_seed: name the draw.

    Raises:
        ValueError: the data set is too small.
    """
    train, held_out = np.flatnonzero(split == TRAIN), np.flatnonzero(split == VALIDATION)
    names = np.unique(units[train])
    what = "patches of training structures" if chain.unit == "patch" else "training structures"
    for have, want, of_what in (
        (len(names), chain.initial + chain.pool, what),
        (len(held_out), chain.validation, "patches of validation structures"),
    ):
        if have < want:
            raise ValueError(
                f"selective learning needs {want} {of_what}, the data set has {have}; raise "
                "n_structures or lower the set sizes in the scale file"
            )
    shuffled = rng_from_name(study_seed, "chain", repeat).permutation(names)[: chain.initial + chain.pool]
    validation = rng_from_name(study_seed, "validation").permutation(held_out)[: chain.validation]
    first, others = (
        train[np.isin(units[train], some)] for some in (shuffled[: chain.initial], shuffled[chain.initial :])
    )
    return ChainSets(first, others, np.sort(validation))


def label_next(
    previous: xr.Dataset,
    units: NDArray,
    acquisition: Acquisition,
    chain: ChainSettings,
    repeat: int,
    query: int,
    study_seed: str,
) -> NDArray[np.int64]:
    """Patch numbers of the training set of `query`: those of `previous` and the newly acquired ones.

    `previous` is the result of the query before; its variables `score_<acquisition> (pool)` rank the patches
    that are not labelled yet. A structure has the mean score of its patches.
    """
    pool = previous["pool"].values
    names, member = np.unique(units[pool], return_inverse=True)
    if acquisition == "random":
        best = take_random(len(names), chain.query_rate, rng_from_name(study_seed, "random", repeat, query))
    else:
        total = np.bincount(member, previous[f"score_{acquisition}"].values)
        best = take_best(total / np.bincount(member), chain.query_rate)
    return np.concatenate([previous["labelled"].values, *(pool[member == one] for one in best)])
