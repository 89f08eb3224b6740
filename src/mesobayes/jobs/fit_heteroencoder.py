# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: fit one model on one fold and predict its test specimens."""

from __future__ import annotations

from pathlib import Path

from mesobayes.jobs.failure_stores import FIT, SPECIMENS
from mesobayes.learning.damage_fit import DamageFitSettings
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.fit import Variant, fit_fold
from mesobayes.studies.failure.target import TransformSettings


def fit_heteroencoder(
    specimens: Path | str,
    start: Path | str | None,
    output: Path | str,
    variant: Variant,
    fold: int,
    folds: int,
    transform: TransformSettings,
    network: HeteroencoderSettings,
    fit: DamageFitSettings,
    draws: int,
    provenance: Provenance,
) -> None:
    """Write the predictions, the weights and the losses."""
    data = open_store(specimens, SPECIMENS, finite=("damage",), sample_id="specimen")
    warm = None if start is None else open_store(start, FIT)
    result = fit_fold(
        data, warm, variant, fold, folds, transform, network, fit, draws, provenance.seed, _report
    )
    write_store(result, output, FIT, provenance)


def _report(step: int, loss: float) -> None:
    print(f"step {step}  loss {loss:.5f}", flush=True)
