# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: one fit of a permeability network."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from mesobayes.jobs.generate_cells import SCHEMA as CELLS
from mesobayes.learning.regression import RegressionSettings
from mesobayes.learning.regression_prediction import load_permeability_network, save_permeability_network
from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.permeability.fit import SplitSettings, fit_cells

SCHEMA = "permeability/fit"


@dataclass(frozen=True)
class NetworkChoice:
    """What the configuration says of a network; sizes come from the cells."""

    name: Literal["printed", "modern"]
    width: float
    levels: int
    stem: int
    estimator: Literal["none", "shared", "flipout"]
    prior: Literal["fixed", "learned"]
    prior_std: float
    posterior_std: float


def fit_permeability(
    cells: Path | str,
    start: Path | str | None,
    output: Path | str,
    network_output: Path | str,
    checkpoint: Path | str,
    name: str,
    network: NetworkChoice,
    settings: RegressionSettings,
    split: SplitSettings,
    draws: int,
    provenance: Provenance,
) -> None:
    """Write predictions and weights; the checkpoint is removed once both are on disk."""
    data = open_store(cells, CELLS, finite=("permeability", "volume_fraction"), sample_id="sample")
    image = data["image"]
    fitted, result = fit_cells(
        data,
        PermeabilityNetworkSettings(
            **asdict(network),
            side=image.sizes["x"],
            dimension=image.ndim - 1,
            outputs=data.sizes["i"],
        ),
        settings,
        split,
        provenance.seed,
        name,
        draws,
        None if start is None else load_permeability_network(Path(start)),
        Path(checkpoint),
        lambda line: print(line, flush=True),
    )
    save_permeability_network(fitted, Path(network_output))
    write_store(result, output, SCHEMA, provenance)
    Path(checkpoint).unlink(missing_ok=True)
