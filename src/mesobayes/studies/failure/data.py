# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages that simulate porous specimens; each opens and writes its own stores."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

from mesobayes.fem.bar.settings import PresetName
from mesobayes.geometry.porosity import PorosityField
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.folds import realizations_of
from mesobayes.studies.failure.settings import Reading, SensitivitySettings
from mesobayes.studies.failure.specimens import fail_under_readings, load_to_collapse, perturb, simulate
from mesobayes.studies.failure.stores import HISTORIES, PERTURBED, READING, SPECIMENS


def simulate_specimens(
    specimens: Path,
    preset: PresetName,
    field: PorosityField,
    indices: list[int],
    maximum_strain: float,
    run: Run,
) -> None:
    """Write the specimens with the given numbers, those without a result among them."""
    data = simulate(field, indices, preset, maximum_strain, run.seed)
    write_store(data, specimens, SPECIMENS, run)
    print(f"{len(indices)} specimens, {int((data['status'] != 0).sum())} without result", flush=True)


def record_histories(
    specimens: Path,
    histories: Path,
    preset: PresetName,
    number: int,
    fields: int,
    maximum_strain: float,
    folds: int,
    run: Run,
) -> None:
    """Write what the realizations a, b, ... do beyond their first failure, up to collapse."""
    some = _realizations(specimens, folds, run).isel(specimen=slice(number))
    write_store(load_to_collapse(some, fields, preset, maximum_strain), histories, HISTORIES, run)


def perturb_specimens(
    specimens: Path,
    perturbed: Path,
    realizations: list[int],
    settings: SensitivitySettings,
    preset: PresetName,
    maximum_strain: float,
    folds: int,
    run: Run,
) -> None:
    """Write where the copies of a batch of realizations fail that have one voxel swapped."""
    data = _realizations(specimens, folds, run)
    result = perturb(data, realizations, settings, preset, maximum_strain, run.seed)
    write_store(result, perturbed, PERTURBED, run)


def read_failure(
    readings: Path,
    names: list[Reading],
    field: PorosityField,
    number: int,
    maximum_strain: float,
    run: Run,
) -> None:
    """Write strain and place of the first failure under some readings of the model."""
    result = fail_under_readings(field, number, names, maximum_strain, run.seed)
    write_store(result, readings, READING, run)


def _realizations(specimens: Path, folds: int, run: Run) -> xr.Dataset:
    """The realizations a to l among the stored specimens."""
    return realizations_of(open_store(specimens, SPECIMENS, sample_id="specimen"), folds, run.seed)
