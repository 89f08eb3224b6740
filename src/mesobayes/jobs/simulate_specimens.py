# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: fail one batch of porous specimens."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.errors import MesobayesError
from mesobayes.geometry.porosity import PorosityField
from mesobayes.provenance import Provenance
from mesobayes.store import write_store
from mesobayes.studies.failure import simulate

SCHEMA = "failure/specimens"


def simulate_specimens(
    output: Path | str,
    preset: str,
    field: PorosityField,
    indices: Sequence[int],
    maximum_strain: float,
    failed_share_max: float,
    provenance: Provenance,
) -> None:
    """Write the specimens with the given numbers.

    Raises:
        MesobayesError: more than ``failed_share_max`` of the specimens have no pore or do not fail.
    """
    data = simulate(field, list(indices), preset, maximum_strain, provenance.seed)
    bad = int((data["status"] != 0).sum())
    if bad > failed_share_max * len(indices):
        reason = next(text for text in data["status_reason"].values.tolist() if text)
        raise MesobayesError(
            f"{bad} of {len(indices)} specimens gave no result, more than the share {failed_share_max} "
            f"set by failure.specimens.failed_share_max; first reason: {reason}"
        )
    write_store(data, output, SCHEMA, provenance)
    print(f"{len(indices)} specimens, {bad} without result", flush=True)
