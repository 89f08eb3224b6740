# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: reference posterior of a small heteroencoder."""

from __future__ import annotations

from pathlib import Path

from mesobayes.jobs.failure_stores import REFERENCE, SPECIMENS
from mesobayes.record.provenance import Provenance
from mesobayes.record.seeds import seed_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.fit import split
from mesobayes.studies.failure.reference import ReferenceSettings
from mesobayes.studies.failure.reference import sample_reference as sample
from mesobayes.studies.failure.target import TransformSettings, transform_damage

_TEST_SPECIMENS = 8


def sample_reference(
    specimens: Path | str,
    output: Path | str,
    folds: int,
    transform: TransformSettings,
    settings: ReferenceSettings,
    provenance: Provenance,
) -> None:
    """Write all posteriors on test specimens of fold 0."""
    data = open_store(specimens, SPECIMENS, finite=("damage",), sample_id="specimen")
    rows = split(data, 0, folds, provenance.seed)
    pores = data["pores"].values.astype(bool)
    target = transform_damage(data["damage"].values, ~pores, "t", transform)
    test = rows.test[:_TEST_SPECIMENS]
    result = sample(
        pores[rows.train],
        target[rows.train],
        pores[test],
        target[test],
        settings,
        seed_from_name(provenance.seed, "reference"),
        report=_print,
    )
    write_store(result, output, REFERENCE, provenance)


def _print(line: str) -> None:
    print(line, flush=True)
