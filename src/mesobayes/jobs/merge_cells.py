# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: join the batches of a family of cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.fem.cell.bounds import violates_bounds
from mesobayes.jobs.generate_cells import SCHEMA
from mesobayes.record.batches import merge_batches
from mesobayes.record.errors import MesobayesError
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import write_store


def merge_cells(batches: Sequence[Path | str], output: Path | str, provenance: Provenance) -> None:
    """Write all cells of a family with a manifest of their batches.

    Raises:
        MesobayesError: a label lies outside the bounds that every two-phase cell obeys.
    """
    cells = merge_batches(batches, "sample", SCHEMA)
    bad = violates_bounds(
        cells["permeability"].values,
        cells["volume_fraction"].values,
        cells.attrs["matrix"],
        cells.attrs["inclusion_permeability"],
        cells["image"].ndim - 1,
    )
    if bad.any():
        raise MesobayesError(
            f"the permeability of {bad.sum()} cells of {cells.attrs['family']} violates the bounds of Wiener "
            f"or of Murat and Tartar, first cell {cells['sample'].values[bad][0]}: delete "
            f"{Path(batches[0]).parent} and run again with a smaller permeability.tolerance"
        )
    cells.attrs["n_saturated"] = int(cells["saturated"].sum())
    write_store(cells, output, SCHEMA, provenance)
