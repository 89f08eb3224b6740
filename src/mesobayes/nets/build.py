# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks by settings and seed."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from flax import nnx

from mesobayes.nets.divergence import weights
from mesobayes.nets.estimators import Noise
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.nets.stressnet import StressNet
from mesobayes.nets.unet import LinearStressUNet

StressNetwork = StressNet | LinearStressUNet


def build_network(settings: StressNetworkSettings, seed: int) -> StressNetwork:
    """Network with weights drawn from the seed (any non-negative integer below 2⁶³).

    It maps inputs (n, h, w, 5) float32 (macroscopic sxx, syy, sxy divided by the patch scale, solid,
    coverage) to the Tresca stress (n, roi, roi) in units of the patch scale: `network(inputs, noise=None,
    train=False)`.
    """
    architectures: dict[str, type[StressNet] | type[LinearStressUNet]] = {
        "printed": StressNet,
        "modern": LinearStressUNet,
    }
    network: StressNetwork = architectures[settings.name](settings, WeightPlan(seed))
    return network


def warm_start(variational: StressNetwork, deterministic: StressNetwork) -> StressNetwork:
    """Copy of `variational` whose posterior means, biases and normalisation are those of `deterministic`.

    Raises ValueError if the two are not the same architecture.
    """
    source = nnx.to_flat_state(nnx.state(deterministic))
    graph, state = nnx.split(variational)
    target = dict(nnx.to_flat_state(state))
    for path, variable in source:
        if path not in target or target[path].shape != variable.shape:
            raise ValueError(
                f"warm start: {'.'.join(map(str, path))} {tuple(variable.shape)} has no counterpart in the "
                "variational network: build both with the same settings except estimator and prior"
            )
        target[path] = variable.replace(jnp.array(variable[...]))
    merged: StressNetwork = nnx.merge(graph, nnx.from_flat_state(target))
    return merged


def draw_noise(network: StressNetwork, key: jax.Array) -> Noise | None:
    """Weight noise of one forward pass, None for a network with point weights."""
    estimator = network.settings.estimator
    if estimator == "none":
        return None
    key_weights, key_signs = jax.random.split(key)
    return Noise(jax.random.normal(key_weights, (count_weights(network),)), key_signs, estimator)


def count_weights(network: StressNetwork) -> int:
    """Number of weights (posterior means) without biases and normalisation."""
    return sum(math.prod(weight.mu.shape) for weight in weights(network))
