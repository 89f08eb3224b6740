# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: one query of one selective-learning chain."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from mesobayes.learning.acquisition import Acquisition
from mesobayes.learning.progress import print_progress
from mesobayes.learning.settings import FitSettings
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.fit import ChainSettings, fit_query


def fit_selective(
    patches: Path | str,
    previous: Path | str | None,
    output: Path | str,
    checkpoint: Path | str,
    acquisition: Acquisition | Literal["initial"],
    repeat: int,
    query: int,
    chain: ChainSettings,
    network: StressNetworkSettings,
    settings: FitSettings,
    provenance: Provenance,
) -> None:
    """Write the result of one query; the checkpoint is removed once the result is on disk."""
    data = open_store(patches, "stress/patches", finite=("input", "target", "scale"))
    result = fit_query(
        data,
        None if previous is None else open_store(previous, "stress/fit"),
        acquisition,
        repeat,
        query,
        chain,
        network,
        settings,
        provenance.seed,
        Path(checkpoint),
        print_progress,
    )
    write_store(result.assign_attrs(acquisition=acquisition), output, "stress/fit", provenance)
    Path(checkpoint).unlink(missing_ok=True)
