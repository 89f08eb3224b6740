# SPDX-License-Identifier: GPL-3.0-or-later
"""Simulations as rivals of what is learned: coarse steps, and the other reading of the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.bar.explicit import run_to_failure
from mesobayes.fem.bar.settings import Preset, PresetName, find_preset
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.folds import GOOD, assign_folds
from mesobayes.studies.failure.place_settings import RankingSettings
from mesobayes.studies.failure.places import cluster_ranks, score_fields
from mesobayes.studies.failure.settings import SplitSettings, TransformSettings
from mesobayes.studies.failure.stores import PLACES, SPECIMENS
from mesobayes.studies.failure.target import transform_damage

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]


def run_rival(
    specimens: Path,
    places: Path,
    preset: PresetName,
    strain_step: float,
    number: int,
    maximum_strain: float,
    split: SplitSettings,
    transform: TransformSettings,
    ranking: RankingSettings,
    run: Run,
) -> None:
    """Write how well another simulation finds the places at which the first good specimens fail."""
    data = open_store(specimens, SPECIMENS, variables=["pores", "failed_voxel", "status"])
    folds = assign_folds(data.sizes["specimen"], split.folds, run.seed)
    rows = np.flatnonzero(data["status"].values == GOOD)[:number]
    pores, truth = data["pores"].values[rows].astype(bool), data["failed_voxel"].values[rows]
    chosen = other_steps(preset, strain_step, maximum_strain)
    damage = damage_of(pores, chosen)
    scores = score_fields(damage, ~pores, truth, ranking)
    shown = np.minimum(damage / chosen.material.maximum_damage, 1.0)
    targets = transform_damage(shown, ~pores, "t", transform)
    scores["cluster_rank"] = ("specimen", cluster_ranks(targets, truth, ranking))
    scores = scores.assign_coords(
        specimen=data["specimen"].values[rows], fold=("specimen", folds[rows].astype(np.int32))
    )
    attributes = {"model": f"{preset}_{strain_step:g}", "strain_step": strain_step}
    write_store(scores.assign_attrs(attributes), places, PLACES, run)


def other_steps(preset: PresetName, strain_step: float, maximum_strain: float) -> Preset:
    """A preset with another strain per step."""
    known = find_preset(preset)
    solver = replace(known.solver, strain_step=strain_step, maximum_strain=maximum_strain)
    return Preset(known.material, solver)


def damage_of(pores: BoolArray, preset: Preset) -> FloatArray:
    """Largest damage φ of every voxel (n, x, y, z) at first failure, not cut off at its largest value.

    A coarse step carries several voxels beyond failure at once: which of them is the highest still tells.
    """
    return np.concatenate(
        [np.asarray(run_to_failure(one[None], preset.material, preset.solver).largest) for one in pores]
    )
