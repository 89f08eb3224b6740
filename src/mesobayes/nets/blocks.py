# SPDX-License-Identifier: GPL-3.0-or-later
"""Building blocks of the printed network: squeeze and excitation, residual block."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from flax import nnx

from mesobayes.nets.convolution import convolution
from mesobayes.nets.estimators import Noise
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.layers import Linear
from mesobayes.nets.normalisation import Normalisation
from mesobayes.nets.operators import Dense
from mesobayes.nets.settings import StressNetworkSettings


class SqueezeExcitation(nnx.Module):
    """e ↦ e ∘ sigmoid(W₂ relu(W₁ mean(e))), the mean over space (Krokos et al. 2022, section 3.2.3)."""

    def __init__(self, channels: int, settings: StressNetworkSettings, plan: WeightPlan):
        reduced = max(1, channels // settings.se_reduction)
        self.squeeze = Linear(Dense(), (channels, reduced), reduced, settings, plan)
        self.excite = Linear(Dense(), (reduced, channels), channels, settings, plan)

    def __call__(self, x: jax.Array, noise: Noise | None) -> jax.Array:
        gate = nnx.relu(self.squeeze(jnp.mean(x, axis=(1, 2)), noise))
        gate = nnx.sigmoid(self.excite(gate, noise))
        return x * gate[:, None, None, :]


class ConvolutionUnit(nnx.Module):
    """Convolution, normalisation, ReLU."""

    def __init__(
        self,
        size: int,
        inputs: int,
        outputs: int,
        stride: int,
        settings: StressNetworkSettings,
        plan: WeightPlan,
    ):
        operator = convolution(settings.convolution, size, stride, inputs, outputs)
        self.linear = Linear(operator, (size, size, inputs, outputs), outputs, settings, plan)
        self.norm = Normalisation(outputs, settings.norm)

    def __call__(self, x: jax.Array, noise: Noise | None, train: bool) -> jax.Array:
        return nnx.relu(self.norm(self.linear(x, noise), train))


class ResidualBlock(nnx.Module):
    """u ↦ u + SE(unit(unit(u))) with 3 × 3 convolutions that keep the shape (Krokos et al. 2022, fig. 7)."""

    def __init__(self, channels: int, settings: StressNetworkSettings, plan: WeightPlan):
        self.first = ConvolutionUnit(3, channels, channels, 1, settings, plan)
        self.second = ConvolutionUnit(3, channels, channels, 1, settings, plan)
        self.gate = SqueezeExcitation(channels, settings, plan) if settings.se_reduction else None

    def __call__(self, x: jax.Array, noise: Noise | None, train: bool) -> jax.Array:
        change = self.second(self.first(x, noise, train), noise, train)
        return x + (change if self.gate is None else self.gate(change, noise))
