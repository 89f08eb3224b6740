# SPDX-License-Identifier: GPL-3.0-or-later
"""Tempered sequential Monte Carlo: from draws of the prior to draws of the posterior, and the evidence.

A posterior of network weights has several modes, and a chain stays in the one it finds first. Here particles
start from the prior N(0, s²) and the likelihood is switched on by degrees, L^λ with λ from 0 to 1. At each
degree particles are drawn again in proportion to L^Δλ, which carries them to the modes by their mass, and are
moved by Hamiltonian Monte Carlo (Del Moral, Doucet and Jasra 2006; degrees chosen by effective sample size).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.special import logsumexp

_KEPT = 0.5  # effective share of the particles after one degree
_ACCEPTANCE = 0.75  # of the Hamiltonian moves that their step is adapted to


Likelihood = Callable[[jax.Array], jax.Array]


class Ensemble(NamedTuple):
    """Particles (particle, n), estimate of the log evidence, degrees λ, acceptance of the last moves."""

    particles: jax.Array
    log_evidence: float
    degrees: tuple[float, ...]
    acceptance: float


def temper(
    log_likelihood: Likelihood,
    size: int,
    prior_std: float,
    particles: int,
    moves: int,
    steps: int,
    key: jax.Array,
) -> Ensemble:
    """Draws of the posterior of weights (size,) under the prior N(0, prior_std²).

    log_likelihood: compiled once for the same function object.
    moves: Hamiltonian moves of every particle at each degree, each of so many leapfrog steps.

    Raises:
        FloatingPointError: too few particles have a finite likelihood to go on.
    """
    begin, key = jax.random.split(key)
    values = jnp.asarray(jax.random.normal(begin, (particles, size)))  # in units of the prior's deviation
    logs = _logs(log_likelihood, prior_std, values)
    degrees, evidence, step, acceptance = [0.0], 0.0, 1.0 / steps, 0.0
    while degrees[-1] < 1.0:
        rise = _next_rise(logs, 1.0 - degrees[-1])
        if rise <= 0.0:
            finite = int(jnp.isfinite(logs).sum())
            raise FloatingPointError(
                f"tempering stops at λ = {degrees[-1]:.3g}: {finite} of {particles} particles have a finite "
                "likelihood; use more particles, a narrower prior or more noise"
            )
        evidence += float(logsumexp(rise * logs) - jnp.log(particles))
        degrees.append(1.0 if rise == 1.0 - degrees[-1] else degrees[-1] + rise)
        choose, key = jax.random.split(key)
        chosen = _systematic(rise * logs, choose)
        values, logs = values[chosen], logs[chosen]
        for _ in range(moves):
            walk, key = jax.random.split(key)
            scale = jnp.maximum(values.std(axis=0), 1e-3)
            values, logs, accepted = _move(
                log_likelihood, prior_std, steps, values, logs, degrees[-1], step * scale, walk
            )
            acceptance = float(accepted)
            step *= float(jnp.exp(acceptance - _ACCEPTANCE))
    return Ensemble(prior_std * values, evidence, tuple(degrees), acceptance)


def _next_rise(logs: jax.Array, largest: float) -> float:
    """The largest Δλ that leaves the wanted share of the particles effective, by bisection."""

    def share(rise: float) -> float:
        weights = jax.nn.softmax(rise * logs)
        return float(1.0 / (len(logs) * jnp.sum(weights**2)))

    if share(largest) >= _KEPT:
        return largest
    low, high = 0.0, largest
    for _ in range(40):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if share(middle) >= _KEPT else (low, middle)
    return low


def _systematic(log_weights: jax.Array, key: jax.Array) -> jax.Array:
    """Indices of the particles drawn again, each about as often as its weight says."""
    number = len(log_weights)
    places = (jnp.arange(number) + jax.random.uniform(key)) / number
    found = jnp.searchsorted(jnp.cumsum(jax.nn.softmax(log_weights)), places)
    return jnp.minimum(found, number - 1)


def _finite(log_likelihood: Likelihood, prior_std: float, white: jax.Array) -> jax.Array:
    log = log_likelihood(prior_std * white)
    return jnp.where(jnp.isnan(log), -jnp.inf, log)


@partial(jax.jit, static_argnums=(0, 1))
def _logs(log_likelihood: Likelihood, prior_std: float, values: jax.Array) -> jax.Array:
    return jax.lax.map(partial(_finite, log_likelihood, prior_std), values)


@partial(jax.jit, static_argnums=(0, 1, 2))
def _move(
    log_likelihood: Likelihood,
    prior_std: float,
    steps: int,
    values: jax.Array,
    logs: jax.Array,
    degree: float,
    step: jax.Array,
    key: jax.Array,
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """One Hamiltonian move of every particle at L^degree: values, log likelihoods, share accepted."""
    likelihood = jax.value_and_grad(partial(_finite, log_likelihood, prior_std))

    def force(position: jax.Array) -> tuple[jax.Array, jax.Array]:
        log, gradient = likelihood(position)
        return log, degree * gradient - position

    def one(particle: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array, jax.Array]:
        start, log, own = particle
        kick, decide, vary = jax.random.split(own, 3)
        length = step * jax.random.uniform(vary, minval=0.7, maxval=1.3)
        momentum = jax.random.normal(kick, start.shape)

        def leap(_: int, state: tuple) -> tuple:
            position, speed, _, pull = state
            speed = speed + 0.5 * length * pull
            position = position + length * speed
            reached, pull = force(position)
            return position, speed + 0.5 * length * pull, reached, pull

        state = (start, momentum, log, force(start)[1])
        position, speed, reached, _ = jax.lax.fori_loop(0, steps, leap, state)
        change = degree * (reached - log) - 0.5 * jnp.sum(position**2 - start**2 + speed**2 - momentum**2)
        accept = jnp.log(jax.random.uniform(decide)) < change  # false for nan
        return jnp.where(accept, position, start), jnp.where(accept, reached, log), accept

    keys = jax.random.split(key, len(values))
    values, logs, accepted = jax.lax.map(one, (values, logs, keys))
    return values, logs, jnp.mean(accepted)
