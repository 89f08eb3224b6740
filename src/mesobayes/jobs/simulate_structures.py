# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: solve one batch of random plates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.geometry import PlateFamily
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import write_store
from mesobayes.studies.stress.structures import simulate_structures as simulate

SCHEMA = "stress/structures"


def simulate_structures(
    output: Path | str,
    family: PlateFamily,
    indices: Sequence[int],
    mesh: MeshSettings,
    pixels_per_radius: int,
    provenance: Provenance,
) -> None:
    """Write the structures with the given numbers, those that could not be solved among them."""
    batch = simulate(family, indices, provenance.seed, mesh, pixels_per_radius, report=_print_progress)
    write_store(batch, output, SCHEMA, provenance)


def _print_progress(done: int, total: int, remark: str) -> None:
    print(f"{done}/{total} {remark}", flush=True)
