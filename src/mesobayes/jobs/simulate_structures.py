# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: solve one batch of random plates."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.errors import MesobayesError
from mesobayes.fem.settings import MeshSettings
from mesobayes.geometry import PlateFamily
from mesobayes.provenance import Provenance
from mesobayes.store import write_store
from mesobayes.studies.structures import simulate_structures as simulate

SCHEMA = "stress/structures"


def simulate_structures(
    output: Path | str,
    family: PlateFamily,
    indices: Sequence[int],
    mesh: MeshSettings,
    pixels_per_radius: int,
    failed_share_max: float,
    provenance: Provenance,
) -> None:
    """Write the structures with the given numbers.

    Raises:
        MesobayesError: more than ``failed_share_max`` of all plates drawn could not be meshed or solved.
    """
    batch = simulate(family, indices, provenance.seed, mesh, pixels_per_radius, report=_print_progress)
    failed = int(batch["failed_draws"].sum())
    share = failed / (failed + len(indices))
    if share > failed_share_max:
        raise MesobayesError(
            f"{failed} of {failed + len(indices)} plates of {family.name} could not be meshed or solved, "
            f"more than the share {failed_share_max} set by stress.structures.failed_share_max; last reason: "
            f"{next(reason for reason in reversed(batch['status_reason'].values.tolist()) if reason)}"
        )
    write_store(batch, output, SCHEMA, provenance)


def _print_progress(done: int, total: int, remark: str) -> None:
    print(f"{done}/{total} {remark}", flush=True)
