# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks from a two-phase image to its apparent permeability, in two and three dimensions.

Both map boolean-valued images (n, [z,] y, x) float32, 1 in the inclusions, to the natural logarithms of the
diagonal components, (n, outputs), and to those of their standard deviations. Component 0 is along x.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from mesobayes.nets.convolution import SameConvolution
from mesobayes.nets.estimators import Noise
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.layers import Linear
from mesobayes.nets.operators import Dense
from mesobayes.nets.resampling import max_pool, mean_pool, space_to_depth
from mesobayes.nets.settings import PermeabilityNetworkSettings

_PRINTED_KERNELS = (3, 3, 5, 7)
_PRINTED_FILTERS = (16, 32, 64, 64)
_PRINTED_DENSE = (64, 32)
_MODERN_FILTERS = (32, 48, 64, 64)


class PrintedPermeabilityCNN(nnx.Module):
    """Four convolutions with zero padding, each followed by max-pooling, then dense 64, 32, outputs."""

    def __init__(self, settings: PermeabilityNetworkSettings, plan: WeightPlan):
        self.settings = settings
        d, inputs, edge = settings.dimension, 1, settings.side
        layers = []
        for size, filters in zip(_PRINTED_KERNELS, map(settings.channels, _PRINTED_FILTERS), strict=True):
            shape = (*(size,) * d, inputs, filters)
            layers.append(Linear(SameConvolution(), shape, filters, settings, plan))
            inputs, edge = filters, edge // 2
        self.convolutions = nnx.List(layers)
        inputs *= edge**d
        dense = []
        for units in (*_PRINTED_DENSE, settings.outputs):
            dense.append(Linear(Dense(), (inputs, units), units, settings, plan))
            inputs = units
        self.dense = nnx.List(dense)
        self.log_noise = nnx.Param(jnp.full((settings.outputs,), np.log(settings.noise_std), jnp.float32))

    def __call__(self, images: jax.Array, noise: Noise | None = None) -> tuple[jax.Array, jax.Array]:
        """(n, …) -> mean and log standard deviation of log μ, each (n, outputs)."""
        x = self.feature_maps(images, noise)[-1]
        x = x.reshape(x.shape[0], -1)
        for layer in self.dense[:-1]:
            x = nnx.relu(layer(x, noise))
        mean = self.dense[-1](x, noise)
        return mean, jnp.broadcast_to(self.log_noise[...], mean.shape)

    def feature_maps(self, images: jax.Array, noise: Noise | None = None) -> list[jax.Array]:
        """Maps (n, …, filter) after every convolution, ReLU and pooling (figure 9)."""
        x = 1.0 - images[..., None]  # the paper's pixels: 0 in the inclusions, 255/255 in the matrix
        maps = []
        for layer in self.convolutions:
            x = nnx.relu(max_pool(layer(x, noise)))  # as pooling after ReLU, on a quarter of the pixels
            maps.append(x)
        return maps


class PeriodicPermeabilityNet(nnx.Module):
    """Residual network with periodic convolutions whose every resolution is averaged into the head.

    It predicts the component along x, as a correction to a cubic in the volume fraction; the component along
    another axis is that of the image with the two axes exchanged, so the network is exactly equivariant. The
    coefficients of the cubic and the scale of the correction are constants, set from the training labels.
    """

    def __init__(self, settings: PermeabilityNetworkSettings, plan: WeightPlan):
        self.settings = settings
        d = settings.dimension
        filters = [settings.channels(count) for count in _MODERN_FILTERS[: settings.levels]]

        def convolution(inputs: int, outputs: int, gain: float = 1.0) -> Linear:
            shape = (*(3,) * d, inputs, outputs)
            return Linear(SameConvolution("periodic"), shape, outputs, settings, plan, gain=gain)

        self.stem = convolution(settings.stem**d, filters[0])
        blocks, enter = [], []
        for level, count in enumerate(filters):
            if level:
                enter.append(Linear(Dense(), (filters[level - 1], count), count, settings, plan))
            blocks.append(convolution(count, count))
            blocks.append(convolution(count, count, gain=0.3))
        self.blocks, self.enter = nnx.List(blocks), nnx.List(enter)
        features = 2 * sum(filters) + 2
        self.hidden = Linear(Dense(), (features, settings.hidden), settings.hidden, settings, plan)
        self.out = Linear(Dense(), (settings.hidden, 2), 2, settings, plan, gain=0.1)
        self.baseline = nnx.Variable(jnp.zeros(4, jnp.float32))
        self.correction_scale = nnx.Variable(jnp.ones((), jnp.float32))
        self.feature_mean = nnx.Variable(jnp.zeros(features, jnp.float32))
        self.feature_std = nnx.Variable(jnp.ones(features, jnp.float32))

    def __call__(self, images: jax.Array, noise: Noise | None = None) -> tuple[jax.Array, jax.Array]:
        """(n, …) -> mean and log standard deviation of log μ, each (n, outputs)."""
        n = images.shape[0]
        oriented = [jnp.swapaxes(images, -1, -1 - i) for i in range(self.settings.outputs)]
        if len({image.shape for image in oriented}) == 1:  # one pass over all orientations
            oriented = [jnp.concatenate(oriented)]
        mean, log_std = (
            jnp.concatenate(parts)
            for parts in zip(*(self._symmetric_along_x(x, noise) for x in oriented), strict=True)
        )
        return mean.reshape(-1, n).T, log_std.reshape(-1, n).T

    def _symmetric_along_x(self, images: jax.Array, noise: Noise | None) -> tuple[jax.Array, jax.Array]:
        """As `along_x`; of a volume, the mean with the one whose two axes across x are exchanged."""
        if images.ndim == 3:
            return self.along_x(images, noise)
        pairs = zip(self.along_x(images, noise), self.along_x(jnp.swapaxes(images, 1, 2), noise), strict=True)
        mean, log_std = (0.5 * (first + second) for first, second in pairs)
        return mean, log_std

    def along_x(self, images: jax.Array, noise: Noise | None = None) -> tuple[jax.Array, jax.Array]:
        """(n, …) -> mean and log standard deviation of log μ along x, each (n,), in one pass."""
        features = self.features(images, noise)
        hidden = nnx.relu(self.hidden((features - self.feature_mean[...]) / self.feature_std[...], noise))
        out = self.out(hidden, noise)
        fraction = jnp.mean(images.reshape(images.shape[0], -1), axis=1)
        scale = self.correction_scale[...]
        mean = jnp.polyval(self.baseline[...], fraction) + scale * out[:, 0]
        return mean, jnp.log(scale) + jnp.clip(out[:, 1] - 1.0, -6.0, 3.0)

    def features(self, images: jax.Array, noise: Noise | None = None) -> jax.Array:
        """(n, features): mean and root mean square of every filter at every resolution, volume fraction."""
        x = self._continued(images)[..., None]
        fraction = jnp.mean(images.reshape(images.shape[0], -1), axis=1, keepdims=True)
        x = nnx.relu(self.stem(space_to_depth(x, self.settings.stem) - 0.5, noise))
        pooled = [fraction, fraction**2]
        for level in range(self.settings.levels):
            if level:
                x = nnx.relu(self.enter[level - 1](mean_pool(x), noise))
            inner = nnx.relu(self.blocks[2 * level](x, noise))
            x = x + self.blocks[2 * level + 1](inner, noise)
            space = tuple(range(1, x.ndim - 1))
            pooled += [jnp.mean(x, axis=space), jnp.sqrt(jnp.mean(x**2, axis=space) + 1e-6)]
        return jnp.concatenate(pooled, axis=1)

    def _continued(self, images: jax.Array) -> jax.Array:
        """Continue images periodically to edges that the poolings divide."""
        extra = [(0, -edge % self.settings.multiple) for edge in images.shape[1:]]
        return jnp.pad(images, [(0, 0), *extra], mode="wrap")


PermeabilityNetwork = PrintedPermeabilityCNN | PeriodicPermeabilityNet
