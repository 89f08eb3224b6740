# SPDX-License-Identifier: GPL-3.0-or-later
"""Predictions of an ensemble: its members take the place of posterior draws."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr

from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.models.patch_data import masked_maximum
from mesobayes.studies.stress.stores import PREDICTION


def join_ensemble(members: list[Path], store: Path, name: str, run: Run) -> None:
    """Write what networks with heads, which differ by their seeds, predict together for the same patches.

    `name` is that of the ensemble.
    """
    parts = [
        open_store(path, PREDICTION, finite=("mean", "pixel_std", "max_centre", "max_std"))
        for path in members
    ]
    write_store(ensemble(parts, name), store, PREDICTION, run)


def ensemble(members: Sequence[xr.Dataset], name: str) -> xr.Dataset:
    """Return mean and spread of the members' mean fields, and their mixed laws of new truths.

    A law of the mixture has the mean of the members' variances plus the variance of their centres.
    """
    first = members[0]
    means = np.stack([one["mean"].values for one in members])  # (member, patch, y, x)
    centres = np.stack([one["max_centre"].values for one in members])
    within = {
        name: np.mean([one[name].values ** 2 for one in members], axis=0) for name in ("pixel_std", "max_std")
    }
    mean, std = means.mean(axis=0), means.std(axis=0, ddof=1)
    return (
        first.drop_vars("roi_max")
        .assign(
            mean=first["mean"].copy(data=mean),
            std=first["std"].copy(data=std),
            mean_max=first["mean_max"].copy(data=masked_maximum(mean, first["mask"].values)),
            roi_max=(("draw", "patch"), np.stack([one["mean_max"].values for one in members])),
            pixel_std=first["pixel_std"].copy(data=np.sqrt(std**2 + within["pixel_std"])),
            max_centre=first["max_centre"].copy(data=centres.mean(axis=0)),
            max_std=first["max_std"].copy(data=np.sqrt(centres.var(axis=0, ddof=1) + within["max_std"])),
        )
        .assign_attrs(
            model=name,
            draws=len(members),
            fit_seconds=sum(one.attrs["fit_seconds"] for one in members),
            steps=sum(one.attrs["steps"] for one in members),
        )
    )
