# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks from pores to damage: the heteroencoder of Bridgman et al. 2022, figure 8, and one with skips.

Kernels *and* biases of a variational layer are Gaussian (448 = 2 × 224 parameters in the first layer).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from mesobayes.nets.convolution import volume_convolution
from mesobayes.nets.estimators import Noise
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.layers import Linear, Weight
from mesobayes.nets.resampling import max_pool_by_reduction, upsample
from mesobayes.nets.settings import HeteroencoderSettings

ApplyLayer = Callable[[int, jax.Array], jax.Array]


class Heteroencoder(nnx.Module):
    """Pores (n, x, y, z), 1 in a void, sides divisible by 4 -> damage (n, x, y, z).

    `log_noise` is the logarithm of the likelihood's standard deviation; a network with point weights is
    fitted to a weighted squared error and has none.
    """

    def __init__(self, settings: HeteroencoderSettings, plan: WeightPlan):
        self.settings = settings
        operator = volume_convolution(settings.convolution)
        self.layers = nnx.List(
            [
                Linear(operator, (3, 3, 3, inputs, outputs), outputs, settings, plan, random_bias=True)
                for inputs, outputs in settings.channels
            ]
        )
        initial = jnp.float32(math.log(settings.noise_std))
        self.log_noise = None if settings.estimator == "none" else nnx.Param(initial)

    def __call__(self, pores: jax.Array, noise: Noise | None = None) -> jax.Array:
        """Damage by the posterior means, or by random weights."""
        return self._run(pores, lambda number, x: self.layers[number](x, noise))[..., 0]

    def last_features(self, pores: jax.Array) -> jax.Array:
        """What the last convolution of the posterior means sees, (n, x, y, z, channel)."""
        last = len(self.layers) - 1
        return self._run(pores, lambda number, x: x if number == last else self.layers[number](x, None))

    def _run(self, pores: jax.Array, layer: ApplyLayer) -> jax.Array:
        network = _printed if self.settings.name == "printed" else _modern
        return network(smooth(pores.astype(jnp.float32), self.settings.smoothing)[..., None], layer)


def smooth(pores: jax.Array, width: float) -> jax.Array:
    """Pores (n, x, y, z) under a Gaussian of some width in voxels, solid outside; width 0 changes nothing."""
    if width == 0.0:
        return pores
    for axis in (1, 2, 3):
        place = np.arange(pores.shape[axis])
        kernel = np.exp(-((place[:, None] - place) ** 2) / (2.0 * width**2))
        kernel /= np.exp(-(np.arange(-8 * place.size, 8 * place.size + 1) ** 2) / (2.0 * width**2)).sum()
        pores = jnp.moveaxis(jnp.tensordot(pores, kernel.astype(np.float32), (axis, 0)), -1, axis)
    return pores


def _printed(x: jax.Array, layer: ApplyLayer) -> jax.Array:
    """Figure 8: two poolings, two upsamplings, six convolutions."""
    relu = jax.nn.relu
    x = max_pool_by_reduction(relu(layer(0, x)))
    x = max_pool_by_reduction(relu(layer(1, x)))
    x = upsample(relu(layer(2, x)))
    x = upsample(relu(layer(3, x)))
    return layer(5, relu(layer(4, x)))


def _modern(x: jax.Array, layer: ApplyLayer) -> jax.Array:
    relu = jax.nn.leaky_relu  # a plain one dies: the uniform field is a local optimum of the loss
    first = relu(layer(0, jnp.concatenate([x, jnp.ones_like(x)], axis=-1)))
    second = relu(layer(1, max_pool_by_reduction(first)))
    third = relu(layer(3, relu(layer(2, max_pool_by_reduction(second)))))
    second = relu(layer(4, jnp.concatenate([upsample(third), second], axis=-1)))
    return layer(6, relu(layer(5, jnp.concatenate([upsample(second), first], axis=-1))))


def count_parameters(layer: Linear) -> int:
    """Trainable numbers of a layer: one per weight, two when it is variational."""
    return sum(int(array.size) for array in jax.tree.leaves(nnx.state(layer, nnx.Param)))


def variation_by_layer(network: Heteroencoder) -> tuple[list[float], list[float]]:
    """Σ σ / |Σ μ| of the kernels and of the biases of every layer (Bridgman et al. 2022, section 7).

    The paper prints Σ σ / Σ μ; its sign is that of the mean weight and is dropped here.
    """

    def variation(weight: Weight | nnx.Param) -> float:
        assert isinstance(weight, Weight)  # a point bias has no spread
        return float(jnp.sum(weight.sigma) / jnp.abs(jnp.sum(weight.mu[...])))

    kernels = [variation(layer.kernel) for layer in network.layers]
    return kernels, [variation(layer.bias) for layer in network.layers]
