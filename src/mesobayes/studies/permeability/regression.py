# SPDX-License-Identifier: GPL-3.0-or-later
"""Fitting a permeability network to labelled images (Aldakheel et al. 2023, sections 3.4 and 4.3)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import nnx

from mesobayes.learning.checkpoint import load_state, save_state
from mesobayes.nets.keys import random_key
from mesobayes.nets.permeability import PeriodicPermeabilityNet, PermeabilityNetwork
from mesobayes.nets.posterior import draw_noise, kl_divergence, weights
from mesobayes.studies.permeability.regression_settings import RegressionSettings

TRAINING, VALIDATION = 0, 1  # columns of a history


class LabelledImages(NamedTuple):
    """Images (n, …) boolean or uint8, 1 in the inclusions; log μ of the predicted components (n, outputs)."""

    images: np.ndarray
    target: np.ndarray


@dataclass(frozen=True)
class RegressionFit:
    """A fitted network, its mean squared errors of log μ per epoch (epoch, [training, validation]),
    seconds."""

    network: PermeabilityNetwork
    history: np.ndarray
    seconds: float


Report = Callable[[str], None]


def fit_regression(
    network: PermeabilityNetwork,
    training: LabelledImages,
    validation: LabelledImages,
    settings: RegressionSettings,
    seed: int,
    checkpoint: Path | None = None,
    report: Report | None = None,
) -> RegressionFit:
    """Fit a network; the given one is left as it is.

    Batches, symmetries and weight noise follow from seed and epoch, the learning rate from the history: a
    fit that resumes from its checkpoint gives the numbers of an uninterrupted one.

    Raises ValueError for an empty set, FloatingPointError if the loss is not finite.
    """
    if len(training.images) == 0 or len(validation.images) == 0:
        raise ValueError("a fit needs at least one image for training and one for validation")
    start = time.perf_counter()
    graph, parameters, constants = nnx.split(network, nnx.Param, ...)  # type: ignore[misc]
    parameters = jax.tree.map(jnp.array, parameters)  # every step donates them
    state = (parameters, build_optimiser(settings).init(parameters), jax.tree.map(jnp.array, parameters))
    turn = _sees_one_orientation(network, settings)
    identity = "" if checkpoint is None else _identity(network, training, validation, settings, seed)
    history = np.zeros((0, 2))
    if checkpoint is not None and (found := load_state(checkpoint, state, identity)):
        state, _, records = found
        history = records["history"]
    saved = time.perf_counter()
    while not finished(history, settings):
        epoch = len(history)
        current, optimiser, best = state
        terms = []
        for step, batch in enumerate(_batches(training, settings, turn, seed, epoch)):
            rate = jnp.float32(learning_rate(history, step, len(training.images), settings))
            key = jax.random.fold_in(jax.random.fold_in(random_key(seed), epoch), step)
            current, optimiser, squared = training_step(
                graph, settings, current, constants, optimiser, batch, len(training.images), rate, key
            )
            terms.append(squared)
        fitted = nnx.merge(graph, current, constants)
        error = float(np.mean((predict_mean(fitted, validation.images) - validation.target) ** 2))
        history = np.vstack([history, (float(np.mean(terms)), error)])
        if not np.all(np.isfinite(history[-1])):
            raise FloatingPointError(f"the loss is {history[-1]} in epoch {epoch}: lower the learning rate")
        if settings.schedule == "onecycle" or error <= history[:, VALIDATION].min():
            best = jax.tree.map(jnp.array, current)
        state = (current, optimiser, best)
        if report is not None:
            left = (time.perf_counter() - start) / len(history) * (settings.epochs - len(history))
            rms = 100 * np.sqrt(history[-1])
            report(
                f"epoch {len(history)}/{settings.epochs}  rms error of log μ: training {rms[0]:.2f} %, "
                f"validation {rms[1]:.2f} %  at most {left:.0f} s left"
            )
        late = time.perf_counter() - saved > settings.checkpoint_seconds
        if checkpoint is not None and late:
            save_state(checkpoint, state, len(history), {"history": history}, identity)
            saved = time.perf_counter()
    return RegressionFit(nnx.merge(graph, state[2], constants), history, time.perf_counter() - start)


def finished(history: np.ndarray, settings: RegressionSettings) -> bool:
    """Whether all epochs are done, or the validation loss has not fallen for too long."""
    if len(history) >= settings.epochs:
        return True
    if settings.schedule == "onecycle" or len(history) == 0:
        return False
    return len(history) - 1 - int(np.argmin(history[:, VALIDATION])) >= settings.stop_patience


def learning_rate(history: np.ndarray, step: int, examples: int, settings: RegressionSettings) -> float:
    """Rate of one step of the epoch after the history."""
    if settings.schedule == "onecycle":
        per_epoch = max(1, examples // settings.batch)
        steps = max(2, settings.epochs * per_epoch)
        schedule = optax.cosine_onecycle_schedule(steps, settings.learning_rate, pct_start=0.2)
        return float(schedule(len(history) * per_epoch + step))
    best, waited, drops = np.inf, 0, 0
    for error in history[:, VALIDATION]:
        waited = 0 if error < best else waited + 1
        best = min(best, error)
        if waited >= settings.plateau_patience:
            waited, drops = 0, drops + 1
    return settings.learning_rate * 0.1**drops


def predict_mean(network: PermeabilityNetwork, images: np.ndarray, batch: int = 32) -> np.ndarray:
    """Log permeability (n, outputs) by the mean weights."""
    graph, state = nnx.split(network)
    parts = []
    for start in range(0, len(images), batch):
        some = np.asarray(images[start : start + batch], np.float32)
        full = np.concatenate([some, np.repeat(some[-1:], batch - len(some), axis=0)])  # one shape, one trace
        parts.append(np.asarray(_forward(graph, state, full)[0])[: len(some)])
    return np.concatenate(parts)


@partial(jax.jit, static_argnames=("graph",))
def _forward(graph: Any, state: Any, images: jax.Array) -> tuple[jax.Array, jax.Array]:
    return nnx.merge(graph, state)(images)


@partial(jax.jit, static_argnames=("graph", "settings"), donate_argnames=("parameters", "optimiser"))
def training_step(graph, settings, parameters, constants, optimiser, batch, examples, rate, key):
    """One step; returns parameters, optimiser state and the mean squared error of log μ."""

    def objective(parameters):
        network = nnx.merge(graph, parameters, constants, copy=True)
        noise = draw_noise(network, key)
        if _sees_one_orientation(network, settings):
            mean, log_std = (value[:, None] for value in network.along_x(batch.images, noise))
        else:
            mean, log_std = network(batch.images, noise)
        squared = jnp.square(mean - batch.target)
        if settings.loss == "nll":
            loss = jnp.mean(jnp.sum(0.5 * squared * jnp.exp(-2 * log_std) + log_std, axis=1))
        else:
            scale = network.correction_scale[...] if isinstance(network, PeriodicPermeabilityNet) else 1.0
            loss = jnp.mean(squared) / scale**2
        if settings.schedule == "plateau":
            loss += settings.l2 * sum(jnp.sum(weight.mu[...] ** 2) for weight in weights(network))
        loss += settings.kl_weight / examples * kl_divergence(network, network.settings)
        return loss, jnp.mean(squared)

    gradient, squared = jax.grad(objective, has_aux=True)(parameters)
    updates, optimiser = build_optimiser(settings).update(gradient, optimiser, parameters)
    updates = jax.tree.map(lambda update: -rate * update, updates)
    return optax.apply_updates(parameters, updates), optimiser, squared


def _sees_one_orientation(network: PermeabilityNetwork, settings: RegressionSettings) -> bool:
    """Whether training takes one random orientation of an image; predictions take all."""
    return settings.augment and isinstance(network, PeriodicPermeabilityNet)


def build_optimiser(settings: RegressionSettings) -> optax.GradientTransformation:
    """Direction of Adam (AdamW for "onecycle"); the caller multiplies by the rate."""
    parts = [optax.clip_by_global_norm(1.0)] if settings.schedule == "onecycle" else []
    parts.append(optax.scale_by_adam())
    if settings.schedule == "onecycle":
        parts.append(optax.add_decayed_weights(settings.l2))

    def faster(path: Any, update: jax.Array) -> jax.Array:
        spread = any("rho" in str(key) or "log_noise" in str(key) for key in path)
        return settings.spread_rate * update if spread else update

    parts.append(optax.stateless(lambda updates, _: jax.tree_util.tree_map_with_path(faster, updates)))
    return optax.chain(*parts)


def _batches(data: LabelledImages, settings: RegressionSettings, turn: bool, seed: int, epoch: int):
    """All full batches of one epoch in random order, with random symmetries if wanted.

    If images also turn, the targets are those along x of their new orientation, (n, 1).
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(len(data.images))
    size = min(settings.batch, len(order))
    for start in range(0, len(order) - size + 1, size):
        rows = order[start : start + size]
        images = np.asarray(data.images[rows], np.float32)
        target = np.asarray(data.target[rows], np.float32)
        if settings.augment:
            images = np.stack([_shifted_and_mirrored(image, rng) for image in images])
        if turn:
            axes = rng.integers(target.shape[1], size=size)
            images = np.stack([_turned(image, axis, rng) for image, axis in zip(images, axes, strict=True)])
            target = np.take_along_axis(target, axes[:, None], axis=1)
        yield LabelledImages(images, target)


def _shifted_and_mirrored(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    axes = tuple(range(image.ndim))
    image = np.roll(image, rng.integers(0, image.shape), axes)
    return np.flip(image, tuple(axis for axis in axes if rng.random() < 0.5))


def _turned(image: np.ndarray, axis: int, rng: np.random.Generator) -> np.ndarray:
    """Exchange axis `axis` (0 is x, the last one) with x and, of a volume, the other two at random."""
    image = np.swapaxes(image, -1, -1 - axis)
    return np.swapaxes(image, 0, 1) if image.ndim == 3 and rng.random() < 0.5 else image


def _identity(network, training, validation, settings, seed) -> str:
    """Hash of all that decides the numbers of a fit."""
    record = {"network": asdict(network.settings), "fit": asdict(settings), "seed": seed}
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode())
    for array in (*jax.tree.leaves(nnx.state(network)), *training, *validation):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
