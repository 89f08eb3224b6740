# SPDX-License-Identifier: GPL-3.0-or-later
"""Predictions by coherent posterior draws, in memory that does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from mesobayes.learning.precision import matrix_products
from mesobayes.learning.settings import Precision
from mesobayes.learning.step import number_of_examples
from mesobayes.nets.keys import random_key
from mesobayes.nets.posterior import draw_weights
from mesobayes.nets.state import Arrays, Structure, merge_network, split_network

Forward = Callable[[Any, Any], Any]
Functional = Callable[[Any, Any], Any]


class Draws(NamedTuple):
    """Posterior prediction of n examples.

    Attributes:
        mean, std: trees like the output of the network, over the weight draws; the spread of a network with
            point weights is 0.
        values: what the functional gave for every draw, a tree of arrays (draw, n, ...); None without one.
    """

    mean: Any
    std: Any
    values: Any


def predict_draws(
    network: Any,
    inputs: Any,
    draws: int,
    seed: int,
    *,
    forward: Forward | None = None,
    functional: Functional | None = None,
    batch: int = 64,
    precision: Precision = "default",
) -> Draws:
    """Mean, spread and functionals of the output over weight draws.

    A draw is one set of weights for all examples, so outputs of one draw belong together. The loop over draws
    is outside, batches of examples inside; mean and sum of squares are updated as in Welford 1962. Inputs go
    to the device once, results come back once. A network with point weights is evaluated once.

    Args:
        inputs: tree of arrays (n, ...), in their smallest types.
        forward: (network, inputs) -> tree of arrays (b, ...), traced; by default the network's call.
        functional: (output, inputs) -> tree of arrays (b, ...), traced, kept for every draw, such as the
            largest value of each field, or the field itself. Like `forward` a function of a module, not one
            made for this call, which would be compiled again.

    Raises:
        ValueError: no draws, or no inputs.
    """
    examples = number_of_examples(inputs)
    if draws < 1 or examples < 1:
        raise ValueError(f"{draws} draws of {examples} examples: at least one of each is needed")
    point = cast(Any, network).settings.estimator == "none"
    draws = 1 if point else draws
    structure, parameters, statistics = split_network(network)
    batches = _on_device(inputs, examples, min(batch, examples))
    moments: list[Any] = [None] * len(batches)
    kept: list[list[Any]] = [[] for _ in batches]
    root = random_key(seed)
    with matrix_products(precision):
        for draw in range(draws):
            drawn = parameters if point else _draw(structure, parameters, statistics, root, np.int32(draw))
            for number, some in enumerate(batches):
                moments[number], values = _evaluate(
                    structure, forward, functional, drawn, statistics, some, moments[number], np.float32(draw)
                )
                kept[number].append(values)
    mean, squares = jax.tree.map(
        lambda *parts: np.concatenate(parts)[:examples], *jax.device_get([tuple(m) for m in moments])
    )
    std = jax.tree.map(lambda square: np.sqrt(square / max(draws - 1, 1)), squares)
    if functional is None:
        return Draws(mean, std, None)
    stacked = [jax.tree.map(lambda *parts: np.stack(parts), *jax.device_get(values)) for values in kept]
    return Draws(
        mean,
        std,
        jax.tree.map(lambda *parts: np.concatenate(parts, axis=1)[:, :examples], *stacked),
    )


def predict_mean_weights(
    network: nnx.Module,
    inputs: Any,
    *,
    forward: Forward | None = None,
    batch: int = 64,
    precision: Precision = "default",
) -> Any:
    """Output (n, ...) by the posterior mean weights: one pass."""
    examples = number_of_examples(inputs)
    structure, parameters, statistics = split_network(network)
    with matrix_products(precision):
        outputs = [
            _forward(structure, forward, parameters, statistics, some)
            for some in _on_device(inputs, examples, min(batch, examples))
        ]
    return jax.tree.map(lambda *parts: np.concatenate(parts)[:examples], *jax.device_get(outputs))


def _on_device(inputs: Any, examples: int, batch: int) -> list[Any]:
    """Batches of one size on the device, the last one filled up, so that one shape is compiled."""
    rows = np.arange(-(-examples // batch) * batch) % examples
    return [
        jax.device_put(jax.tree.map(lambda array, some=some: np.asarray(array)[some], inputs))
        for some in rows.reshape(-1, batch)
    ]


@partial(jax.jit, static_argnames="structure")
def _draw(
    structure: Structure, parameters: Arrays, statistics: Arrays, root: jax.Array, draw: jax.Array
) -> Arrays:
    """Parameters with one draw of the weights in the place of the posterior means."""
    network = merge_network(structure, parameters, statistics)
    draw_weights(network, jax.random.fold_in(root, draw))
    return split_network(network)[1]


@partial(jax.jit, static_argnames=("structure", "forward"))
def _forward(
    structure: Structure, forward: Forward | None, parameters: Arrays, statistics: Arrays, inputs: Any
) -> Any:
    network = merge_network(structure, parameters, statistics)
    return network(inputs) if forward is None else forward(network, inputs)


@partial(jax.jit, static_argnames=("structure", "forward", "functional"))
def _evaluate(
    structure: Structure,
    forward: Forward | None,
    functional: Functional | None,
    parameters: Arrays,
    statistics: Arrays,
    inputs: Any,
    moments: Any,
    count: jax.Array,
) -> tuple[Any, Any]:
    """Moments after one more draw, and what the functional gives for it."""
    output = _forward(structure, forward, parameters, statistics, inputs)
    values = None if functional is None else functional(output, inputs)
    if moments is None:
        return (output, jax.tree.map(jnp.zeros_like, output)), values
    mean, squares = moments
    delta = jax.tree.map(jnp.subtract, output, mean)
    mean = jax.tree.map(lambda m, d: m + d / (count + 1), mean, delta)
    squares = jax.tree.map(lambda s, d, o, m: s + d * (o - m), squares, delta, output, mean)
    return (mean, squares), values
