# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: swap one voxel of some realizations, many times, and fail each copy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mesobayes.jobs.failure_stores import PERTURBED, SPECIMENS
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.specimens import SensitivitySettings, perturb


def perturb_specimens(
    specimens: Path | str,
    output: Path | str,
    realizations: Sequence[int],
    settings: SensitivitySettings,
    preset: str,
    maximum_strain: float,
    folds: int,
    provenance: Provenance,
) -> None:
    """Write where the perturbed copies of a batch of realizations fail."""
    data = open_store(specimens, SPECIMENS, sample_id="specimen")
    result = perturb(data, realizations, settings, folds, maximum_strain, preset, provenance.seed)
    write_store(result, output, PERTURBED, provenance)
