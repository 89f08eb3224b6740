# SPDX-License-Identifier: GPL-3.0-or-later
"""What a study tells the training loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Protocol

import jax

from mesobayes.nets.state import Arrays


class Task(Protocol):
    """Data, minibatches, loss and score of a fit.

    `batch` and `loss` are traced with the task as a constant of the trace: tasks that compare equal share one
    compilation. A frozen dataclass does so if its arrays are left out of the comparison, with
    ``field(compare=False)``; the loop hands the arrays over as an argument.

    Attributes:
        data: tree of arrays (n, ...) in their smallest type; it is put on the device once.
        terms: names of the terms that `loss` returns, all of them finite numbers.
        identity: settings and arrays beside `data` that decide the numbers, for checkpoints.
    """

    @property
    def data(self) -> Any: ...

    @property
    def terms(self) -> tuple[str, ...]: ...

    @property
    def identity(self) -> Mapping[str, Any]: ...

    def batch(self, data: Any, rows: jax.Array, key: jax.Array) -> Any:
        """Gather the examples `rows` (b,) of `data`, cast them, apply random symmetries and weights."""

    def loss(
        self, parameters: Arrays, statistics: Arrays, batch: Any, key: jax.Array
    ) -> tuple[jax.Array, tuple[dict[str, jax.Array], Arrays]]:
        """Return loss, named terms and the statistics after this minibatch."""

    def score(self, parameters: Arrays, statistics: Arrays) -> float | None:
        """Return a validation score, lower is better; None without validation data."""


def without_arrays(task: Any) -> Any:
    """Return a task with shapes in the place of its arrays: what jit has traced, it keeps until the end."""

    def shape(leaf: Any) -> jax.ShapeDtypeStruct | None:
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype) if hasattr(leaf, "shape") else None

    arrays = [field.name for field in fields(task) if not field.compare]
    return replace(task, **{name: jax.tree.map(shape, getattr(task, name)) for name in arrays})
