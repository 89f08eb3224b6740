# SPDX-License-Identifier: GPL-3.0-or-later
"""One optimiser step, traced once: called from Python on a CPU, looped over in chunks on a GPU."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from mesobayes.learning.optimiser import build_optimiser
from mesobayes.learning.plateau import Plateau, start_plateau
from mesobayes.learning.settings import FitSettings
from mesobayes.learning.task import Task
from mesobayes.nets.state import Arrays


class TrainingState(NamedTuple):
    """Everything that changes from step to step, and from score to score."""

    parameters: Arrays
    statistics: Arrays
    optimiser: Any
    plateau: Plateau | None


def initial_state(settings: FitSettings, steps: int, parameters: Arrays, statistics: Arrays) -> TrainingState:
    """State before the first step; a copy, with no array in it twice, because every step consumes it."""
    state = TrainingState(
        parameters,
        statistics,
        build_optimiser(settings, steps).init(parameters),
        start_plateau(parameters, statistics) if settings.schedule == "plateau" else None,
    )
    return jax.tree.map(jnp.array, state)


def number_of_examples(data: Any) -> int:
    """Length of the arrays of a tree."""
    return len(jax.tree.leaves(data)[0])


@partial(jax.jit, static_argnames=("examples", "batch", "steps"))
def draw_rows(
    key: jax.Array, epoch: jax.Array, offset: jax.Array, examples: int, batch: int, steps: int
) -> jax.Array:
    """Examples (steps, batch) of consecutive steps, the first of which begins `offset` examples into `epoch`.

    The stream of examples is one random permutation after another, cut into batches without regard to where
    an epoch ends: every example is seen equally often and every batch has the same size, also when there are
    fewer examples than the batch holds.
    """
    epochs = (examples + steps * batch - 2) // examples + 1  # that a stretch of the stream can touch
    orders = jax.vmap(lambda number: jax.random.permutation(jax.random.fold_in(key, number), examples))(
        epoch + jnp.arange(epochs)
    )
    position = offset + jnp.arange(steps * batch)
    return orders[position // examples, position % examples].reshape(steps, batch)


def update(
    task: Task, settings: FitSettings, steps: int, state: TrainingState, batch: Any, key: jax.Array
) -> tuple[TrainingState, jax.Array]:
    """One optimiser step on one minibatch; returns the loss and the named terms as one array."""

    def objective(parameters: Arrays) -> tuple[jax.Array, tuple[jax.Array, Arrays]]:
        loss, (terms, statistics) = task.loss(parameters, state.statistics, batch, key)
        return loss, (jnp.stack([loss, *(terms[name] for name in task.terms)]), statistics)

    gradient, (terms, statistics) = jax.grad(objective, has_aux=True)(state.parameters)
    optimiser = build_optimiser(settings, steps)
    updates, moments = optimiser.update(gradient, state.optimiser, state.parameters)
    if state.plateau is not None:
        factor = 0.1**state.plateau.drops
        updates = jax.tree.map(lambda change: factor * change, updates)
    parameters = optax.apply_updates(state.parameters, updates)
    return TrainingState(parameters, statistics, moments, state.plateau), terms


def _step(
    task: Task,
    settings: FitSettings,
    steps: int,
    state: TrainingState,
    data: Any,
    rows: jax.Array,
    root: jax.Array,
    number: jax.Array,
) -> tuple[TrainingState, jax.Array]:
    key_batch, key_loss = jax.random.split(jax.random.fold_in(root, number))
    batch = task.batch(data, rows[number % len(rows)], key_batch)
    return update(task, settings, steps, state, batch, key_loss)


@partial(jax.jit, static_argnames=("task", "settings", "steps"), donate_argnames=("state",))
def training_step(
    task: Task,
    settings: FitSettings,
    steps: int,
    state: TrainingState,
    data: Any,
    rows: jax.Array,
    root: jax.Array,
    number: jax.Array,
) -> tuple[TrainingState, jax.Array]:
    """Step `number` on its row of `rows` (k, batch); returns the terms (1, terms)."""
    state, terms = _step(task, settings, steps, state, data, rows, root, number)
    return state, terms[None]


@partial(jax.jit, static_argnames=("task", "settings", "steps"), donate_argnames=("state",))
def training_chunk(
    task: Task,
    settings: FitSettings,
    steps: int,
    state: TrainingState,
    data: Any,
    rows: jax.Array,
    root: jax.Array,
    begin: jax.Array,
    end: jax.Array,
) -> tuple[TrainingState, jax.Array]:
    """Steps `begin` to `end`, at most k of them, on their rows; returns the terms (k, terms), the first used.

    Not for a CPU, where XLA runs convolution gradients inside a loop many times slower.
    """

    def body(number: jax.Array, carry: tuple[TrainingState, jax.Array]) -> tuple[TrainingState, jax.Array]:
        state, terms = carry
        state, row = _step(task, settings, steps, state, data, rows, root, number)
        return state, terms.at[number - begin].set(row)

    return lax.fori_loop(begin, end, body, (state, jnp.zeros((len(rows), len(task.terms) + 1))))
