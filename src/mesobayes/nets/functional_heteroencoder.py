# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks from pores to damage: the heteroencoder of Bridgman et al. 2022, figure 8, and one with skips.

Parameters are a plain tree of arrays and the networks plain functions of it. A variational layer has Gaussian
kernels *and* biases (448 = 2 × 224 parameters in the first layer).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from mesobayes.nets.convolution import volume_convolution
from mesobayes.nets.estimators import ESTIMATORS
from mesobayes.nets.keys import random_key, standard_normal
from mesobayes.nets.operators import Scale
from mesobayes.nets.posterior import best_prior, gaussian_divergence
from mesobayes.nets.resampling import upsample
from mesobayes.nets.settings import HeteroencoderSettings

BIAS_SPREAD = 0.1  # unit of the initial posterior deviation of a bias, as the kernels have √(2/fan-in)


class Gaussian(NamedTuple):
    """Weights N(μ, softplus(ρ)²); ρ is None for point weights."""

    mu: jax.Array
    rho: jax.Array | None

    @property
    def sigma(self) -> jax.Array:
        return jnp.zeros_like(self.mu) if self.rho is None else jax.nn.softplus(self.rho)


class Layer(NamedTuple):
    """Kernel (3, 3, 3, i, o) and bias (o,)."""

    kernel: Gaussian
    bias: Gaussian


class Parameters(NamedTuple):
    """All layers, and the logarithm of the likelihood's standard deviation."""

    layers: tuple[Layer, ...]
    log_noise: jax.Array


def build_heteroencoder(settings: HeteroencoderSettings, seed: int) -> Parameters:
    """Parameters from a seed: kernels N(0, 2/fan-in), biases 0."""
    root = random_key(seed)

    def gaussian(mu: jax.Array, spread: float) -> Gaussian:
        if settings.estimator == "none":
            return Gaussian(mu, None)
        rho = math.log(math.expm1(settings.posterior_std * spread))
        return Gaussian(mu, jnp.full(mu.shape, rho, jnp.float32))

    layers = []
    for number, (inputs, outputs) in enumerate(settings.channels):
        spread = math.sqrt(2.0 / (27 * inputs))
        shape = (3, 3, 3, inputs, outputs)
        key = jax.random.fold_in(root, number)
        kernel = gaussian(spread * standard_normal(key, shape), spread)
        layers.append(Layer(kernel, gaussian(jnp.zeros(outputs, jnp.float32), BIAS_SPREAD)))
    return Parameters(tuple(layers), jnp.float32(math.log(settings.noise_std)))


def warm_start(variational: Parameters, deterministic: Parameters) -> Parameters:
    """`variational` with the posterior means of `deterministic` (Bridgman et al. 2022, section 5.4)."""
    layers = tuple(
        Layer(Gaussian(new.kernel.mu, old.kernel.rho), Gaussian(new.bias.mu, old.bias.rho))
        for old, new in zip(variational.layers, deterministic.layers, strict=True)
    )
    return Parameters(layers, variational.log_noise)


def count_parameters(layer: Layer) -> int:
    """Trainable numbers of a layer: one per weight, two when it is variational."""
    return sum(int(array.size) for array in jax.tree.leaves(layer))


def predict_damage(
    parameters: Parameters,
    pores: jax.Array,
    settings: HeteroencoderSettings,
    key: jax.Array | None = None,
) -> jax.Array:
    """Damage (n, x, y, z) from pores (n, x, y, z), 1 in a void; sides divisible by 4.

    With a key the weights are random, by the estimator of the settings; without they are the posterior means.
    """
    operator = volume_convolution(settings.convolution)

    def layer(number: int, x: jax.Array) -> jax.Array:
        kernel, bias = parameters.layers[number]
        ones = jnp.ones((x.shape[0], 1, 1, 1, bias.mu.shape[0]), x.dtype)
        if key is None or settings.estimator == "none":
            return operator(x, kernel.mu) + Scale()(ones, bias.mu)
        estimator = ESTIMATORS[settings.estimator]
        keys = jax.random.split(jax.random.fold_in(key, number), 4)
        return estimator(
            operator, x, kernel.mu, kernel.sigma, standard_normal(keys[0], kernel.mu.shape), keys[1]
        ) + estimator(Scale(), ones, bias.mu, bias.sigma, standard_normal(keys[2], bias.mu.shape), keys[3])

    x = pores.astype(jnp.float32)[..., None]
    network = _printed if settings.name == "printed" else _modern
    return network(x, layer)[..., 0]


def last_features(parameters: Parameters, pores: jax.Array, settings: HeteroencoderSettings) -> jax.Array:
    """What the last convolution of the posterior means sees, (n, x, y, z, channel)."""
    last = len(parameters.layers) - 1

    def layer(number: int, x: jax.Array) -> jax.Array:
        if number == last:
            return x
        kernel, bias = parameters.layers[number]
        return volume_convolution(settings.convolution)(x, kernel.mu) + bias.mu

    network = _printed if settings.name == "printed" else _modern
    return network(pores.astype(jnp.float32)[..., None], layer)


def _printed(x: jax.Array, layer: Callable[[int, jax.Array], jax.Array]) -> jax.Array:
    """Figure 8: two poolings, two upsamplings, six convolutions."""
    relu = jax.nn.relu
    x = max_pool(relu(layer(0, x)))
    x = max_pool(relu(layer(1, x)))
    x = upsample(relu(layer(2, x)))
    x = upsample(relu(layer(3, x)))
    return layer(5, relu(layer(4, x)))


def _modern(x: jax.Array, layer: Callable[[int, jax.Array], jax.Array]) -> jax.Array:
    relu = jax.nn.leaky_relu  # a plain one dies: the uniform field is a local optimum of the loss
    first = relu(layer(0, jnp.concatenate([x, jnp.ones_like(x)], axis=-1)))
    second = relu(layer(1, max_pool(first)))
    third = relu(layer(3, relu(layer(2, max_pool(second)))))
    second = relu(layer(4, jnp.concatenate([upsample(third), second], axis=-1)))
    return layer(6, relu(layer(5, jnp.concatenate([upsample(second), first], axis=-1))))


def divergence(parameters: Parameters, settings: HeteroencoderSettings) -> jax.Array:
    """KL of all kernels and biases from their priors, in nats; 0 for point weights."""
    total = jnp.zeros((), jnp.float32)
    for layer in parameters.layers:
        for weights in layer:
            if weights.rho is None:
                continue
            mean: jax.Array | float = 0.0
            std: jax.Array | float = settings.prior_std
            if settings.prior == "learned":
                mean, std = best_prior(weights.mu, weights.sigma)
            total += gaussian_divergence(weights.mu, weights.sigma, mean, std)
    return total


def draw_weights(parameters: Parameters, key: jax.Array) -> Parameters:
    """One coherent draw of all weights, as point weights."""
    layers = []
    for number, layer in enumerate(parameters.layers):
        drawn = [
            Gaussian(w.mu + w.sigma * standard_normal(k, w.mu.shape), None)
            for w, k in zip(layer, jax.random.split(jax.random.fold_in(key, number)), strict=True)
        ]
        layers.append(Layer(*drawn))
    return Parameters(tuple(layers), parameters.log_noise)


def max_pool(x: jax.Array) -> jax.Array:
    """Maximum over 2 × 2 × 2 voxels, one axis after the other: its gradient is cheaper than a window's."""
    for axis in (1, 2, 3):
        shape = x.shape
        x = jnp.max(x.reshape(*shape[:axis], shape[axis] // 2, 2, *shape[axis + 1 :]), axis=axis + 1)
    return x


def variation_by_layer(parameters: Parameters) -> tuple[list[float], list[float]]:
    """Σ σ / |Σ μ| of the kernels and of the biases of every layer (Bridgman et al. 2022, section 7).

    The paper prints Σ σ / Σ μ; its sign is that of the mean weight and is dropped here.
    """
    values = [
        [float(jnp.sum(w.sigma) / jnp.abs(jnp.sum(w.mu))) for w in layer] for layer in parameters.layers
    ]
    return [kernel for kernel, _ in values], [bias for _, bias in values]
