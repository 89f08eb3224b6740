# SPDX-License-Identifier: GPL-3.0-or-later
"""A network as a structure and two flat dictionaries of arrays, the form in which it is trained and stored.

An array is named by its path, such as ``encoder.0.linear.kernel.mu``.
"""

from __future__ import annotations

from typing import Any

import jax
from flax import nnx

Arrays = dict[str, jax.Array]
Structure = nnx.GraphDef[Any]


def split_network(network: nnx.Module) -> tuple[Structure, Arrays, Arrays]:
    """Return structure, trainable parameters and all other arrays (statistics, constants) of a network."""
    structure = nnx.graphdef(network)
    return structure, _arrays(network, nnx.Param), _arrays(network, nnx.Not(nnx.Param))


def merge_network(structure: Structure, parameters: Arrays, statistics: Arrays) -> Any:
    """Return the network of `split_network`, with its own copies of the variables."""
    state: dict[Any, Any] = {}
    for name, array in (parameters | statistics).items():
        *parents, last = (int(part) if part.isdecimal() else part for part in name.split("."))
        inner = state
        for part in parents:
            inner = inner.setdefault(part, {})
        inner[last] = array
    return nnx.merge(structure, state)


def statistics_of(network: nnx.Module) -> Arrays:
    """Return what a forward pass may have changed: all arrays but the trainable parameters."""
    return _arrays(network, nnx.Not(nnx.Param))


def _arrays(network: nnx.Module, kind: Any) -> Arrays:
    flat = nnx.to_flat_state(nnx.state(network, kind))
    return {".".join(map(str, path)): variable.get_raw_value() for path, variable in flat}
