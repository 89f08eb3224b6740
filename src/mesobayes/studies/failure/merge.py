# SPDX-License-Identifier: GPL-3.0-or-later
"""All batches of specimens become one data set; no solver is loaded."""

from __future__ import annotations

from pathlib import Path

from mesobayes.record.batches import merge_batches, refuse_bad_share
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.failure.stores import SPECIMENS


def merge_specimens(batches: list[Path], specimens: Path, failed_share_max: float, run: Run) -> None:
    """Write all specimens to one store.

    Raises:
        MesobayesError: more than `failed_share_max` of the specimens have no pore or do not fail.
    """
    data = merge_batches(batches, "specimen", SPECIMENS)
    refuse_bad_share(
        int((data["status"] != 0).sum()),
        data.sizes["specimen"],
        data["status_reason"],
        "specimens have no pore or do not fail",
        failed_share_max,
        "failure.specimens.failed_share_max",
    )
    write_store(data, specimens, SPECIMENS, run)
