# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: scores of one model over its folds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from mesobayes.jobs.failure_stores import FIT, SCORES
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.scores import score_fold


def score_heteroencoder(
    fits: Sequence[Path | str], output: Path | str, cluster_specimens: int, provenance: Provenance
) -> None:
    """Write the curves, histograms and ranks of every fold."""
    data = [open_store(path, FIT, finite=("mean", "target")) for path in fits]
    scores = xr.concat([score_fold(fit, cluster_specimens) for fit in data], dim="fold", data_vars="all")
    kept = ("variant", "kind", "transform", "weighting", "n_train", "n_test")
    attributes = {key: data[0].attrs[key] for key in kept}
    folded = scores.assign_coords(fold=[fit.attrs["fold"] for fit in data])
    write_store(folded.assign_attrs(attributes), output, SCORES, provenance)
