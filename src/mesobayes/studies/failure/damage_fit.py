# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit of a heteroencoder to transformed damage: weighted squared error, or its evidence lower bound."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

from mesobayes.learning.data import batch_indices
from mesobayes.nets.functional_heteroencoder import (
    Parameters,
    divergence,
    draw_weights,
    predict_damage,
)
from mesobayes.nets.keys import random_key
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.studies.failure.loss_weights import WeightTable
from mesobayes.studies.failure.settings import DamageFitSettings
from mesobayes.studies.failure.target import PRINTED_SYMMETRIES, apply_symmetry

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class DamageData:
    """Training set: pores (n, x, y, z) True in voids, target in [0, 1], and the weights of its values."""

    pores: BoolArray
    target: FloatArray
    weights: WeightTable


@dataclass(frozen=True)
class DamageFit:
    """Fitted parameters, loss of every step, and seconds."""

    parameters: Parameters
    loss: FloatArray
    seconds: float

    @property
    def noise_std(self) -> float:
        """Standard deviation of the likelihood; learnt by variational fits only."""
        return math.exp(float(self.parameters.log_noise))


class Minibatch(NamedTuple):
    pores: jax.Array
    target: jax.Array
    weight: jax.Array  # 0 in voids


def objective(
    parameters: Parameters,
    batch: Minibatch,
    settings: HeteroencoderSettings,
    n_examples: int,
    evidence: float,
    key: jax.Array,
) -> jax.Array:
    """Per solid voxel: weighted squared error (equation 11), or minus the evidence lower bound (19, 20).

    The bound of N specimens with V solid voxels each is divided by N V and the evidence e that a voxel
    counts: KL enters as KL / (e N V).
    """
    point = settings.estimator == "none"
    prediction = predict_damage(parameters, batch.pores, settings, None if point else key)
    residual = prediction - batch.target
    voxels = jnp.sum(batch.pores == 0)
    error = jnp.sum(batch.weight * residual**2) / voxels
    if point:
        return error
    log_noise = parameters.log_noise
    likelihood = 0.5 * error * jnp.exp(-2.0 * log_noise) + log_noise * jnp.sum(batch.weight) / voxels
    per_specimen = voxels / batch.pores.shape[0]
    return likelihood + divergence(parameters, settings) / (evidence * n_examples * per_specimen)


@partial(jax.jit, static_argnames=("settings", "fit", "n_examples"), donate_argnames=("parameters", "state"))
def training_step(
    parameters: Parameters,
    state: optax.OptState,
    batch: Minibatch,
    settings: HeteroencoderSettings,
    fit: DamageFitSettings,
    n_examples: int,
    key: jax.Array,
) -> tuple[Parameters, optax.OptState, jax.Array]:
    """One step of Adam."""
    loss, gradient = jax.value_and_grad(objective)(parameters, batch, settings, n_examples, fit.evidence, key)
    updates, state = optimiser(fit).update(gradient, state)
    updates = jax.tree_util.tree_map_with_path(
        lambda path, u: u * fit.spread_rate if path[-1].name in ("rho", "log_noise") else u, updates
    )
    return optax.apply_updates(parameters, updates), state, loss


def optimiser(fit: DamageFitSettings) -> optax.GradientTransformation:
    """Adam with the rate of the settings."""
    rate = optax.cosine_decay_schedule(fit.learning_rate, fit.steps) if fit.decay else fit.learning_rate
    return optax.adam(rate)


def fit_damage(
    parameters: Parameters,
    data: DamageData,
    settings: HeteroencoderSettings,
    fit: DamageFitSettings,
    seed: int,
    report: Callable[[int, float], None] | None = None,
    learn_noise: bool = True,
) -> DamageFit:
    """Fit parameters to a training set; batches, symmetries and noise follow from the seed and the step.

    `learn_noise` False keeps the standard deviation of the likelihood at its start.

    Raises FloatingPointError if the loss is not finite.
    """
    begin = time.perf_counter()
    parameters = jax.tree.map(jnp.array, parameters)  # copies: the step donates its arguments
    state = optimiser(fit).init(parameters)
    root, noise = random_key(seed), np.asarray(parameters.log_noise)
    losses = []
    for step in range(fit.steps):
        batch = minibatch(data, fit, step, seed)
        key = jax.random.fold_in(root, step)
        parameters, state, loss = training_step(parameters, state, batch, settings, fit, len(data.pores), key)
        if not learn_noise:
            parameters = parameters._replace(log_noise=jnp.array(noise))
        losses.append(loss)
        if report is not None and (step + 1) % max(1, fit.steps // 5) == 0:
            report(step + 1, float(np.mean([float(value) for value in losses[-20:]])))
    history = np.array([float(loss) for loss in losses])
    if not np.isfinite(history).all():
        raise FloatingPointError(
            f"the loss is not finite from step {int(np.argmin(np.isfinite(history)))}: "
            "lower the learning rate"
        )
    return DamageFit(parameters, history, time.perf_counter() - begin)


def minibatch(data: DamageData, fit: DamageFitSettings, step: int, seed: int) -> Minibatch:
    """Specimens, symmetry and weights of one step."""
    rows = batch_indices(len(data.pores), fit.batch, step, seed)
    choices = {"printed": PRINTED_SYMMETRIES, "all": tuple(range(16)), "none": (0,)}[fit.symmetries]
    number = int(np.random.default_rng([seed, step]).choice(choices))
    pores, target = data.pores[rows], data.target[rows]
    weight = np.where(pores, 0.0, data.weights.weights(target, rows))
    parts = (pores, target, weight)
    return Minibatch(*(jnp.asarray(apply_symmetry(part, number), jnp.float32) for part in parts))


@partial(jax.jit, static_argnames="settings")
def _forward(parameters: Parameters, pores: jax.Array, settings: HeteroencoderSettings) -> jax.Array:
    return predict_damage(parameters, pores, settings)


def predict_fields(
    parameters: Parameters, pores: BoolArray, settings: HeteroencoderSettings, batch: int = 32
) -> FloatArray:
    """Damage (n, x, y, z) of the posterior means, 0 in voids."""
    fields = []
    for start in range(0, len(pores), batch):
        part = pores[start : start + batch]
        filled = np.concatenate([part, np.repeat(part[-1:], batch - len(part), axis=0)])
        fields.append(np.asarray(_forward(parameters, filled.astype(np.float32), settings))[: len(part)])
    return np.where(pores, 0.0, np.concatenate(fields)).astype(np.float32)


def predict_draws(
    parameters: Parameters,
    pores: BoolArray,
    settings: HeteroencoderSettings,
    draws: int,
    seed: int,
    keep: NDArray[np.integer],
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean and standard deviation (n, x, y, z) over weight draws, and all draws of the specimens `keep`.

    A draw is one set of weights for all specimens; mean and squares are updated as in Welford 1962. The draws
    come as (draw, kept, x, y, z): the pushed-forward posterior, without the noise of the likelihood.
    """
    root = random_key(seed)
    mean = np.zeros(pores.shape, np.float32)
    squares = np.zeros(pores.shape, np.float32)
    kept = np.zeros((draws, len(keep), *pores.shape[1:]), np.float32)
    for draw in range(draws):
        field = predict_fields(draw_weights(parameters, jax.random.fold_in(root, draw)), pores, settings)
        delta = field - mean
        mean += delta / (draw + 1)
        squares += delta * (field - mean)
        kept[draw] = field[keep]
    return mean, np.sqrt(squares / max(draws - 1, 1)), kept
