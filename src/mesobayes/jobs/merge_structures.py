# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: join the batches of a family."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.record.batches import merge_batches, refuse_bad_share
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.structures import GOOD


def merge_structures(
    batches: Sequence[Path | str],
    label_noise: Path | str,
    failed_share_max: float,
    output: Path | str,
    provenance: Provenance,
) -> None:
    """Write all structures of a family with a manifest of their batches and the measured label noise.

    Raises:
        MesobayesError: more than ``failed_share_max`` of all plates drawn could not be meshed or solved.
    """
    structures = merge_batches(batches, "structure", "stress/structures")
    noise = open_store(label_noise, "stress/label_noise")
    failed, given_up = int(structures["failed_draws"].sum()), int((structures["status"] != GOOD).sum())
    refuse_bad_share(
        failed,
        failed + structures.sizes["structure"] - given_up,
        structures["status_reason"],
        "plates could not be meshed or solved",
        failed_share_max,
        "stress.structures.failed_share_max",
    )
    structures.attrs |= {
        "failed_draw_count": failed,
        **{key: value for key, value in noise.attrs.items() if key.startswith("label_noise")},
    }
    count = structures.sizes["structure"]
    print(f"{count} structures, {failed} draws failed, {given_up} structures given up", flush=True)
    write_store(structures, output, "stress/structures", provenance)
