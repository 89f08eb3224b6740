# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time of a specimen for everything that says where it fails first."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.fem.bar.settings import Preset, find_preset
from mesobayes.learning.predict import predict_mean_weights
from mesobayes.learning.weights import load_network
from mesobayes.nets.heteroencoder import Heteroencoder
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.baseline import FEATURES, PoreBaseline
from mesobayes.studies.failure.fit import solid_field
from mesobayes.studies.failure.folds import split_specimens
from mesobayes.studies.failure.own_pores import rank_places
from mesobayes.studies.failure.place_settings import ElasticSettings, RivalSettings
from mesobayes.studies.failure.rank_fit import load_ranker
from mesobayes.studies.failure.rivals import damage_of, other_steps
from mesobayes.studies.failure.settings import SplitSettings
from mesobayes.studies.failure.stores import PLACE_TIMES, SPECIMENS

BoolArray = NDArray[np.bool_]
FULL = "simulation"


def time_places(
    specimens: Path,
    networks: list[Path],
    ranked: list[Path],
    times: Path,
    elastic: ElasticSettings,
    rivals: RivalSettings,
    split: SplitSettings,
    maximum_strain: float,
    run: Run,
) -> None:
    """Write the CPU milliseconds a specimen of every model, compilation apart, on test specimens of fold 0.

    Specimens are predicted one by one, from the pores on, with one thread. The models take turns, so that a
    repeat of all of them shares the state of the machine.

    Args:
        networks: weights of the networks, in folders named like their models.
        ranked: stores of the rankers.
    """
    data = open_store(specimens, SPECIMENS, variables=["pores", "status"])
    some = data.isel(specimen=split_specimens(data, 0, split, run.seed).test[: rivals.timed])
    pores = some["pores"].values.astype(bool)
    calls: dict[str, Callable[[BoolArray], object]] = {
        "baseline_t_uniform": partial(_predict_baseline, any_regression())
    }
    calls |= {
        path.parent.name: partial(_predict_network, cast(Heteroencoder, load_network(path)))
        for path in networks
    }
    for path in ranked:
        name, ranker = load_ranker(path)
        calls[f"ranker_{name}"] = partial(rank_places, rankers=[(name, ranker)], settings=elastic)
    for step in rivals.strain_steps:
        calls[f"fast_{step:g}"] = partial(_simulate, other_steps("fast", step, maximum_strain))
    calls[f"printed_{rivals.printed_step:g}"] = partial(
        _simulate, other_steps("printed", rivals.printed_step, maximum_strain)
    )
    calls[FULL] = partial(_simulate, find_preset("fast"))
    write_store(time_models(calls, pores, rivals.repeats), times, PLACE_TIMES, run)


def time_models(
    calls: Mapping[str, Callable[[BoolArray], object]], pores: BoolArray, repeats: int
) -> xr.Dataset:
    """CPU milliseconds a specimen over `repeat` and `model`, specimens (n, x, y, z) one by one."""
    for call in calls.values():
        call(pores[0])  # compiles
    found = [[_milliseconds(call, pores) for call in calls.values()] for _ in range(repeats)]
    return xr.Dataset(
        {"cpu_ms": (("repeat", "model"), found, {"long_name": "CPU time of a specimen", "units": "ms"})},
        {"model": list(calls)},
        {"specimens": len(pores), "machine": describe_machine()},
    )


def _milliseconds(call: Callable[[BoolArray], object], pores: BoolArray) -> float:
    begin = time.process_time()
    for one in pores:
        call(one)
    return 1e3 * (time.process_time() - begin) / len(pores)


def describe_machine() -> str:
    """Name of the processor, where the system tells it, and its cores."""
    cores = f"one core of {os.cpu_count()}"
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return cores
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{cores}, {names[0]}" if names else cores


def any_regression() -> PoreBaseline:
    """The regression with weights 0: which they are makes no difference to the time."""
    count = len(FEATURES)
    terms = 1 + count + count * (count + 1) // 2
    return PoreBaseline(np.zeros(count), np.ones(count), np.zeros(terms, np.float32))


def _predict_baseline(regression: PoreBaseline, pores: BoolArray) -> object:
    return regression.predict(pores[None])


def _predict_network(network: Heteroencoder, pores: BoolArray) -> object:
    return predict_mean_weights(network, pores[None].astype(np.uint8), forward=solid_field, batch=1)


def _simulate(preset: Preset, pores: BoolArray) -> object:
    return damage_of(pores[None], preset)
