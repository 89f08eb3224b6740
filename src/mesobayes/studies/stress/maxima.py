# SPDX-License-Identifier: GPL-3.0-or-later
"""The largest stress of every patch, micro and macro: enough to score one factor that learns nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.metrics.baseline import macro_maximum, tuned_baseline
from mesobayes.metrics.scores import relative_error
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.patch_data import masked_maximum, patch_data
from mesobayes.studies.stress.patches import TRAIN
from mesobayes.studies.stress.stores import MAXIMA, PATCHES


def collect_maxima(patches: Path, store: Path, run: Run) -> None:
    """Write the maxima of all patches of a family."""
    data = open_store(patches, PATCHES, finite=("input", "target"))
    write_store(patch_maxima(data), store, MAXIMA, run)


def patch_maxima(patches: xr.Dataset) -> xr.Dataset:
    """Largest Tresca stress over the solid pixels of the region of interest, in units of the patch scale.

    `true_max` of the micro stress, `macro_max` of the macro stress; dims (patch), the patch's number.
    """
    everything = patch_data(patches, np.arange(patches.sizes["patch"]))
    unit = {"units": "patch scale"}
    return xr.Dataset(
        {
            "true_max": ("patch", masked_maximum(everything.target, everything.mask), unit),
            "macro_max": ("patch", macro_maximum(everything.inputs, everything.mask), unit),
            "split": patches["split"],
            "structure": patches["structure"],
        },
        {"patch": np.arange(patches.sizes["patch"])},
        {"family": patches.attrs["family"]},
    )


def baseline_errors(maxima: xr.Dataset, numbers: NDArray, threshold: float = 0.10) -> NDArray[np.float64]:
    """Relative errors (n,) of the macroscopic Tresca stress times one factor, on numbered patches.

    The factor is tuned for the share of errors below the threshold on the patches of the training structures.
    """
    train = maxima.isel(patch=np.flatnonzero(maxima["split"].values == TRAIN))
    baseline = tuned_baseline(train["macro_max"].values, train["true_max"].values, threshold)
    scored = maxima.sel(patch=numbers)
    return relative_error(baseline.predict(scored["macro_max"].values), scored["true_max"].values)
