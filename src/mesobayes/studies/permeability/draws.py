# SPDX-License-Identifier: GPL-3.0-or-later
"""Predictions of permeability networks by posterior draws, and these networks as files."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from mesobayes.learning.checkpoint import load_arrays, save_arrays
from mesobayes.nets.build import build_network
from mesobayes.nets.keys import random_key
from mesobayes.nets.permeability import (
    PeriodicPermeabilityNet,
    PermeabilityNetwork,
)
from mesobayes.nets.posterior import draw_noise
from mesobayes.nets.settings import PermeabilityNetworkSettings
from mesobayes.record.errors import StoreError


class LogPrediction(NamedTuple):
    """Moments of log μ, each (n, outputs): mean, spread of weight draws, standard deviation of the
    likelihood."""

    mean: np.ndarray
    epistemic_std: np.ndarray
    noise_std: np.ndarray

    @property
    def predictive_std(self) -> np.ndarray:
        """Both kinds of uncertainty together."""
        return np.sqrt(self.epistemic_std**2 + self.noise_std**2)


def predict_draws(
    network: PermeabilityNetwork, images: np.ndarray, draws: int, seed: int, batch: int = 32
) -> LogPrediction:
    """Predict images (n, …) by weight draws, the same for every image; point weights need one pass."""
    graph, state = nnx.split(network)
    keys = jax.random.split(random_key(seed), draws if network.settings.estimator != "none" else 1)
    parts = []
    for start in range(0, len(images), batch):
        some = np.asarray(images[start : start + batch], np.float32)
        full = np.concatenate([some, np.repeat(some[-1:], batch - len(some), axis=0)])
        means, log_stds = zip(*(_draw(graph, state, full, key) for key in keys), strict=True)
        mean, log_std = (np.asarray(jnp.stack(values))[:, : len(some)] for values in (means, log_stds))
        parts.append((mean.mean(axis=0), mean.std(axis=0), np.sqrt(np.mean(np.exp(2 * log_std), axis=0))))
    return LogPrediction(*(np.concatenate(values) for values in zip(*parts, strict=True)))


@partial(jax.jit, static_argnames=("graph",))
def _draw(graph: Any, state: Any, images: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array]:
    network = nnx.merge(graph, state)
    return network(images, draw_noise(network, key))


def pooled_features(network: PeriodicPermeabilityNet, images: np.ndarray, batch: int = 32) -> np.ndarray:
    """Features (n, features) by the mean weights."""
    graph, state = nnx.split(network)
    parts = []
    for start in range(0, len(images), batch):
        some = np.asarray(images[start : start + batch], np.float32)
        full = np.concatenate([some, np.repeat(some[-1:], batch - len(some), axis=0)])
        parts.append(np.asarray(_features(graph, state, full))[: len(some)])
    return np.concatenate(parts)


@partial(jax.jit, static_argnames=("graph",))
def _features(graph: Any, state: Any, images: jax.Array) -> jax.Array:
    return nnx.merge(graph, state).features(images)


def save_permeability_network(network: PermeabilityNetwork, path: Path) -> None:
    """Write settings and weights to one file. Raises StoreError if the disk is full or read-only."""
    leaves = jax.tree.leaves(nnx.state(network))
    arrays = {f"leaf{i:04d}": np.asarray(leaf) for i, leaf in enumerate(leaves)}
    save_arrays(path, arrays, json.dumps(asdict(network.settings), sort_keys=True))


def load_permeability_network(path: Path) -> PermeabilityNetwork:
    """Network from its file. Raises StoreError if the file is missing, damaged or of another version."""
    arrays, text = load_arrays(path)
    try:
        network = build_network(PermeabilityNetworkSettings(**json.loads(text)), 0)
        graph, state = nnx.split(network)
        leaves, structure = jax.tree.flatten(state)
        found = [jnp.array(arrays[f"leaf{i:04d}"]) for i in range(len(leaves))]
        if [leaf.shape for leaf in leaves] != [leaf.shape for leaf in found]:
            raise KeyError("shapes")
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"{path} holds no permeability network of this version: delete it and fit again"
        ) from error
    return nnx.merge(graph, jax.tree.unflatten(structure, found))
