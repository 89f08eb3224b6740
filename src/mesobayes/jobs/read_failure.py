# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: fail the same specimens under some readings of the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.geometry.porosity import PorosityField
from mesobayes.jobs.failure_stores import READING
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import write_store
from mesobayes.studies.failure.specimens import read_failure as read


def read_failure(
    output: Path | str,
    readings: Sequence[str],
    field: PorosityField,
    number: int,
    maximum_strain: float,
    provenance: Provenance,
) -> None:
    """Write strain and place of the first failure."""
    result = read(field, number, readings, maximum_strain, provenance.seed)
    write_store(result, output, READING, provenance)
