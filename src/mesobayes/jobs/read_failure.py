# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: fail the same specimens under one reading of the model."""

from __future__ import annotations

from pathlib import Path

from mesobayes.geometry.porosity import PorosityField
from mesobayes.provenance import Provenance
from mesobayes.store import write_store
from mesobayes.studies.failure import read_failure as read

SCHEMA = "failure/reading"


def read_failure(
    output: Path | str,
    reading: str,
    field: PorosityField,
    number: int,
    maximum_strain: float,
    provenance: Provenance,
) -> None:
    """Write strain and place of the first failure."""
    result = read(field, number, reading, maximum_strain, provenance.seed)
    write_store(result.assign_attrs(reading=reading), output, SCHEMA, provenance)
