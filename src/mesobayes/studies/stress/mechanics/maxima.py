# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest macroscopic stress times one factor, for families of which no more mechanics is computed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from mesobayes.metrics.baseline import macro_maximum, tuned_baseline
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.models.patch_data import blocks, masked_maximum, patch_data
from mesobayes.studies.stress.patches import TRAIN
from mesobayes.studies.stress.stores import MAXIMA, PATCHES


def collect_maxima(patches: Path, store: Path, threshold: float, run: Run) -> None:
    """Write the maxima of all patches of a family."""
    images = ("input", "target")
    data = open_store(patches, PATCHES, finite=images, later=images)
    write_store(patch_maxima(data, threshold), store, MAXIMA, run)


def patch_maxima(patches: xr.Dataset, threshold: float) -> xr.Dataset:
    """Largest Tresca stress over the solid pixels of the region of interest, in units of the patch scale.

    `true_max (patch)` of the micro stress; `roi_max (mechanics, patch)` of the macro stress times the factor
    that puts most of the training patches within the threshold.
    """
    maxima = []
    for numbers in blocks(patches.sizes["patch"]):
        some = patch_data(patches, numbers)
        maxima.append((masked_maximum(some.target, some.mask), macro_maximum(some.inputs, some.mask)))
    true, macro = (np.concatenate(parts) for parts in zip(*maxima, strict=True))
    train = patches["split"].values == TRAIN
    baseline = tuned_baseline(macro[train], true[train], threshold)
    unit = {"units": "patch scale"}
    return xr.Dataset(
        {
            "true_max": ("patch", true, unit),
            "roi_max": (("mechanics", "patch"), baseline.predict(macro)[None], unit),
        },
        {"mechanics": ["macro"]},
        {"factor": baseline.factor},
    )
