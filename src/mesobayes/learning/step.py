# SPDX-License-Identifier: GPL-3.0-or-later
"""One optimiser step, traced once: called from Python on a CPU, scanned in chunks on a GPU."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import nnx
from jax import lax

from mesobayes.learning.objective import Terms, negative_elbo
from mesobayes.learning.optimiser import build_optimiser
from mesobayes.learning.settings import FitSettings
from mesobayes.nets.build import draw_noise
from mesobayes.studies.stress.symmetries import Batch, augment


class TrainingState(NamedTuple):
    """Everything that changes from step to step."""

    parameters: Any
    statistics: Any
    optimiser: Any


def update(
    graph: Any,
    settings: FitSettings,
    state: TrainingState,
    batch: Batch,
    n_examples: jax.Array,
    key: jax.Array,
) -> tuple[TrainingState, Terms]:
    """One optimiser step on one minibatch; the key is that of the step."""
    key_symmetry, key_weights = jax.random.split(key)
    if settings.augment:
        batch = augment(batch, key_symmetry)

    def objective(parameters: Any) -> tuple[jax.Array, tuple[Terms, Any]]:
        network = nnx.merge(graph, parameters, state.statistics, copy=True)
        noise = draw_noise(network, key_weights)
        terms = negative_elbo(network, batch, noise, n_examples, settings.kl_weight, settings.loss_scale)
        return terms.loss, (terms, nnx.state(network, nnx.Not(nnx.Param)))

    gradient, (terms, statistics) = jax.grad(objective, has_aux=True)(state.parameters)
    updates, optimiser = build_optimiser(settings).update(gradient, state.optimiser, state.parameters)
    return TrainingState(optax.apply_updates(state.parameters, updates), statistics, optimiser), terms


@partial(jax.jit, static_argnames=("graph", "settings"), donate_argnames=("state",))
def training_step(
    graph: Any,
    settings: FitSettings,
    state: TrainingState,
    batch: Batch,
    n_examples: jax.Array,
    root: jax.Array,
    step: jax.Array,
) -> tuple[TrainingState, jax.Array]:
    """One step on a given batch; returns the terms as an array (4,)."""
    state, terms = update(graph, settings, state, batch, n_examples, jax.random.fold_in(root, step))
    return state, jnp.stack(terms)


@partial(jax.jit, static_argnames=("graph", "settings"), donate_argnames=("state",))
def training_chunk(
    graph: Any,
    settings: FitSettings,
    state: TrainingState,
    data: Batch,
    n_examples: jax.Array,
    root: jax.Array,
    steps: jax.Array,
    indices: jax.Array,
) -> tuple[TrainingState, jax.Array]:
    """Steps (k,) on examples indices (k, batch) of data on the device; steps past the last change nothing.

    Not for a CPU, where XLA runs convolution gradients inside a scan many times slower.
    """

    def body(
        state: TrainingState, step_and_rows: tuple[jax.Array, jax.Array]
    ) -> tuple[TrainingState, jax.Array]:
        step, rows = step_and_rows

        def train(state: TrainingState) -> tuple[TrainingState, jax.Array]:
            batch = jax.tree.map(lambda array: array[rows], data)
            state, terms = update(graph, settings, state, batch, n_examples, jax.random.fold_in(root, step))
            return state, jnp.stack(terms)

        return lax.cond(step < (settings.steps or 0), train, lambda state: (state, jnp.zeros(4)), state)

    return lax.scan(body, state, (steps, indices))
