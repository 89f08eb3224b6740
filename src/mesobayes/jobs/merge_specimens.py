# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: join the batches of specimens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.jobs.failure_stores import SPECIMENS
from mesobayes.record.batches import merge_batches, refuse_bad_share
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import write_store


def merge_specimens(
    batches: Sequence[Path | str], failed_share_max: float, output: Path | str, provenance: Provenance
) -> None:
    """Write all specimens to one store.

    Raises:
        MesobayesError: more than ``failed_share_max`` of the specimens have no pore or do not fail.
    """
    specimens = merge_batches(batches, "specimen", SPECIMENS)
    refuse_bad_share(
        int((specimens["status"] != 0).sum()),
        specimens.sizes["specimen"],
        specimens["status_reason"],
        "specimens have no pore or do not fail",
        failed_share_max,
        "failure.specimens.failed_share_max",
    )
    write_store(specimens, output, SPECIMENS, provenance)
