# SPDX-License-Identifier: GPL-3.0-or-later
"""Rankers on bars of another size than those they were fitted to, without fitting them again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from mesobayes.geometry.porosity import PorosityField
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.failure.folds import GOOD
from mesobayes.studies.failure.own_pores import rank_places
from mesobayes.studies.failure.place_settings import ElasticSettings, RankingSettings
from mesobayes.studies.failure.places import label_places, score_fields
from mesobayes.studies.failure.rank_fit import load_ranker
from mesobayes.studies.failure.specimens import simulate
from mesobayes.studies.failure.stores import PLACES


def rank_other_size(
    ranked: list[Path],
    places: Path,
    field: PorosityField,
    number: int,
    maximum_strain: float,
    elastic: ElasticSettings,
    ranking: RankingSettings,
    run: Run,
) -> None:
    """Write how soon rankers of one size find the places of failure in new specimens of another.

    Args:
        ranked: stores of the rankers, one each.
        places: store to write, its scores over `ranker` and `specimen`.
        field: law of the pores of the new specimens.
        number: of the new specimens.
    """
    seed = f"{run.seed}/other size"  # none of them is one that a ranker was fitted to
    data = simulate(field, list(range(number)), "fast", maximum_strain, seed)
    good = data.isel(specimen=np.flatnonzero(data["status"].values == GOOD))
    pores, truth = good["pores"].values.astype(bool), good["failed_voxel"].values
    parts, names = [], []
    for path in ranked:
        ranker = load_ranker(path)
        fields = np.full(pores.shape, -np.inf, np.float32)
        for one, solid in zip(fields, pores, strict=True):
            found = rank_places(solid, [ranker], elastic)
            one[tuple(found["voxel"].values.T)] = found["probability"].values
        parts.append(score_fields(fields, ~pores, truth, ranking))
        names.append(f"ranker_{ranker[0]}")
    joined = xr.concat(parts, dim="ranker", data_vars="all").assign_coords(ranker=names)
    joined = label_places(joined.transpose("specimen", ...), good["specimen"].values, 0)
    shape = list(field.shape)
    write_store(joined.assign_attrs(model="other size", shape=shape), places, PLACES, run)
