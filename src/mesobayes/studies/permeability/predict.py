# SPDX-License-Identifier: GPL-3.0-or-later
"""Log permeability and features of images by a fitted network."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mesobayes.learning.predict import predict_draws, predict_mean_weights
from mesobayes.learning.settings import Precision
from mesobayes.learning.weights import load_network
from mesobayes.nets.permeability import PeriodicPermeabilityNet, PermeabilityNetwork
from mesobayes.record.errors import StoreError

_BATCH = 32


class LogPrediction(NamedTuple):
    """Moments of log μ, each (n, outputs).

    Attributes:
        mean: over the weight draws.
        epistemic_std: spread of the weight draws.
        noise_std: standard deviation of the likelihood.
    """

    mean: np.ndarray
    epistemic_std: np.ndarray
    noise_std: np.ndarray

    @property
    def predictive_std(self) -> np.ndarray:
        """Both kinds of uncertainty together."""
        return np.sqrt(self.epistemic_std**2 + self.noise_std**2)


def load_permeability_network(path: Path) -> PermeabilityNetwork:
    """Read a fitted network of this study.

    Raises:
        StoreError: the file is missing, damaged, or of another network.
    """
    network = load_network(path)
    if not isinstance(network, PermeabilityNetwork):
        raise StoreError(f"{path} holds a {type(network).__name__}, no permeability network")
    return network


def predict_log(
    network: PermeabilityNetwork, images: np.ndarray, draws: int, seed: int, batch: int = _BATCH
) -> LogPrediction:
    """Predict images (n, …) by weight draws, the same for every image; point weights need one pass."""
    found = predict_draws(network, images, draws, seed, forward=_mean_and_variance, batch=batch)
    (mean, variance), (spread, _) = found.mean, found.std
    return LogPrediction(mean, spread, np.sqrt(variance))


def predict_mean(
    network: PermeabilityNetwork, images: np.ndarray, precision: Precision = "default"
) -> np.ndarray:
    """Log permeability (n, outputs) by the mean weights."""
    found = predict_mean_weights(
        network, images, forward=_mean_and_variance, batch=_BATCH, precision=precision
    )
    return np.asarray(found[0])


def pooled_features(network: PeriodicPermeabilityNet, images: np.ndarray, batch: int = _BATCH) -> np.ndarray:
    """Features (n, features) by the mean weights."""
    return np.asarray(predict_mean_weights(network, images, forward=_features, batch=batch))


def _mean_and_variance(network: PermeabilityNetwork, images: jax.Array) -> tuple[jax.Array, jax.Array]:
    mean, log_std = network(images.astype(jnp.float32))
    return mean, jnp.exp(2 * log_std)


def _features(network: PeriodicPermeabilityNet, images: jax.Array) -> jax.Array:
    return network.features(images.astype(jnp.float32))
