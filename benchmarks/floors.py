# SPDX-License-Identifier: GPL-3.0-or-later
"""The least that a problem costs a core of this machine: its arithmetic, or its traffic with the memory, at
the best rates that the core reaches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla


@dataclass(frozen=True)
class Floor:
    """CPU seconds that a core cannot do without, and what they are spent on."""

    seconds: float
    because: str


def best_rate(call: Callable[[], object], work: float, repeats: int = 5) -> float:
    """Return the work per CPU second of the fastest of some calls."""
    seconds = []
    for _ in range(repeats + 1):
        start = time.process_time()
        call()
        seconds.append(time.process_time() - start)
    return work / min(seconds[1:])


def product_rate(kind: Any, size: int = 1536) -> float:
    """Return the operations per CPU second of products of matrices (n, n) of a type: 2 n³ each."""
    a = np.random.default_rng(0).standard_normal((size, size)).astype(kind)
    return best_rate(lambda: a @ a, 2.0 * size**3)


def copy_rate(megabytes: int = 256) -> float:
    """Return the bytes per CPU second, read and written, of copies of arrays too large for any cache."""
    source = np.ones(megabytes * 2**17)
    target = np.empty_like(source)
    return best_rate(lambda: np.copyto(target, source), 2.0 * source.nbytes)


def arithmetic_floor(operations: float, kind: Any, what: str) -> Floor:
    """Return the floor of so many operations at the rate of matrix products on this machine."""
    rate = product_rate(kind)
    return Floor(
        operations / rate, f"{operations:.2e} operations of {what} at {rate / 1e9:.0f} Gflop/s a core"
    )


def memory_floor(size: float, what: str) -> Floor:
    """Return the floor of so many bytes at the rate of copies on this machine."""
    rate = copy_rate()
    return Floor(size / rate, f"{size:.2e} bytes of {what} at {rate / 1e9:.1f} GB/s a core")


def cholesky_operations(lower: sp.csc_matrix) -> float:
    """Return the operations of a Cholesky factorisation, the sum of the squares of its columns' lengths, in a
    minimum degree order, of a matrix given by its lower triangle."""
    full = (lower + sp.tril(lower, k=-1).T).tocsc()
    options = {"SymmetricMode": True}
    factor = spla.splu(full, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
    return float(np.sum(np.diff(factor.L.tocsc().indptr).astype(float) ** 2))


def training_operations(forward: Callable[[Any], Any], examples: np.ndarray) -> float:
    """Return the operations of a training step on examples (n, ...): three times those of the forward pass,
    as
    XLA counts them for one example."""
    import jax

    counted = jax.jit(forward).lower(examples[:1]).cost_analysis()
    return 3.0 * len(examples) * float(counted["flops"])
