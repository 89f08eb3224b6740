# SPDX-License-Identifier: GPL-3.0-or-later
"""Where and at which strain porous specimens fail, as labelled results."""

from __future__ import annotations

from dataclasses import replace

import jax
import numpy as np
import xarray as xr
from numpy.typing import ArrayLike, NDArray

from mesobayes.fem.bar.collapse import Record, run_to_collapse
from mesobayes.fem.bar.connected import why_cut_through
from mesobayes.fem.bar.explicit import FirstFailure, run_to_failure
from mesobayes.fem.bar.settings import ExplicitSettings, Material, Preset, find_preset

FAILED, NOT_FAILED, NO_PORE = 0, 1, 2
STATUS_REASONS = {
    FAILED: "",
    NOT_FAILED: "no voxel failed before the largest strain",
    NO_PORE: "no pore: every place is equally weak",
}
_BATCH_ON_ACCELERATOR = 256


def fail_specimen(
    pores: ArrayLike,
    preset: str | Preset = "fast",
    *,
    history: bool = False,
    records_per_percent: int = 10,
    keep_fields: bool = False,
    maximum_strain: float | None = None,
) -> xr.Dataset:
    """Pull one porous specimen along z until its first voxel fails, or with `history` until it collapses.

    Args:
        pores: (nx, ny, nz), True or 1 in a void, False or 0 in material.
        preset: "fast", "printed" or a `Preset` of your own.
        history: go on after the first failure, deleting voxels as they fail.
        records_per_percent: records of the history per percent of strain.
        keep_fields: keep the damage of every record as well.
        maximum_strain: where loading ends; by default that of the preset.

    Returns a data set with `damage` (x, y, z) = φ/φ_max at first failure (0 in voids, at most 1),
    `failed_voxel` (axis) as indices (-1 without failure), `failure_strain` (NaN without failure), `status`
    (0 failed, 1 not failed, 2 without pores) and with `history` over `record`: `history_strain`,
    `history_max_damage`, `history_stress` in MPa, `history_failed` as a share of the solid, and
    `final_failed` (x, y, z).

    Raises:
        ValueError: the pores are no truth values or have no three axes, no solid path leads from end to end,
            the loading is shorter than a step (or a record), or the preset is unknown.

    A bar with one flat pore fails beside it:

    >>> pores = np.zeros((4, 4, 8), bool)
    >>> pores[1:3, 1:3, 4] = True
    >>> outcome = fail_specimen(pores)
    >>> outcome["status"].item(), outcome["failed_voxel"].values[2].item()
    (0, 4)
    >>> 0.05 < outcome["failure_strain"].item() < 0.07
    True
    """
    field = np.asarray(pores)
    if field.ndim != 3:
        raise ValueError(f"pores must have the axes x, y, z, got an array of shape {field.shape}")
    data = fail_specimens(
        field[None],
        preset,
        history=history,
        records_per_percent=records_per_percent,
        keep_fields=keep_fields,
        maximum_strain=maximum_strain,
    )
    return data.isel(specimen=0, drop=True)


def fail_specimens(
    pores: ArrayLike,
    preset: str | Preset = "fast",
    *,
    history: bool = False,
    records_per_percent: int = 10,
    keep_fields: bool = False,
    maximum_strain: float | None = None,
    batch: int | None = None,
) -> xr.Dataset:
    """The same for specimens (n, nx, ny, nz), each result as if it had been computed alone.

    `batch` specimens run together: by default one on a CPU, where a specimen stays in the cache, and 256
    elsewhere.
    """
    chosen = find_preset(preset)
    solver = (
        chosen.solver if maximum_strain is None else replace(chosen.solver, maximum_strain=maximum_strain)
    )
    pores = _truth_values(pores)
    _check(pores)
    for name, count in (
        ("records_per_percent", records_per_percent),
        ("batch", 1 if batch is None else batch),
    ):
        if not count >= 1:
            raise ValueError(f"{name} must be at least 1, got {count}")
    size = batch or (1 if jax.default_backend() == "cpu" else min(_BATCH_ON_ACCELERATOR, len(pores)))
    every = max(1, round(0.01 / solver.strain_step / records_per_percent))
    if history and round(solver.maximum_strain / solver.strain_step) < every:
        raise ValueError(
            f"maximum_strain {solver.maximum_strain:g} ends before the first record of the history at "
            f"{every * solver.strain_step:g}: raise it, or records_per_percent"
        )
    parts = []
    for begin in range(0, len(pores), size):
        part = pores[begin : begin + size]
        filled = np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])
        if history:
            first, record, dead = run_to_collapse(filled, chosen.material, solver, every, keep_fields)
        else:
            first, record, dead = run_to_failure(filled, chosen.material, solver), None, None
        data = _label(filled, first, chosen.material, solver)
        if record is not None:
            data = data.merge(_label_history(filled, record, np.asarray(dead), chosen.material, solver))
        parts.append(data.isel(specimen=slice(0, len(part))))
    return xr.concat(parts, dim="specimen", data_vars="all")


def _truth_values(pores: ArrayLike) -> NDArray[np.bool_]:
    """Pores as truth values; numbers are taken for them where all are 0 or 1."""
    field = np.asarray(pores)
    if field.dtype == bool:
        return field
    if field.dtype.kind not in "iuf" or not np.all((field == 0) | (field == 1)):
        raise ValueError(f"pores must be true or false (or 0 and 1), got {field.dtype} with other values")
    return field == 1


def _check(pores: NDArray[np.bool_]) -> None:
    if pores.ndim != 4 or len(pores) == 0 or min(pores.shape[1:]) < 2:
        raise ValueError(
            "pores must be (specimen, x, y, z) with at least one specimen and two voxels a side, "
            f"got {pores.shape}"
        )
    for specimen, field in enumerate(pores):
        why = why_cut_through(field)
        if why:
            raise ValueError(f"specimen {specimen} {why}")


def _label(
    pores: NDArray[np.bool_], first: FirstFailure, material: Material, solver: ExplicitSettings
) -> xr.Dataset:
    largest = np.asarray(first.largest)
    failed = np.asarray(first.failed)
    damage = np.where(pores, 0.0, np.minimum(np.asarray(first.phi) / material.maximum_damage, 1.0))
    place = np.stack(
        np.unravel_index(largest.reshape(len(pores), -1).argmax(axis=1), pores.shape[1:]), axis=1
    )
    status = np.where(failed, FAILED, NOT_FAILED)
    status = np.where(pores.any(axis=(1, 2, 3)), status, NO_PORE)
    place = np.where((status == FAILED)[:, None], place, -1)
    strain = np.where(failed, np.asarray(first.steps) * solver.strain_step, np.nan)
    return xr.Dataset(
        {
            "damage": (
                ("specimen", "x", "y", "z"),
                damage.astype(np.float32),
                {"units": "1", "long_name": "damage over its largest value at first failure"},
            ),
            "failed_voxel": (
                ("specimen", "axis"),
                place.astype(np.int32),
                {"units": "voxel", "long_name": "indices of the first failed voxel, -1 without"},
            ),
            "failure_strain": (
                "specimen",
                strain.astype(np.float64),
                {"units": "1", "long_name": "axial strain at first failure"},
            ),
            "status": (
                "specimen",
                status.astype(np.int8),
                {"long_name": "0 failed, 1 not failed, 2 no pore"},
            ),
        },
        {"axis": ["x", "y", "z"]},
    )


def _label_history(
    pores: NDArray[np.bool_],
    record: Record,
    dead: NDArray[np.bool_],
    material: Material,
    solver: ExplicitSettings,
) -> xr.Dataset:
    steps = np.asarray(record.steps)  # (record, specimen)
    done = steps > 0
    solid = (~pores).sum(axis=(1, 2, 3))

    def over(values: NDArray, units: str, name: str) -> tuple:
        filled = np.where(done, values, np.nan).astype(np.float32)
        return ("specimen", "record"), filled.T, {"units": units, "long_name": name}

    variables: dict[str, tuple] = {
        "history_strain": over(steps * solver.strain_step, "1", "axial strain"),
        "history_max_damage": over(
            np.minimum(np.asarray(record.largest) / material.maximum_damage, 1.0),
            "1",
            "largest damage so far",
        ),
        "history_stress": over(np.asarray(record.stress), "MPa", "axial stress over the full cross-section"),
        "history_failed": over(np.asarray(record.failed) / solid, "1", "failed share of the solid"),
        "final_failed": (
            ("specimen", "x", "y", "z"),
            dead,
            {"units": "1", "long_name": "failed voxels at the end"},
        ),
    }
    if record.phi.size:
        fields = np.moveaxis(np.asarray(record.phi), 0, 1).astype(np.float32) / material.maximum_damage
        fields = np.where(pores[:, None], 0.0, np.minimum(fields, 1.0))
        variables["history_damage"] = (
            ("specimen", "record", "x", "y", "z"),
            fields.astype(np.float32),
            {"units": "1", "long_name": "damage over its largest value"},
        )
    return xr.Dataset(variables)
