# SPDX-License-Identifier: GPL-3.0-or-later
"""Fitting a network to patches: batches, reports, checkpoints around the compiled step."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from mesobayes.learning.checkpoint import fit_identity, load_state, save_state
from mesobayes.learning.data import PatchData, batch_indices
from mesobayes.learning.optimiser import build_optimiser
from mesobayes.learning.prediction import mean_accuracy
from mesobayes.learning.progress import Progress, Report
from mesobayes.learning.settings import FitSettings
from mesobayes.learning.step import TrainingState, training_chunk, training_step
from mesobayes.nets.build import StressNetwork
from mesobayes.nets.keys import random_key
from mesobayes.studies.stress.symmetries import Batch

_CHUNK = 100  # steps per compiled chunk on a GPU


@dataclass(frozen=True)
class FitResult:
    """A fitted network.

    history: (step, 4) float32 in the order of `Terms`: loss, nll, kl, mse of every step.
    validation: (report, 2): step and accuracy at 10 % on the validation patches, empty without a validation
    set. noise_std: fitted standard deviation of the likelihood, in units of the loss scale.
    seconds: wall time of this call; resumed steps are not counted.
    """

    network: StressNetwork
    history: np.ndarray
    validation: np.ndarray
    noise_std: float
    seconds: float


def fit(
    network: StressNetwork,
    data: PatchData,
    settings: FitSettings,
    seed: int,
    checkpoint: Path | None = None,
    report: Report | None = None,
    validation: PatchData | None = None,
    scan: bool | None = None,
) -> FitResult:
    """Fit a network to patches; the given network is left as it is.

    Batch order, symmetries and weight noise are functions of seed and step, so a fit that was killed and
    resumes from its checkpoint gives bitwise the numbers of an uninterrupted one. `scan` forces chunks of
    compiled steps (default: everywhere but on a CPU).

    Raises ValueError if there are no patches, FloatingPointError if the loss is not finite, StoreError if the
    checkpoint cannot be written.
    """
    if len(data) == 0:
        raise ValueError("there are no patches to fit: the training split is empty")
    start = time.perf_counter()
    settings = settings.for_examples(len(data))
    assert settings.steps is not None
    steps = settings.steps
    scan = jax.default_backend() != "cpu" if scan is None else scan
    advance = (DeviceChunks if scan else HostSteps)(nnx.graphdef(network), settings, data, seed)
    state, identity = initial_state(network, settings), ""
    if checkpoint is not None:
        identity = fit_identity(network.settings, state, settings, data, seed)
    records: dict[str, np.ndarray] = {
        "history": np.zeros((steps, 4), np.float32),
        "validation": np.zeros((0, 2)),
    }
    done = 0
    if checkpoint is not None and (found := load_state(checkpoint, state, identity)):
        state, done, records = found
    first, saved = done, time.perf_counter()
    every = math.ceil(steps / settings.reports)
    reported = done
    while done < steps:
        state, terms = advance(state, done)
        terms = terms[: steps - done]
        records["history"][done : done + len(terms)] = terms
        done += len(terms)
        due = done == steps or done // every > reported // every
        if due:
            loss = _mean_loss(records["history"], reported, done, settings)
            accuracy = _score(network, state, validation, settings)
            if accuracy is not None:
                records["validation"] = np.vstack([records["validation"], (done, accuracy)])
            if report is not None:
                left = (time.perf_counter() - start) / (done - first) * (steps - done)
                report(Progress(done, steps, done * settings.batch / len(data), loss, accuracy, left))
            reported = done
        late = time.perf_counter() - saved > settings.checkpoint_seconds
        if checkpoint is not None and (done == steps or late):
            save_state(checkpoint, state, done, records, identity)
            saved = time.perf_counter()
    fitted = _assemble(network, state)
    noise = float(jnp.exp(fitted.log_noise[...]))
    return FitResult(fitted, records["history"], records["validation"], noise, time.perf_counter() - start)


class HostSteps:
    """Advance by one step, its batch gathered on the host."""

    def __init__(self, graph: Any, settings: FitSettings, data: PatchData, seed: int):
        self.graph, self.settings, self.seed = graph, settings, seed
        self.data, self.root = data, random_key(seed)
        self.n_examples = jnp.asarray(len(data), jnp.float32)

    def __call__(self, state: TrainingState, step: int) -> tuple[TrainingState, np.ndarray]:
        batch = self.data.take(batch_indices(len(self.data), self.settings.batch, step, self.seed))
        arrays = Batch(*map(jnp.asarray, (batch.inputs, batch.target, batch.mask)))
        state, terms = training_step(
            self.graph, self.settings, state, arrays, self.n_examples, self.root, np.int32(step)
        )
        return state, np.asarray(terms)[None]


class DeviceChunks:
    """Advance by a chunk of steps with all data on the device."""

    def __init__(self, graph: Any, settings: FitSettings, data: PatchData, seed: int):
        self.graph, self.settings, self.seed = graph, settings, seed
        self.count, self.root = len(data), random_key(seed)
        self.data = Batch(*map(jnp.asarray, (data.inputs, data.target, data.mask)))
        self.n_examples = jnp.asarray(len(data), jnp.float32)

    def __call__(self, state: TrainingState, step: int) -> tuple[TrainingState, np.ndarray]:
        assert self.settings.steps is not None
        steps = np.arange(step, step + min(_CHUNK, self.settings.steps), dtype=np.int32)
        rows = np.stack(
            [batch_indices(self.count, self.settings.batch, int(number), self.seed) for number in steps]
        )
        fixed = self.n_examples, self.root
        indices = jnp.asarray(rows, jnp.int32)
        state, terms = training_chunk(
            self.graph, self.settings, state, self.data, *fixed, jnp.asarray(steps), indices
        )
        return state, np.asarray(terms)


def initial_state(network: StressNetwork, settings: FitSettings) -> TrainingState:
    """State before the first step, copied from the network because every step donates it."""
    parameters, statistics = nnx.state(network, nnx.Param), nnx.state(network, nnx.Not(nnx.Param))
    state = TrainingState(parameters, statistics, build_optimiser(settings).init(parameters))
    return jax.tree.map(jnp.array, state)


def _assemble(network: StressNetwork, state: TrainingState) -> StressNetwork:
    graph = nnx.graphdef(network)
    return nnx.merge(graph, state.parameters, state.statistics, copy=True)


def _mean_loss(history: np.ndarray, begin: int, end: int, settings: FitSettings) -> float:
    loss = float(np.mean(history[begin:end, 0]))
    if not math.isfinite(loss):
        raise FloatingPointError(
            f"the loss is {loss} between steps {begin} and {end}: lower the learning rate "
            f"({settings.learning_rate}) or set clip_norm"
        )
    return loss


def _score(
    network: StressNetwork, state: TrainingState, validation: PatchData | None, settings: FitSettings
) -> float | None:
    if validation is None or len(validation) == 0:
        return None
    subset = validation.take(np.arange(min(len(validation), settings.validation_patches)))
    return mean_accuracy(_assemble(network, state), subset)
