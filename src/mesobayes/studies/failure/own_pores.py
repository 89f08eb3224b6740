# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a bar of one's own fails first: its candidates in the order in which they should be looked at.

from mesobayes.studies.failure.own_pores import rank_places
from mesobayes.studies.failure.rank_fit import load_ranker

ranker = load_ranker("results/small/failure/ranked/elastic/fold0.zarr.zip")
places = rank_places(pores, [ranker])     # pores (x, y, z), True in a void, pulled along z
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from mesobayes.studies.failure.candidates import describe
from mesobayes.studies.failure.place_settings import ElasticSettings, RankerName
from mesobayes.studies.failure.ranker import Ranker, log_softmax


def rank_places(
    pores: ArrayLike, rankers: Sequence[tuple[RankerName, Ranker]], settings: ElasticSettings | None = None
) -> xr.Dataset:
    """Rank the solid voxels of one specimen that touch a void by the probability that they fail first.

    Args:
        pores: (x, y, z), True in a void; the voxels are as large against the pores as those it was fitted to.
        rankers: names and rankers of one kind, from `load_ranker`.
        settings: of the elastic solve, as in the fit.

    Returns:
        Over `place`, the most likely first: its `voxel` (axis), its `probability`, the mean over the rankers,
        what each of them says, `by_ranker` (ranker), and whether the first one had to cut a feature off,
        `unusual`.

    Raises:
        ValueError: the pores have no three axes, there is none, or nothing but pores.
    """
    field = np.asarray(pores).astype(bool)
    if field.ndim != 3:
        raise ValueError(f"pores must have the axes x, y, z, got an array of shape {field.shape}")
    if not field.any() or field.all():
        raise ValueError("there is no solid voxel that touches a void: every place is equally weak")
    (name,), first = {name for name, _ in rankers}, rankers[0][1]
    found = describe(field[None], settings or ElasticSettings(), name)
    features, start = found["features"].values, np.zeros(1, int)
    each = np.exp([log_softmax(fitted.scores(features), start) for _, fitted in rankers])
    order = np.argsort(-each.mean(axis=0), kind="stable")
    beyond = np.abs(features - first.mean) > first.clip * first.std
    unusual = np.asarray(beyond.any(axis=1))
    return xr.Dataset(
        {
            "voxel": (("place", "axis"), found["voxel"].values[order], found["voxel"].attrs),
            "probability": (
                "place",
                each.mean(axis=0)[order],
                {"long_name": "probability to fail first", "units": "1"},
            ),
            "by_ranker": (("ranker", "place"), each[:, order]),
            "unusual": ("place", unusual[order]),
        },
        {"axis": ["x", "y", "z"]},
    )


def group_places(places: xr.Dataset, reach: int, largest: int) -> xr.Dataset:
    """Join voxels to places: each to the likeliest one within `reach` voxels along every axis.

    Args:
        places: of `rank_places`.
        reach: half width of the cube about the likeliest voxel of a place.
        largest: likeliest voxels that places are made of.

    Returns:
        Over `place`, the most likely first: the likeliest `voxel` (axis), how many `voxels` it has, its
        `probability`, and over the rankers the least and the largest one, `low` and `high`.
    """
    voxel, each = places["voxel"].values, places["by_ranker"].values
    left, firsts, members = np.arange(len(voxel)), list[int](), []
    while left.size and len(firsts) < largest:
        near = np.abs(voxel[left] - voxel[left[0]]).max(axis=1) <= reach
        firsts.append(int(left[0]))
        members.append(left[near])
        left = left[~near]
    sums = np.array([each[:, mine].sum(axis=1) for mine in members])  # (place, ranker)
    order = np.argsort(-sums.mean(axis=1), kind="stable")
    return xr.Dataset(
        {
            "voxel": (("place", "axis"), voxel[np.array(firsts)[order]], places["voxel"].attrs),
            "voxels": ("place", np.array([len(mine) for mine in members])[order]),
            "probability": ("place", sums.mean(axis=1)[order], places["probability"].attrs),
            "low": ("place", sums.min(axis=1)[order]),
            "high": ("place", sums.max(axis=1)[order]),
        },
        {"axis": places["axis"]},
    )
