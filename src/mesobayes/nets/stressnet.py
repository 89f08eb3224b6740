# SPDX-License-Identifier: GPL-3.0-or-later
"""StressNet as printed: encoder, residual blocks, decoder (Krokos et al. 2022, section 3.3)."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from mesobayes.nets.blocks import ConvolutionUnit, ResidualBlock
from mesobayes.nets.channels import STRESS_CHANNELS
from mesobayes.nets.convolution import convolution, transposed_convolution
from mesobayes.nets.estimators import Noise
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.layers import Linear
from mesobayes.nets.normalisation import Normalisation
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.nets.stress import crop, output_scale


class UpUnit(nnx.Module):
    """Transposed convolution (or convolution where the encoder did not shrink), normalisation, ReLU."""

    def __init__(
        self, inputs: int, outputs: int, stride: int, settings: StressNetworkSettings, plan: WeightPlan
    ):
        operator = (
            transposed_convolution(settings.convolution)
            if stride == 2
            else convolution(settings.convolution, 3, 1, inputs, outputs)
        )
        self.linear = Linear(operator, (3, 3, inputs, outputs), outputs, settings, plan)
        self.norm = Normalisation(outputs, settings.norm)

    def __call__(self, x: jax.Array, noise: Noise | None, train: bool) -> jax.Array:
        return nnx.relu(self.norm(self.linear(x, noise), train))


class StressNet(nnx.Module):
    """Inputs (n, h, w, 5) -> Tresca stress (n, roi, roi) in units of the patch scale.

    9 × 9 convolution to 32 channels, 3 × 3 with stride 2 to 64 and to 128, residual blocks, back up to 64 and
    32, 9 × 9 to one channel, ReLU, times the pixelwise scale S. The paper is silent on padding (zeros here)
    and on the last bias, which starts at 0.5, a typical value of Tresca / S, so that the ReLU starts alive.
    """

    def __init__(self, settings: StressNetworkSettings, plan: WeightPlan):
        self.settings = settings
        c1, c2, c3 = (settings.channels(count) for count in (32, 64, 128))
        s1, s2, s3 = settings.strides
        self.encoder = nnx.List(
            [
                ConvolutionUnit(9, 4, c1, s1, settings, plan),
                ConvolutionUnit(3, c1, c2, s2, settings, plan),
                ConvolutionUnit(3, c2, c3, s3, settings, plan),
            ]
        )
        self.blocks = nnx.List([ResidualBlock(c3, settings, plan) for _ in range(settings.blocks)])
        self.decoder = nnx.List([UpUnit(c3, c2, s3, settings, plan), UpUnit(c2, c1, s2, settings, plan)])
        self.first_up = UpUnit(c1, c1, 2, settings, plan) if s1 == 2 else None
        last = convolution(settings.convolution, 9, 1, c1, 1)
        self.last = Linear(last, (9, 9, c1, 1), 1, settings, plan, gain=0.3, bias=0.5)
        self.log_noise = nnx.Param(jnp.log(jnp.asarray(settings.noise_std, jnp.float32)))

    def __call__(self, inputs: jax.Array, noise: Noise | None = None, train: bool = False) -> jax.Array:
        settings = self.settings
        channel = settings.geometry_channel
        x = jnp.concatenate([inputs[..., STRESS_CHANNELS], inputs[..., channel : channel + 1]], axis=-1)
        for unit in self.encoder:
            x = unit(x, noise, train)
        for block in self.blocks:
            x = block(x, noise, train)
        for up in self.decoder:
            x = up(x, noise, train)
        if self.first_up is not None:
            x = self.first_up(x, noise, train)
        x = nnx.relu(self.last(x, noise)[..., 0])
        scale = output_scale(inputs, settings.scale_floor)
        return crop(x, settings.roi) * crop(scale, settings.roi)
