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
from mesobayes.studies.permeability.predict import load_permeability_network, predict_mean
from mesobayes.studies.permeability.settings import Materials, Timing
from mesobayes.studies.permeability.stores import CELLS, TIMING

SOLVER = "finite elements"


def time_permeability(
    cells: Path,
    printed: Path,
    modern: Path,
    store: Path,
    settings: Timing,
    materials: Materials,
    tolerance: float,
    run: Run,
) -> None:
    """Write the seconds per method and repeat, compilation apart, for the first images of a data set.

    The methods take turns, so that a repeat of all of them shares the state of the machine.

    Args:
        printed, modern: weights of the two networks.
    """
    some = open_store(cells, CELLS, variables=["image"])["image"].values[: settings.images].astype(bool)
    calls: dict[str, Callable[[], object]] = {
        SOLVER: partial(homogenise_batch, some, materials.matrix, materials.inclusion, tolerance),
        "printed": partial(predict_mean, load_permeability_network(printed), some),
        "modern": partial(predict_mean, load_permeability_network(modern), some),
    }
    first = np.array([_seconds(call) for call in calls.values()])
    seconds = np.array([[_seconds(call) for call in calls.values()] for _ in range(settings.repeats)])
    dataset = xr.Dataset(
        {
            "seconds": (
                ("repeat", "method"),
                seconds,
                {"long_name": "wall time of all images", "units": "s"},
            ),
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
