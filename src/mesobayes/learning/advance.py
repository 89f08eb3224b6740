# SPDX-License-Identifier: GPL-3.0-or-later
"""From step to step: examples drawn in stretches, single steps on a CPU, compiled chunks elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np

from mesobayes.learning.settings import FitSettings
from mesobayes.learning.step import (
    TrainingState,
    draw_rows,
    number_of_examples,
    training_chunk,
    training_step,
)
from mesobayes.learning.task import Task, without_arrays
from mesobayes.nets.keys import random_key

_CHUNK = 100  # steps whose examples are drawn together, and that run as one program on a GPU

Advance = Callable[[TrainingState, int, int], tuple[TrainingState, jax.Array, int]]


def advance_with(task: Task, settings: FitSettings, seed: int, chunks: bool | None = None) -> Advance:
    """Put the data on the device; return the function that takes a state some steps further.

    Args:
        chunks: whether steps run in compiled chunks; by default everywhere but on a CPU.

    Returns:
        (state, begin, end) -> state, terms (k, terms) and the number of steps taken from `begin`, which does
        not exceed `end`. The state that was given is consumed.
    """
    chunks = jax.default_backend() != "cpu" if chunks is None else chunks
    examples = number_of_examples(task.data)
    data = jax.device_put(task.data)
    key_rows, root = jax.random.split(random_key(seed))
    steps, batch = settings.total_steps(examples), settings.batch
    traced = without_arrays(task)
    drawn: dict[int, jax.Array] = {}

    def rows(block: int) -> jax.Array:
        if block not in drawn:
            drawn.clear()
            epoch, offset = divmod(block * _CHUNK * batch, examples)
            drawn[block] = draw_rows(
                key_rows, np.int32(epoch), np.int32(offset), examples=examples, batch=batch, steps=_CHUNK
            )
        return drawn[block]

    def advance(state: TrainingState, begin: int, end: int) -> tuple[TrainingState, jax.Array, int]:
        some = rows(begin // _CHUNK)
        if chunks:
            end = min(end, (begin // _CHUNK + 1) * _CHUNK)
            bounds = np.int32(begin), np.int32(end)
            state, terms = training_chunk(traced, settings, steps, state, data, some, root, *bounds)
            return state, terms, end - begin
        state, terms = training_step(traced, settings, steps, state, data, some, root, np.int32(begin))
        return state, terms, 1

    return advance
