# SPDX-License-Identifier: GPL-3.0-or-later
"""Which patches a model learns from, and which it is scored on: drawn by name."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.record.seeds import rng_from_name
from mesobayes.studies.stress.models.settings import ModelSettings
from mesobayes.studies.stress.patches import VALIDATION

Numbers = NDArray[np.int64]


def training_patches(patches: xr.Dataset, model: ModelSettings, repeat: int, study_seed: str) -> Numbers:
    """Numbers of the patches that a repeat of a model learns from, in the order in which they were drawn.

    Models with the same family and the same way of drawing share their patches, the smaller set being the
    beginning of the larger one, so that they compare in pairs. There are fewer than `model.labels` where the
    training structures have no more.

    Raises:
        ValueError: no structure is left to learn from.
    """
    candidates = np.flatnonzero(~held_out(patches, model, repeat, study_seed))
    if len(candidates) == 0:
        raise ValueError(
            f"no structure of {model.family} is left to learn from: raise its number of structures or lower "
            "validation_structures in the scale file"
        )
    structure = patches["structure"].values
    if model.whole_structures:
        rng = rng_from_name(study_seed, "training structures", model.family, repeat)
        order = rng.permutation(np.unique(structure[candidates]))
        candidates = np.concatenate([candidates[structure[candidates] == one] for one in order])
    else:
        rng = rng_from_name(study_seed, "training patches", model.family, repeat)
        candidates = rng.permutation(candidates)
    return candidates[: model.labels]


def scored_patches(
    patches: xr.Dataset, model: ModelSettings, repeat: int, most: int, study_seed: str
) -> Numbers:
    """Numbers of held-out patches, in order, at most so many: models with one split share them."""
    candidates = np.flatnonzero(held_out(patches, model, repeat, study_seed))
    family = str(patches.attrs["family"])
    return np.sort(rng_from_name(study_seed, "scored patches", family).permutation(candidates)[:most])


def held_out(patches: xr.Dataset, model: ModelSettings, repeat: int, study_seed: str) -> NDArray[np.bool_]:
    """Whether each patch is kept from a repeat of a model.

    That are the validation structures, also of a family that the model does not learn from; of its own
    family it may be the fold that the repeat leaves out, or as many patches of all structures.
    """
    validation = np.asarray(patches["split"].values == VALIDATION)
    if patches.attrs["family"] != model.family:
        return validation
    if model.split == "patch":  # patches overlap: nearly the same ones are on both sides
        return rng_from_name(study_seed, "split by patch").permutation(validation)
    if model.folds:
        structure = patches["structure"].values
        order = rng_from_name(study_seed, "folds").permutation(np.unique(structure))
        return np.isin(structure, order[repeat :: model.folds])
    return validation
