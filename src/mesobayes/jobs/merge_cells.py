# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: join the batches of a family of cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.batches import merge_batches
from mesobayes.jobs.generate_cells import SCHEMA
from mesobayes.provenance import Provenance
from mesobayes.store import write_store


def merge_cells(batches: Sequence[Path | str], output: Path | str, provenance: Provenance) -> None:
    """Write all cells of a family with a manifest of their batches."""
    cells = merge_batches(batches, "sample", SCHEMA)
    cells.attrs["n_saturated"] = int(cells["saturated"].sum())
    write_store(cells, output, SCHEMA, provenance)
