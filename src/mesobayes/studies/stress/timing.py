# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time of networks for a patch: by their mean weights, and by the draws of an interval."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import xarray as xr

from mesobayes.learning.predict import predict_mean_weights
from mesobayes.learning.weights import load_network
from mesobayes.nets.build import StressNetwork
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import seed_from_name
from mesobayes.record.store import write_store
from mesobayes.studies.stress.models.network_data import open_network_data
from mesobayes.studies.stress.predict import predict_patches
from mesobayes.studies.stress.settings import TimingSettings
from mesobayes.studies.stress.stores import TIMING

HOW = ("one pass", "draws")


def time_networks(
    weights: list[Path],
    patches: Path,
    channels: Path,
    store: Path,
    networks: tuple[str, ...],
    draws: int,
    settings: TimingSettings,
    run: Run,
) -> None:
    """Write the CPU seconds a patch of fitted networks, compilation apart; networks take turns.

    Args:
        weights: of the networks, in their order.
        patches, channels: of the family that is predicted.
        store: written; `seconds` (repeat, network, how).
        networks: names.
        draws: of a prediction with an interval.
        settings: how many patches, and how often.
        run: scale and seed.
    """
    calls: list[Callable[[], object]] = []
    for path in weights:
        network = cast(StressNetwork, load_network(path))
        family = open_network_data(patches, channels, network.settings)
        inputs = family.seen(np.arange(min(settings.patches, family.patches.sizes["patch"]))).inputs
        seed = seed_from_name(run.seed, "timing")
        calls.append(partial(predict_mean_weights, network, inputs))
        calls.append(partial(predict_patches, network, inputs, draws, seed))
    count = len(inputs)
    for call in calls:
        call()  # compiles
    seconds = np.array([[cpu_seconds(call) for call in calls] for _ in range(settings.repeats)])
    table = xr.Dataset(
        {
            "seconds": (
                ("repeat", "network", "how"),
                seconds.reshape(settings.repeats, len(networks), len(HOW)) / count,
                {"long_name": "CPU time a patch", "units": "s"},
            )
        },
        {"network": list(networks), "how": list(HOW)},
        {"patches": count, "draws": draws},
    )
    print(
        (1e3 * table["seconds"].mean("repeat")).to_series().unstack("how").round(3), "ms a patch", flush=True
    )
    write_store(table, store, TIMING, run)


def cpu_seconds(call: Callable[[], object]) -> float:
    """Return the CPU time of all threads that a call takes."""
    begin = time.process_time()
    call()
    return time.process_time() - begin
