# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: one batch of labelled periodic cells."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.geometry.inclusions import InclusionFamily
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import write_store
from mesobayes.studies.permeability.data import generate_cells as generate

SCHEMA = "permeability/cells"


def generate_cells(
    output: Path | str,
    family: InclusionFamily,
    indices: Sequence[int],
    matrix: float,
    inclusion: float,
    tolerance: float,
    components: int,
    provenance: Provenance,
) -> None:
    """Write the cells with the given numbers and say how many were saturated before their target."""
    batch = generate(
        family, indices, provenance.seed, matrix, inclusion, tolerance, components, _print_progress
    )
    saturated = batch["saturated"].values.astype(bool)
    for sample in batch["sample"].values[saturated]:
        cell = batch.sel(sample=sample)
        print(
            f"cell {sample} is saturated at a volume fraction of {float(cell['volume_fraction']):.3f}, "
            f"{float(cell['target_fraction']):.3f} was asked for",
            flush=True,
        )
    write_store(batch, output, SCHEMA, provenance)


def _print_progress(done: int, total: int) -> None:
    print(f"{done}/{total}", flush=True)
