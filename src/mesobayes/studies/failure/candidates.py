# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a bar can fail first, and what is known of these voxels before any simulation of failure.

Candidates are the solid voxels that share a face with a void. Each is described by the features of the
baseline and by the stress of one short elastic solve.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import ndimage

from mesobayes.fem.bar.settings import Material, find_preset
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.baseline import FEATURES, pore_features
from mesobayes.studies.failure.folds import GOOD
from mesobayes.studies.failure.place_settings import ElasticSettings, RankerName
from mesobayes.studies.failure.stores import CANDIDATES, SPECIMENS

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]
_TRIAXIALITY = 3.0  # beyond which p/q is not followed: q vanishes at free corners


def describe_specimens(specimens: Path, candidates: Path, settings: ElasticSettings, run: Run) -> None:
    """Write the candidates of all specimens that failed, and their features."""
    data = open_store(specimens, SPECIMENS, variables=["pores", "failed_voxel", "status"])
    good = data.isel(specimen=np.flatnonzero(data["status"].values == GOOD))
    found = describe(good["pores"].values.astype(bool), settings)
    place = good["failed_voxel"].values[found["row"].values]
    found["failed"] = ("candidate", (found["voxel"].values == place).all(axis=1))
    found["specimen"] = ("candidate", good["specimen"].values[found["row"].values])
    write_store(found.drop_vars("row"), candidates, CANDIDATES, run)


def describe(pores: BoolArray, settings: ElasticSettings, ranker: RankerName = "elastic") -> xr.Dataset:
    """Candidates of specimens (n, x, y, z), one after the other, and their features.

    Returns:
        Over `candidate` the `row` of its specimen, its `voxel` (axis) and `features` (feature).
    """
    material = find_preset("fast").material
    rows, voxels, features = [], [], []
    for row, one in enumerate(pores):
        at = np.nonzero(touches_void(one))
        known = [pore_features(one)[at]]
        if ranker == "elastic":
            known.append(stress_features(solve_elastic(one, material, settings), one, at, material, settings))
        rows.append(np.full(len(at[0]), row))
        voxels.append(np.stack(at, axis=1))
        features.append(np.concatenate(known, axis=1))
    return xr.Dataset(
        {
            "row": ("candidate", np.concatenate(rows)),
            "voxel": (
                ("candidate", "axis"),
                np.concatenate(voxels).astype(np.int32),
                {"long_name": "indices of a solid voxel that touches a void", "units": "voxel"},
            ),
            "features": (("candidate", "feature"), np.concatenate(features).astype(np.float32)),
        },
        {"feature": list(feature_names(ranker, settings))},
    )


def feature_names(ranker: RankerName, settings: ElasticSettings) -> tuple[str, ...]:
    """Names of the features of a ranker, in their order."""
    if ranker == "base":
        return FEATURES
    smooth = [f"{of}, width {width:g}" for width in settings.widths for of in ("von Mises", "mean stress")]
    point = ("von Mises", "mean stress", "axial stress", "first principal stress", "triaxiality", "growth")
    return (*FEATURES, *point, *smooth)


def touches_void(pores: BoolArray) -> BoolArray:
    """Solid voxels (x, y, z) that share a face with a void."""
    return ndimage.binary_dilation(pores) & ~pores


def solve_elastic(pores: BoolArray, material: Material, settings: ElasticSettings) -> FloatArray:
    """Stress (6, x, y, z) of one specimen by a short elastic solve, over that of a bar without pores."""
    from mesobayes.fem.bar.elastic import elastic_stress  # loads JAX, which the base features do not need

    stress = elastic_stress(pores[None], material, steps=settings.steps)
    return np.stack([np.asarray(component[0]) for component in stress])


def stress_features(
    stress: FloatArray,
    pores: BoolArray,
    at: tuple[NDArray[np.integer], ...],
    material: Material,
    settings: ElasticSettings,
) -> FloatArray:
    """Features (candidate, feature) of a stress field (6, x, y, z) at candidates.

    The von Mises stress q, the mean stress p, σ_zz, the first principal stress, p/q, the factor sinh(2(2m -
    1)/(2m + 1) p/q) by which voids grow (Bridgman et al. 2022, section 2.1), and means of q and p over the
    solid under Gaussians of several widths.
    """
    xx, yy, zz, yz, xz, xy = stress
    mean = (xx + yy + zz) / 3.0
    j2 = 0.5 * ((xx - mean) ** 2 + (yy - mean) ** 2 + (zz - mean) ** 2) + yz**2 + xz**2 + xy**2
    mises = np.sqrt(3.0 * j2)
    a, b, c, d, e, f = (component[at] for component in stress)
    tensor = np.stack([np.stack(line, -1) for line in ((a, f, e), (f, b, d), (e, d, c))], -1)
    principal = np.linalg.eigvalsh(tensor)[:, -1]
    limit = _TRIAXIALITY
    triaxiality = np.clip(mean[at] / np.maximum(mises[at], 1e-6), -limit, limit)
    m = material.damage_exponent
    growth = np.sinh(2.0 * (2.0 * m - 1.0) / (2.0 * m + 1.0) * triaxiality)
    columns = [mises[at], mean[at], zz[at], principal, triaxiality, growth]
    solid = (~pores).astype(np.float32)
    for width in settings.widths:
        share = ndimage.gaussian_filter(solid, width, mode="constant")[at]
        columns += [
            ndimage.gaussian_filter(field, width, mode="constant")[at] / share for field in (mises, mean)
        ]
    return np.stack(columns, axis=1).astype(np.float32)
