# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: swap one voxel of a specimen many times and fail each."""

from __future__ import annotations

from pathlib import Path

from mesobayes.jobs.simulate_specimens import SCHEMA as SPECIMENS
from mesobayes.provenance import Provenance
from mesobayes.store import open_store, write_store
from mesobayes.studies.failure import SensitivitySettings, perturb

SCHEMA = "failure/perturbed"


def perturb_specimen(
    specimens: Path | str,
    output: Path | str,
    realization: int,
    settings: SensitivitySettings,
    preset: str,
    maximum_strain: float,
    folds: int,
    provenance: Provenance,
) -> None:
    """Write where the perturbed copies of one realization fail."""
    data = open_store(specimens, SPECIMENS, sample_id="specimen")
    result = perturb(data, realization, settings, folds, maximum_strain, preset, provenance.seed)
    write_store(result, output, SCHEMA, provenance)
