# SPDX-License-Identifier: GPL-3.0-or-later
"""The "plateau" schedule as a pure function of its state: lower rates, an early end, the best weights."""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from mesobayes.nets.state import Arrays


class Plateau(NamedTuple):
    """What the scores so far have decided.

    Attributes:
        best: lowest score.
        waited: scores without a lower one, since the best or since the last drop of the rate.
        since: scores since the best.
        drops: how often the rate was divided by ten.
        parameters, statistics: weights of the best score.
    """

    best: jax.Array
    waited: jax.Array
    since: jax.Array
    drops: jax.Array
    parameters: Arrays
    statistics: Arrays


def start_plateau(parameters: Arrays, statistics: Arrays) -> Plateau:
    """State before the first score."""
    zero = jnp.zeros((), jnp.int32)
    return Plateau(jnp.float32(jnp.inf), zero, zero, zero, parameters, statistics)


@jax.jit
def after_score(
    plateau: Plateau, score: jax.Array, patience: jax.Array, parameters: Arrays, statistics: Arrays
) -> Plateau:
    """State after the score of the given weights; so many scores without a lower one drop the rate."""
    better = score < plateau.best
    waited = jnp.where(better, 0, plateau.waited + 1)
    drop = waited >= patience
    best = jax.tree.map(
        lambda new, old: jnp.where(better, new, old),
        (parameters, statistics),
        (plateau.parameters, plateau.statistics),
    )
    return Plateau(
        jnp.minimum(score, plateau.best),
        jnp.where(drop, 0, waited),
        jnp.where(better, 0, plateau.since + 1),
        plateau.drops + drop,
        *best,
    )
