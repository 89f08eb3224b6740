# SPDX-License-Identifier: GPL-3.0-or-later
"""Random keys from 63-bit seeds."""

from __future__ import annotations

from collections.abc import Iterator

import jax


def random_key(seed: int) -> jax.Array:
    """Key from all 63 bits of a seed, whatever the width of JAX integers."""
    return jax.random.fold_in(jax.random.key(seed & 0x7FFFFFFF), seed >> 31)


def numbered_keys(seed: int) -> Iterator[tuple[int, jax.Array]]:
    """Endless pairs (layer number, random key) for building one network."""
    root = random_key(seed)
    index = 0
    while True:
        yield index, jax.random.fold_in(root, index)
        index += 1
