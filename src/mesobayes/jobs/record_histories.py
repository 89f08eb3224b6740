# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: load some specimens beyond their first failure, to collapse."""

from __future__ import annotations

from pathlib import Path

from mesobayes.jobs.failure_stores import HISTORIES, SPECIMENS
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.specimens import record_histories as record


def record_histories(
    specimens: Path | str,
    output: Path | str,
    preset: str,
    number: int,
    fields: int,
    maximum_strain: float,
    folds: int,
    provenance: Provenance,
) -> None:
    """Write the histories of the realizations a, b, ..."""
    data = open_store(specimens, SPECIMENS, sample_id="specimen")
    result = record(data, number, preset, maximum_strain, fields, folds, provenance.seed)
    write_store(result, output, HISTORIES, provenance)
