# SPDX-License-Identifier: GPL-3.0-or-later
"""Predictions by coherent posterior draws, in memory that does not grow with their number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from mesobayes.learning.data import PatchData, central_mask, masked_maximum
from mesobayes.learning.objective import residual_scale
from mesobayes.metrics.scores import accuracy_at
from mesobayes.nets.build import StressNetwork, draw_noise
from mesobayes.nets.divergence import weights
from mesobayes.nets.keys import random_key


@dataclass(frozen=True)
class Prediction:
    """Posterior prediction of n patches, in units of the patch scale.

    mean, epistemic_std: (n, roi, roi), over the weight draws (zero spread with one draw or point weights).
    noise_std: (n, roi, roi), standard deviation of the likelihood in the same units, for predictive
    intervals. roi_max: (draw, n), largest Tresca stress over the solid pixels of the region of interest, of
    each draw.
    """

    mean: np.ndarray
    epistemic_std: np.ndarray
    noise_std: np.ndarray
    roi_max: np.ndarray


def predict(
    network: StressNetwork,
    inputs: np.ndarray,
    draws: int,
    batch: int = 64,
    seed: int = 0,
    loss_scale: str = "pixel",
) -> Prediction:
    """Mean, spread and maxima over weight draws for inputs (n, h, w, 5).

    A draw is one set of weights used for all patches, so maxima and fields belong together. The loop over
    draws is outside, batches of patches inside; mean and sum of squares are updated as in Welford 1962.
    `loss_scale` is that of the fit. A network with point weights is evaluated once.
    """
    if draws < 1:
        raise ValueError(f"draws = {draws}: at least one posterior draw is needed")
    roi = network.settings.roi
    if network.settings.estimator == "none":
        draws = 1
    graph, state = nnx.split(network)
    mask = central_mask(inputs, roi)
    mean = np.zeros((len(inputs), roi, roi), np.float32)
    squares = np.zeros_like(mean)
    roi_max = np.zeros((draws, len(inputs)), np.float32)
    root = random_key(seed)
    for draw in range(draws):
        drawn = state if network.settings.estimator == "none" else _draw(graph, state, root, np.int32(draw))
        for rows in _batches(len(inputs), batch):
            field = _evaluate(graph, drawn, inputs[rows], batch)
            delta = field - mean[rows]
            mean[rows] += delta / (draw + 1)
            squares[rows] += delta * (field - mean[rows])
            roi_max[draw, rows] = masked_maximum(field, mask[rows])
    std = np.sqrt(squares / max(draws - 1, 1))
    scale = residual_scale(jnp.asarray(inputs), roi, network.settings.scale_floor, loss_scale)
    noise_std = np.asarray(jnp.exp(network.log_noise[...]) * scale)
    return Prediction(mean, std, noise_std, roi_max)


def predict_mean_weights(network: StressNetwork, inputs: np.ndarray, batch: int = 64) -> np.ndarray:
    """Field (n, roi, roi) of the posterior mean weights: one pass, for progress and point networks."""
    graph, state = nnx.split(network)
    fields = [_evaluate(graph, state, inputs[rows], batch) for rows in _batches(len(inputs), batch)]
    return np.concatenate(fields)


def mean_accuracy(network: StressNetwork, data: PatchData, threshold: float = 0.1) -> float:
    """Accuracy at a threshold of the posterior mean weights."""
    field = predict_mean_weights(network, data.inputs)
    true = masked_maximum(data.target, data.mask)
    return accuracy_at(masked_maximum(field, data.mask), true, threshold)


@partial(jax.jit, static_argnames=("graph",))
def _draw(graph: Any, state: Any, root: jax.Array, draw: jax.Array) -> Any:
    """State of the network with one draw of its weights in the place of the posterior means."""
    network = nnx.merge(graph, state, copy=True)
    noise = draw_noise(network, jax.random.fold_in(root, draw))
    if noise is not None:
        for weight in weights(network):
            weight.mu[...] = weight.draw(noise)
    return nnx.state(network)


@partial(jax.jit, static_argnames=("graph",))
def _forward(graph: Any, state: Any, inputs: jax.Array) -> jax.Array:
    return nnx.merge(graph, state, copy=True)(inputs)


def _evaluate(graph: Any, state: Any, inputs: np.ndarray, batch: int) -> np.ndarray:
    """Field of up to `batch` patches; the last batch is filled up, so that its shape is compiled already."""
    n = len(inputs)
    padded = inputs if n == batch else np.concatenate([inputs, np.repeat(inputs[:1], batch - n, axis=0)])
    return np.asarray(_forward(graph, state, padded))[:n]


def _batches(n: int, batch: int) -> list[slice]:
    return [slice(start, min(start + batch, n)) for start in range(0, n, batch)]
