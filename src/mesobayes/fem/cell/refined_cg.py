# SPDX-License-Identifier: GPL-3.0-or-later
"""Preconditioned conjugate gradients inside iterative refinement in double precision.

The outer loop keeps the solution and its true residual r = b - A u in float64. The inner one solves A du =
r by conjugate gradients in a precision of choice. In float64 it runs once, to the end. In float32 it runs
in stretches of four digits, and every pass over memory costs half: this pays for large volumes, whose
iterations converge almost linearly, so that a restart costs next to nothing. Small images live in the cache
and converge superlinearly, which restarts would spoil.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

_SINGLE_REDUCTION = 1e-4  # what single precision reaches safely
_MARGIN = 0.9  # of the goal: the true residual is a little larger than the one that the iteration carries
_PROGRESS = 0.5  # an outer step that reduces the residual by less than this has hit the rounding floor

LinearMap = Callable[[jax.Array], jax.Array]
_dot = partial(jnp.vdot, precision=lax.Precision.HIGHEST)


class Solution(NamedTuple):
    """Solution of one system.

    Attributes:
        u: the solution, float64.
        residual: ‖b - A u‖ / ‖b‖, computed in float64 (0 for b = 0).
        iterations: inner iterations in all.
    """

    u: jax.Array
    residual: jax.Array
    iterations: jax.Array


def solve_refined(
    matrix: LinearMap,
    inner_matrix: LinearMap,
    preconditioner: LinearMap,
    load: jax.Array,
    tolerance: float | jax.Array,
    inner: jnp.dtype | type = jnp.float64,
    iterations_max: int = 2000,
) -> Solution:
    """Solve A u = b for a symmetric positive (semi-)definite A.

    Args:
        matrix: float64 u -> A u.
        inner_matrix: the same in the inner precision.
        preconditioner: r -> about A⁻¹ r, symmetric, in the inner precision.
        load: b, float64.
        tolerance: the wanted ‖b - A u‖ / ‖b‖.
        inner: precision of the conjugate gradients, float32 or float64.

    The loop ends early when the residual stops falling; the caller compares `residual` with what it asked
    for.
    """
    goal = tolerance * jnp.linalg.norm(load)
    least = _SINGLE_REDUCTION if inner == jnp.float32 else 0.0

    def step(state):
        u, residual, _, norm, iterations = state
        reduction = jnp.clip(_MARGIN * goal / norm, least, 0.1).astype(inner)  # no further than needed
        correction, used = _conjugate_gradients(
            inner_matrix,
            preconditioner,
            (residual / norm).astype(inner),
            reduction,
            iterations_max - iterations,
        )
        u = u + norm * correction.astype(u.dtype)
        residual = load - matrix(u)
        return u, residual, norm, jnp.linalg.norm(residual), iterations + used

    def unfinished(state):
        _, _, previous, norm, iterations = state
        return (norm > goal) & (norm < _PROGRESS * previous) & (iterations < iterations_max)

    start = (jnp.zeros_like(load), load, jnp.inf, jnp.linalg.norm(load), jnp.zeros((), jnp.int32))
    u, _, _, norm, iterations = lax.while_loop(unfinished, step, start)
    return Solution(u, jnp.where(goal > 0, norm * tolerance / goal, 0.0), iterations)


def _conjugate_gradients(matrix, preconditioner, load, reduction, iterations_max):
    """Preconditioned conjugate gradients until ‖r‖ falls to `reduction` ‖b‖; return (u, iterations)."""
    goal = reduction**2 * _dot(load, load)

    def step(state):
        u, r, p, rz, _, count = state
        ap = matrix(p)
        alpha = rz / _dot(p, ap)
        u, r = u + alpha * p, r - alpha * ap
        z = preconditioner(r)
        rz_new = _dot(r, z)
        return u, r, z + (rz_new / rz) * p, rz_new, _dot(r, r), count + 1

    def unfinished(state):
        _, _, _, rz, rr, count = state
        return (rr > goal) & (rz > 0) & (count < iterations_max)

    z = preconditioner(load)
    start = (jnp.zeros_like(load), load, z, _dot(load, z), _dot(load, load), jnp.zeros((), jnp.int32))
    state = lax.while_loop(unfinished, step, start)
    return state[0], state[-1]
