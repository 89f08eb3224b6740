# SPDX-License-Identifier: GPL-3.0-or-later
"""Compact U-Net with a head that is linear in the macroscopic stress, without normalisation."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from mesobayes.nets.blocks import SqueezeExcitation
from mesobayes.nets.channels import SOLID_CHANNEL, STRESS_CHANNELS
from mesobayes.nets.convolution import convolution
from mesobayes.nets.estimators import Noise
from mesobayes.nets.heads import Spread, SpreadHeads
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.layers import Linear
from mesobayes.nets.operators import Upsampling
from mesobayes.nets.resampling import depth_to_space, max_pool, repeated, space_to_depth
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.nets.stress import crop, deviator, norm, output_scale


class LinearStressUNet(nnx.Module):
    """Inputs (n, h, w, 5) -> Tresca stress (n, roi, roi) in units of the patch scale.

    Linear elasticity is linear in the far field, so the network predicts a 2 × 3 matrix M per pixel:

        micro deviator = macro deviator + M (sxx, syy, sxy),   Tresca = |micro deviator|

    M sees the geometry and the *direction* of the stress field: the stress divided by its entry of largest
    magnitude over the patch, sign included. So M does not change when the load is scaled or reversed, and the
    prediction is exactly homogeneous of degree 1 and even. Decoder maps are cropped to the region of interest
    as soon as the convolutions that follow cannot see the difference.
    """

    def __init__(self, settings: StressNetworkSettings, plan: WeightPlan):
        self.settings = settings
        widths = [settings.channels(24 * 2**level) for level in range(settings.levels)]

        def conv(inputs: int, outputs: int, gain: float = 1.0) -> Linear:
            operator = convolution(settings.convolution, 3, 1, inputs, outputs)
            return Linear(operator, (3, 3, inputs, outputs), outputs, settings, plan, gain)

        previous = [4 * settings.stem**2, *widths[:-1]]
        self.down = nnx.List(
            [nnx.List([conv(a, b), conv(b, b)]) for a, b in zip(previous, widths, strict=True)]
        )
        self.gate = SqueezeExcitation(widths[-1], settings, plan) if settings.se_reduction else None
        self.rise: nnx.List = nnx.List([])
        self.up: nnx.List = nnx.List([])
        for inner, outer in zip(widths[:0:-1], widths[-2::-1], strict=True):
            self.rise.append(Linear(Upsampling(), (inner, 4 * outer), outer, settings, plan))
            self.up.append(conv(2 * outer, outer))
        self.head = conv(widths[0], 6 * settings.stem**2, gain=0.1)
        self.log_noise = nnx.Param(jnp.log(jnp.asarray(settings.noise_std, jnp.float32)))
        self.heads = SpreadHeads(widths[0], settings.convolution, plan) if settings.heads else None

    def __call__(self, inputs: jax.Array, noise: Noise | None = None, train: bool = False) -> jax.Array:
        return self._field_and_features(inputs, noise)[0]

    def with_spread(
        self, inputs: jax.Array, noise: Noise | None = None, train: bool = False
    ) -> tuple[jax.Array, Spread]:
        """Return the field and what the heads say of it, from one pass."""
        assert self.heads is not None
        field, features = self._field_and_features(inputs, noise)
        features = crop(repeated(features, self.settings.stem), self.settings.roi)
        scale = crop(output_scale(inputs, self.settings.scale_floor), self.settings.roi)
        solid = crop(inputs[..., SOLID_CHANNEL], self.settings.roi) > 0.5
        return field, self.heads(features, field, scale, solid)

    def _field_and_features(self, inputs: jax.Array, noise: Noise | None) -> tuple[jax.Array, jax.Array]:
        matrix, features = self._matrix_and_features(inputs, noise)  # (n, roi, roi, 2, 3)
        stress = crop(inputs[..., STRESS_CHANNELS], self.settings.roi)
        # (n, r, r, 2, 3) x (n, r, r, 3) -> (n, r, r, 2)
        return norm(deviator(stress) + jnp.sum(matrix * stress[..., None, :], axis=-1)), features

    def _matrix_and_features(self, inputs: jax.Array, noise: Noise | None) -> tuple[jax.Array, jax.Array]:
        settings = self.settings
        channel = settings.geometry_channel
        x = jnp.concatenate(
            [direction(inputs[..., STRESS_CHANNELS]), inputs[..., channel : channel + 1]], axis=-1
        )
        x = space_to_depth(_pad(x, settings.stem * 2 ** (settings.levels - 1)), settings.stem)
        skips = []
        for level, (first, second) in enumerate(self.down):
            x = max_pool(x) if level else x
            x = nnx.relu(second(nnx.relu(first(x, noise)), noise))
            skips.append(x)
        x = skips.pop()
        x = x if self.gate is None else self.gate(x, noise)
        roi = -(-settings.roi // settings.stem)
        for rise, up in zip(self.rise, self.up, strict=True):
            x = rise(x, noise)
            skip = skips.pop()
            if not skips:  # two 3 × 3 convolutions follow: two pixels around the region of interest suffice
                size = min(x.shape[1], roi + x.shape[1] % 2 - roi % 2 + 4)
                x, skip = crop(x, size), crop(skip, size)
            x = nnx.relu(up(jnp.concatenate([x, skip], axis=-1), noise))
        matrix = crop(depth_to_space(self.head(x, noise), settings.stem), settings.roi)
        return matrix.reshape(*matrix.shape[:-1], 2, 3), x


def direction(stress: jax.Array) -> jax.Array:
    """Stress (n, h, w, 3) divided by its entry of largest magnitude, sign included; zero stays zero."""
    flat = stress.reshape(stress.shape[0], -1)
    largest = jnp.take_along_axis(flat, jnp.argmax(jnp.abs(flat), axis=1)[:, None], axis=1)
    return stress / jnp.where(largest == 0, 1.0, largest)[:, :, None, None]


def _pad(x: jax.Array, multiple: int) -> jax.Array:
    """Repeat the edge pixels until height and width are multiples; the same count on both sides."""
    pads = []
    for size in x.shape[1:3]:
        total = -size % multiple
        if total % 2:
            raise ValueError(
                f"an image of {size} pixels cannot be padded evenly to a multiple of {multiple}: "
                "choose fewer levels, a smaller stem or an even patch size"
            )
        pads.append((total // 2, total // 2))
    return jnp.pad(x, [(0, 0), *pads, (0, 0)], mode="edge") if any(p != (0, 0) for p in pads) else x
