# SPDX-License-Identifier: GPL-3.0-or-later
"""Fitted networks as files: settings and weights, for the jobs that predict with them."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from mesobayes.learning.checkpoint import load_arrays, save_arrays
from mesobayes.nets.build import StressNetwork, build_network
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.record.errors import StoreError


def save_network(network: StressNetwork, path: Path) -> None:
    """Write settings and weights to one file, atomically. Raises StoreError if it cannot be written."""
    leaves = jax.tree.leaves(nnx.state(network))
    arrays = {f"leaf{i:04d}": np.asarray(leaf) for i, leaf in enumerate(leaves)}
    save_arrays(path, arrays, json.dumps(asdict(network.settings), sort_keys=True))


def load_network(path: Path) -> StressNetwork:
    """Network from its file. Raises StoreError if the file is missing, damaged or of another version."""
    arrays, text = load_arrays(path)
    try:
        values = json.loads(text)
        network = build_network(StressNetworkSettings(**{**values, "strides": tuple(values["strides"])}), 0)
        graph, state = nnx.split(network)
        leaves, structure = jax.tree.flatten(state)
        found = [jnp.array(arrays[f"leaf{i:04d}"]) for i in range(len(leaves))]
        if [leaf.shape for leaf in leaves] != [leaf.shape for leaf in found]:
            raise KeyError("shapes")
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} does not hold a network of this version: delete it and fit again"
        ) from error
    return nnx.merge(graph, jax.tree.unflatten(structure, found))
