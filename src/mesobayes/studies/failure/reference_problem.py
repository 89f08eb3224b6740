# SPDX-License-Identifier: GPL-3.0-or-later
"""The posterior of a small heteroencoder as a function of one vector of weights."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp

from mesobayes.learning.linear_output import LinearPosterior, draw_output, neighbourhoods, regress
from mesobayes.nets.heteroencoder import Heteroencoder
from mesobayes.nets.posterior import weights as posterior_weights
from mesobayes.nets.state import Structure, merge_network, split_network


@dataclass(frozen=True)
class FlatNetwork:
    """A network with point weights as a function of one vector (n,), kernel before bias, layer by layer."""

    structure: Structure
    shapes: tuple[tuple[str, tuple[int, ...]], ...]

    def unflatten(self, vector: jax.Array) -> Heteroencoder:
        """The network with these weights."""
        parameters, begin = {}, 0
        for name, shape in self.shapes:
            end = begin + math.prod(shape)
            parameters[name] = vector[begin:end].reshape(shape)
            begin = end
        network: Heteroencoder = merge_network(self.structure, parameters, {})
        return network


def flat_network(network: Heteroencoder) -> FlatNetwork:
    """Structure and order of the weights of a network with point weights."""
    structure, parameters, _ = split_network(network)
    names = [f"layers.{i}.{part}.mu" for i in range(len(network.layers)) for part in ("kernel", "bias")]
    return FlatNetwork(structure, tuple((name, parameters[name].shape) for name in names))


def flatten(network: Heteroencoder) -> tuple[jax.Array, jax.Array]:
    """Means and deviations (n,) of all weights in the order of `FlatNetwork`."""
    every = posterior_weights(network)
    return (
        jnp.concatenate([weight.mu[...].ravel() for weight in every]),
        jnp.concatenate([weight.sigma.ravel() for weight in every]),
    )


class Problem(NamedTuple):
    """What all posteriors share.

    Attributes:
        pores, target: training set (n, x, y, z), float32.
        flat: the network.
        prior_std: of every weight.
        noise: deviation of an independent observation.
    """

    pores: jax.Array
    target: jax.Array
    flat: FlatNetwork
    prior_std: float
    noise: float

    def error(self, weights: jax.Array) -> jax.Array:
        """Prediction minus target in units of the noise, 0 in voids."""
        pores, target = self.data()
        return (self.predict(weights, pores) - target) * (1.0 - pores) / self.noise

    def predict(self, weights: jax.Array, pores: jax.Array) -> jax.Array:
        """Damage (n, x, y, z) by the weights (n,)."""
        return self.flat.unflatten(weights)(pores)

    def potential(self, weights: jax.Array) -> jax.Array:
        """Minus the log posterior of all weights (n,)."""
        prior = jnp.sum(weights**2) / self.prior_std**2
        return 0.5 * jnp.sum(self.error(weights) ** 2) + 0.5 * prior

    def log_evidence(self, hidden: jax.Array) -> jax.Array:
        """Log evidence of the weights before the last convolution, up to the constant of the likelihood."""
        return self.last_layer(hidden).log_evidence

    def complete(self, hidden: jax.Array, key: jax.Array) -> jax.Array:
        """All weights, the last convolution drawn from its posterior given the others."""
        return jnp.concatenate([hidden, draw_output(self.last_layer(hidden), key)])

    def last_layer(self, hidden: jax.Array) -> LinearPosterior:
        """Posterior of the last convolution given all weights before it."""
        pores, target = self.data()
        return regress(self.columns(hidden, pores), target.ravel(), self.noise, self.prior_std)

    def columns(self, hidden: jax.Array, pores: jax.Array) -> jax.Array:
        """What the last convolution sees, one row for each of its weights."""
        network = self.flat.unflatten(jnp.concatenate([hidden, jnp.zeros(self.last, hidden.dtype)]))
        return neighbourhoods(network.last_features(pores), 1.0 - pores)

    def data(self) -> tuple[jax.Array, jax.Array]:
        """Training set as the compiler may not see it."""
        return jax.lax.optimization_barrier((self.pores, self.target))  # else folded for minutes

    @property
    def size(self) -> int:
        """Number of all weights."""
        return sum(math.prod(shape) for _, shape in self.flat.shapes)

    @property
    def last(self) -> int:
        """Number of weights of the last convolution; they come last."""
        return sum(math.prod(shape) for _, shape in self.flat.shapes[-2:])
