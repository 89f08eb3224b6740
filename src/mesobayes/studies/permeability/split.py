# SPDX-License-Identifier: GPL-3.0-or-later
"""Which cells train, validate and test a fit, and the seeds of the fit, all from its name."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from mesobayes.record.seeds import rng_from_name, seed_from_name
from mesobayes.studies.permeability.settings import SplitSettings
from mesobayes.studies.permeability.task import LabelledImages

TRAINING, VALIDATION, TEST = 0, 1, 2


class Parts(NamedTuple):
    """The cells of a family, each in one part."""

    training: xr.Dataset
    validation: xr.Dataset
    test: xr.Dataset


class FitSeeds(NamedTuple):
    """Seeds of one fit, each of a purpose of its own."""

    weights: int
    fit: int
    calibration: int
    draws: int


def fit_seeds(study_seed: str, family: str, name: str) -> FitSeeds:
    """Return the seeds of a fit from its name."""
    return FitSeeds(
        *(seed_from_name(study_seed, "permeability", family, name, purpose) for purpose in FitSeeds._fields)
    )


def part_cells(cells: xr.Dataset, settings: SplitSettings, study_seed: str) -> Parts:
    """Return the cells of a family in their three parts."""
    split = split_cells(cells["sample"].values, settings, study_seed, cells.attrs["family"])
    return Parts(*(cells.isel(sample=np.flatnonzero(split == part)) for part in (TRAINING, VALIDATION, TEST)))


def split_cells(samples: np.ndarray, settings: SplitSettings, study_seed: str, family: str) -> np.ndarray:
    """0 training, 1 validation, 2 test for cells with the given ids; at least one of each.

    Every cell is a structure of its own: no two share an image.

    Raises:
        ValueError: there are fewer than three cells.
    """
    if len(samples) < 3:
        raise ValueError(f"{len(samples)} cells cannot be split in three: raise the number of cells")
    order = rng_from_name(study_seed, "permeability", family, "split").permutation(len(samples))
    n_test = max(1, round(settings.test * len(samples)))
    n_validation = max(1, round(settings.validation * len(samples)))
    split = np.full(len(samples), TRAINING, np.uint8)
    split[order[:n_test]] = TEST
    split[order[n_test : n_test + n_validation]] = VALIDATION
    return split


def labelled(cells: xr.Dataset, components: int) -> LabelledImages:
    """Images and log μ in double precision of the first components."""
    diagonal = np.diagonal(cells["permeability"].values, axis1=1, axis2=2)[:, :components]
    return LabelledImages(cells["image"].values, np.log(diagonal))
