# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: join the batches of a family."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.batches import merge_batches
from mesobayes.provenance import Provenance
from mesobayes.store import open_store, write_store


def merge_structures(
    batches: Sequence[Path | str], label_noise: Path | str, output: Path | str, provenance: Provenance
) -> None:
    """Write all structures of a family with a manifest of their batches and the measured label noise."""
    structures = merge_batches(batches, "structure", "stress/structures")
    noise = open_store(label_noise, "stress/label_noise")
    failed = int(structures["failed_draws"].sum())
    structures.attrs |= {
        "failed_draw_count": failed,
        **{key: value for key, value in noise.attrs.items() if key.startswith("label_noise")},
    }
    print(f"{structures.sizes['structure']} structures, {failed} draws failed and were replaced", flush=True)
    write_store(structures, output, "stress/structures", provenance)
