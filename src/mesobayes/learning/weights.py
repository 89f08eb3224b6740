# SPDX-License-Identifier: GPL-3.0-or-later
"""Fitted networks as stores: one variable for each array, named by its path; settings as attributes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import xarray as xr
from flax import nnx
from pydantic import TypeAdapter

from mesobayes.nets.build import Network, build_network
from mesobayes.nets.settings import (
    ContactNetworkSettings,
    HeteroencoderSettings,
    LocalNetworkSettings,
    PermeabilityNetworkSettings,
    StressNetworkSettings,
)
from mesobayes.nets.state import merge_network, split_network
from mesobayes.record.errors import StoreError
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store

SCHEMA = "network"
_RECORDS: dict[str, Any] = {
    "stress": StressNetworkSettings,
    "local": LocalNetworkSettings,
    "permeability": PermeabilityNetworkSettings,
    "contacts": ContactNetworkSettings,
    "heteroencoder": HeteroencoderSettings,
}


def save_network(network: Network, path: Path, run: Run) -> None:
    """Write settings and weights to a store, whole or not at all.

    Raises:
        StoreError: the disk is full or read-only.
    """
    kind = next(name for name, record in _RECORDS.items() if type(network.settings) is record)
    settings = json.dumps(asdict(network.settings), sort_keys=True)
    _, parameters, statistics = split_network(network)
    variables = {
        name: ([f"{name} {axis}" for axis in range(array.ndim)], np.asarray(array))
        for name, array in (parameters | statistics).items()
    }
    write_store(xr.Dataset(variables, attrs={"network": kind, "settings": settings}), path, SCHEMA, run)


def load_network(path: Path) -> Network:
    """Read a network that `save_network` wrote.

    Raises:
        StoreError: the file is missing, damaged, or of another version of the network.
    """
    store = open_store(path, SCHEMA)
    try:
        record = TypeAdapter(_RECORDS[store.attrs["network"]])
        settings = record.validate_json(store.attrs["settings"])
        structure, *expected = split_network(nnx.eval_shape(lambda: build_network(settings, 0)))
        parameters, statistics = (
            {name: _array(store, name, like.shape) for name, like in arrays.items()} for arrays in expected
        )
        if len(store.variables) != len(parameters) + len(statistics):
            raise KeyError("more arrays than the network has")
    except (ValueError, KeyError) as error:
        raise StoreError(
            f"{path} holds no network of this version: delete it and run the same command again"
        ) from error
    network: Network = merge_network(structure, parameters, statistics)
    return network


def _array(store: xr.Dataset, name: str, shape: tuple[int, ...]) -> jnp.ndarray:
    values = store[name].values
    if values.shape != shape:
        raise ValueError(f"{name} has the shape {values.shape}, not {shape}")
    return jnp.asarray(values)
