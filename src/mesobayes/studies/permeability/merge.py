# SPDX-License-Identifier: GPL-3.0-or-later
"""All batches of a family of cells become one data set; no solver is loaded."""

from __future__ import annotations

from pathlib import Path

from mesobayes.fem.cell.bounds import violates_bounds
from mesobayes.record.batches import merge_batches
from mesobayes.record.errors import MesobayesError
from mesobayes.record.provenance import Run
from mesobayes.record.store import write_store
from mesobayes.studies.permeability.stores import CELLS


def merge_cells(batches: list[Path], store: Path, run: Run) -> None:
    """Write all cells of a family with a manifest of their batches.

    Raises:
        MesobayesError: a label lies outside the bounds that every two-phase cell obeys.
    """
    merged = merge_batches(batches, "sample", CELLS)
    bad = violates_bounds(
        merged["permeability"].values,
        merged["volume_fraction"].values,
        merged.attrs["matrix"],
        merged.attrs["inclusion_permeability"],
        merged["image"].ndim - 1,
    )
    if bad.any():
        raise MesobayesError(
            f"the permeability of {bad.sum()} cells of {merged.attrs['family']} violates the bounds of "
            f"Wiener or of Murat and Tartar, first cell {merged['sample'].values[bad][0]}: delete "
            f"{batches[0].parent} and run again with a smaller permeability.tolerance"
        )
    merged.attrs["n_saturated"] = int(merged["saturated"].sum())
    write_store(merged, store, CELLS, run)
