# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: wall time of finite elements and of networks for the same images (Table 3)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from mesobayes.fem.cell.homogenisation import homogenise_batch
from mesobayes.jobs.generate_cells import SCHEMA as CELLS
from mesobayes.learning.regression import predict_mean
from mesobayes.learning.regression_prediction import load_permeability_network
from mesobayes.record.provenance import Provenance
from mesobayes.record.store import open_store, write_store

SCHEMA = "permeability/timing"


def time_permeability(
    cells: Path | str,
    networks: Mapping[str, Path | str],
    output: Path | str,
    images: int,
    matrix: float,
    inclusion: float,
    tolerance: float,
    provenance: Provenance,
) -> None:
    """Write the seconds per method, compilation apart, for the first cells of the data set."""
    some = open_store(cells, CELLS, variables=["image"])["image"].values[:images].astype(bool)
    calls: dict[str, Callable[[], object]] = {
        "finite elements": partial(homogenise_batch, some, matrix, inclusion, tolerance)
    }
    for name, path in networks.items():
        calls[name] = partial(predict_mean, load_permeability_network(Path(path)), some)
    seconds, first = [], []
    for call in calls.values():
        begin = time.perf_counter()
        call()
        middle = time.perf_counter()
        call()
        first.append(middle - begin)
        seconds.append(time.perf_counter() - middle)
    dataset = xr.Dataset(
        {
            "seconds": ("method", np.array(seconds), {"long_name": "wall time of all images", "units": "s"}),
            "first_seconds": (
                "method",
                np.array(first),
                {"long_name": "the same with compilation", "units": "s"},
            ),
        },
        coords={"method": list(calls)},
        attrs={"images": len(some), "side": some.shape[-1], "tolerance": tolerance},
    )
    write_store(dataset, output, SCHEMA, provenance)
