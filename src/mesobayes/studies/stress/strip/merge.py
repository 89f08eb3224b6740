# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of strips become one data set."""

from __future__ import annotations

from pathlib import Path

from mesobayes.record.batches import merge_batches, refuse_bad_share
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.stores import LABEL_NOISE, STRUCTURES, noise_of
from mesobayes.studies.stress.strip.random_strips import GOOD


def merge_strips(batches: list[Path], noise: Path, store: Path, failed_share_max: float, run: Run) -> None:
    """Write all strips with a manifest of their batches, label noise and the share that reached its load.

    Raises:
        MesobayesError: more than ``failed_share_max`` of them did not.
    """
    merged = merge_batches(batches, "structure", STRUCTURES)
    failed, count = int((merged["status"] != GOOD).sum()), merged.sizes["structure"]
    refuse_bad_share(
        failed,
        count,
        merged["status_reason"],
        "strips did not reach their end displacement",
        failed_share_max,
        "stress.strips.failed_share_max",
    )
    merged.attrs |= {"reached_share": 1.0 - failed / count, "failed_draw_count": failed}
    merged.attrs |= noise_of(open_store(noise, LABEL_NOISE).attrs)
    print(f"{count - failed} of {count} strips reached their end displacement", flush=True)
    write_store(merged, store, STRUCTURES, run)
