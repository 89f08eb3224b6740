# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: join the batches of specimens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.batches import merge_batches
from mesobayes.jobs.simulate_specimens import SCHEMA
from mesobayes.provenance import Provenance
from mesobayes.store import write_store


def merge_specimens(batches: Sequence[Path | str], output: Path | str, provenance: Provenance) -> None:
    """Write all specimens to one store."""
    write_store(merge_batches(batches, "specimen", SCHEMA), output, SCHEMA, provenance)
