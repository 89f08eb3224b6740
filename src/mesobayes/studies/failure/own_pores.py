# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a bar of one's own fails first: its candidates in the order in which they should be looked at.

from mesobayes.studies.failure.own_pores import rank_places
from mesobayes.studies.failure.rank_fit import load_ranker

ranker = load_ranker("results/small/failure/ranked/elastic/fold0.zarr.zip")
places = rank_places(pores, ranker)       # pores (x, y, z), True in a void, pulled along z
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from mesobayes.studies.failure.candidates import describe
from mesobayes.studies.failure.place_settings import ElasticSettings, RankerName
from mesobayes.studies.failure.ranker import Ranker, log_softmax


def rank_places(
    pores: ArrayLike, ranker: tuple[RankerName, Ranker], settings: ElasticSettings | None = None
) -> xr.Dataset:
    """Rank the solid voxels of one specimen that touch a void by the probability that they fail first.

    Args:
        pores: (x, y, z), True in a void; the voxels are as large against the pores as those it was fitted to.
        ranker: its name and the ranker, from `load_ranker`.
        settings: of the elastic solve, as in the fit.

    Returns:
        Over `place`, the most likely first: its `voxel` (axis) and its `probability`.

    Raises:
        ValueError: the pores have no three axes, there is none, or nothing but pores.
    """
    field = np.asarray(pores).astype(bool)
    if field.ndim != 3:
        raise ValueError(f"pores must have the axes x, y, z, got an array of shape {field.shape}")
    if not field.any() or field.all():
        raise ValueError("there is no solid voxel that touches a void: every place is equally weak")
    name, fitted = ranker
    found = describe(field[None], settings or ElasticSettings(), name)
    logarithm = log_softmax(fitted.scores(found["features"].values), np.zeros(1, int))
    order = np.argsort(-logarithm, kind="stable")
    return xr.Dataset(
        {
            "voxel": (("place", "axis"), found["voxel"].values[order], found["voxel"].attrs),
            "probability": (
                "place",
                np.exp(logarithm[order]),
                {"long_name": "probability to fail first", "units": "1"},
            ),
        },
        {"axis": ["x", "y", "z"]},
    )
