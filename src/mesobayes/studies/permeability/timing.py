# SPDX-License-Identifier: GPL-3.0-or-later
"""Wall time of finite elements and of networks for the same images (Table 3)."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from mesobayes.fem.cell.homogenisation import homogenise_batch
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.permeability.data import CELLS
from mesobayes.studies.permeability.draws import load_permeability_network
from mesobayes.studies.permeability.regression import predict_mean
from mesobayes.studies.permeability.settings import Materials

TIMING = "permeability/timing"  # schema
SOLVER = "finite elements"


def time_permeability(
    cells: Path,
    printed: Path,
    modern: Path,
    store: Path,
    images: int,
    materials: Materials,
    tolerance: float,
    run: Run,
) -> None:
    """Write the seconds per method, compilation apart, for the first images of a data set.

    Args:
        printed, modern: weights of the two networks.
    """
    some = open_store(cells, CELLS, variables=["image"])["image"].values[:images].astype(bool)
    calls: dict[str, Callable[[], object]] = {
        SOLVER: partial(homogenise_batch, some, materials.matrix, materials.inclusion, tolerance),
        "printed": partial(predict_mean, load_permeability_network(printed), some),
        "modern": partial(predict_mean, load_permeability_network(modern), some),
    }
    first, seconds = np.array([[_seconds(call) for _ in range(2)] for call in calls.values()]).T
    dataset = xr.Dataset(
        {
            "seconds": ("method", seconds, {"long_name": "wall time of all images", "units": "s"}),
            "first_seconds": ("method", first, {"long_name": "the same with compilation", "units": "s"}),
        },
        coords={"method": list(calls)},
        attrs={"images": len(some), "side": some.shape[-1], "tolerance": tolerance},
    )
    write_store(dataset, store, TIMING, run)


def _seconds(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin
