# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: fail one batch of porous specimens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.geometry.porosity import PorosityField
from mesobayes.jobs.failure_stores import SPECIMENS
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import write_store
from mesobayes.studies.failure.specimens import simulate


def simulate_specimens(
    output: Path | str,
    preset: str,
    field: PorosityField,
    indices: Sequence[int],
    maximum_strain: float,
    provenance: Provenance,
) -> None:
    """Write the specimens with the given numbers, those without a result among them."""
    data = simulate(field, list(indices), preset, maximum_strain, provenance.seed)
    write_store(data, output, SPECIMENS, provenance)
    print(f"{len(indices)} specimens, {int((data['status'] != 0).sum())} without result", flush=True)
