# SPDX-License-Identifier: GPL-3.0-or-later
"""Porous specimens and where they fail (Bridgman et al. 2022, section 2).

Every specimen follows from its name (study seed, index).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.fem.bar.failure import STATUS_REASONS, fail_specimens
from mesobayes.fem.bar.settings import PRESETS, ExplicitSettings, Material, Preset
from mesobayes.geometry.porosity import PorosityField, swap_one_voxel
from mesobayes.record.seeds import rng_from_name
from mesobayes.studies.failure.settings import Reading, SensitivitySettings

BoolArray = NDArray[np.bool_]

READING_PRESETS: dict[Reading, Preset] = {
    "printed": PRESETS["printed"],
    "bbar": Preset(Material(), ExplicitSettings("bbar", strain_step=1e-4)),
    "one_point": Preset(Material(), ExplicitSettings("reduced", strain_step=1e-4)),
    "fast": PRESETS["fast"],
    "bbar_m5": Preset(Material(damage_exponent=5.0), ExplicitSettings("bbar", strain_step=1e-4)),
    "fast_phi0_text": Preset(
        Material(damage_exponent=5.0, initial_damage=0.008), ExplicitSettings("reduced", strain_step=1e-4)
    ),
}


def sample_pores(field: PorosityField, index: int, seed: str) -> BoolArray:
    """Pores (x, y, z) of one specimen."""
    return field.sample(rng_from_name(seed, "specimen", index))


def simulate(
    field: PorosityField, indices: list[int], preset: str | Preset, maximum_strain: float, seed: str
) -> xr.Dataset:
    """Fail the specimens of one batch."""
    pores = np.stack([sample_pores(field, index, seed) for index in indices])
    data = fail_specimens(pores, preset, maximum_strain=maximum_strain)
    return label_specimens(data, pores, indices)


def label_specimens(data: xr.Dataset, pores: BoolArray, indices: list[int]) -> xr.Dataset:
    """Add the pores, the ids and the reasons of the status."""
    reasons = [STATUS_REASONS[int(code)] for code in data["status"].values]
    return data.assign(
        pores=(
            ("specimen", "x", "y", "z"),
            pores.astype(np.uint8),
            {"units": "1", "long_name": "1 in a void"},
        ),
        status_reason=("specimen", np.array(reasons, object), {"long_name": "why there is no result"}),
    ).assign_coords(specimen=np.asarray(indices))


def perturb(
    realizations: xr.Dataset,
    chosen: Sequence[int],
    settings: SensitivitySettings,
    preset: str,
    maximum_strain: float,
    seed: str,
) -> xr.Dataset:
    """Fail the chosen ones of the realizations a to l again and again with one voxel swapped (section 2.5).

    Returns:
        Over `perturbation` the failure of every copy, the `realization` it is a copy of, and the `row` of
        that among the specimens.
    """
    parts = []
    for realization in chosen:
        original = realizations.isel(specimen=realization)
        pores = original["pores"].values.astype(bool)
        place = tuple(int(c) for c in original["failed_voxel"].values)
        names = [(seed, "swap", realization, number) for number in range(settings.count(realization))]
        swapped = [swap_one_voxel(pores, place, settings.distance, rng_from_name(*name)) for name in names]
        data = fail_specimens(np.stack(swapped), preset, maximum_strain=maximum_strain)
        copies = data[["failed_voxel", "failure_strain", "status"]].rename(specimen="perturbation")
        origin = {"realization": realization, "row": int(original["row"])}
        parts.append(copies.assign({k: ("perturbation", [v] * len(names)) for k, v in origin.items()}))
    return xr.concat(parts, dim="perturbation", data_vars="all")


def load_to_collapse(realizations: xr.Dataset, fields: int, preset: str, maximum_strain: float) -> xr.Dataset:
    """Load the realizations a, b, ... to collapse; the first `fields` keep the damage of every record."""
    parts = []
    for count, name in enumerate(realizations["specimen"].values):
        pores = realizations["pores"].values[count : count + 1].astype(bool)
        data = fail_specimens(
            pores,
            preset,
            history=True,
            records_per_percent=10,
            keep_fields=count < fields,
            maximum_strain=maximum_strain,
        )
        labelled = label_specimens(data, pores, [int(name)])
        if "history_damage" in labelled:
            labelled["history_damage"] = labelled["history_damage"].astype(np.float16)
        parts.append(labelled)
    without = [part.drop_vars("history_damage", errors="ignore") for part in parts]
    joined = xr.concat(without, dim="specimen", data_vars="all")
    kept = [part["history_damage"].rename(specimen="kept") for part in parts[:fields]]
    joined["history_damage"] = xr.concat(kept, dim="kept").drop_vars("kept")
    return joined


def fail_under_readings(
    field: PorosityField, number: int, readings: Sequence[Reading], maximum_strain: float, seed: str
) -> xr.Dataset:
    """Strain and place of the first failure of the first specimens, over `reading` of the model."""
    indices = list(range(number))
    parts = [simulate(field, indices, READING_PRESETS[reading], maximum_strain, seed) for reading in readings]
    failures = [part[["failed_voxel", "failure_strain", "status"]] for part in parts]
    joined = xr.concat(failures, dim="reading", data_vars="all").assign_coords(reading=list(readings))
    return joined.assign(pores=parts[0]["pores"])
