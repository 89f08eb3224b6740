# SPDX-License-Identifier: GPL-3.0-or-later
"""Examples of a fit on the device, put there block by block: of all of them the host holds one block."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

Examples = TypeVar("Examples")


def gather(parts: Iterable[tuple[NDArray, Examples]], count: int) -> Examples:
    """Return the examples of all parts as one tree of arrays (count, ...) on the device.

    Args:
        parts: rows (k,) of the whole, and the tree of arrays (k, ...) that belongs there.
        count: examples of all parts; a row that no part names is 0.

    Raises ValueError for no part, or parts with other than `count` examples.
    """
    whole: Examples | None = None
    placed = 0
    for rows, part in parts:
        if whole is None:
            whole = jax.tree.map(lambda values: jnp.zeros((count, *values.shape[1:]), values.dtype), part)
        whole = _place(whole, part, rows)
        placed += len(rows)
    if whole is None or placed != count:
        raise ValueError(f"there are {placed} examples to gather, not {count}")
    return whole


@partial(jax.jit, donate_argnums=0)
def _place(whole: Examples, part: Examples, rows: jax.Array) -> Examples:
    """Put a part into its rows; the memory of the whole is used again."""
    return jax.tree.map(
        lambda values, some: values.at[rows].set(some, unique_indices=True, mode="promise_in_bounds"),
        whole,
        part,
    )


def in_store_order(numbers: NDArray, size: int = 256) -> list[NDArray]:
    """Positions of numbers in blocks, by increasing number: read so, no chunk is decoded many times."""
    order = np.argsort(numbers, kind="stable")
    return np.split(order, np.arange(size, len(numbers), size))
