# SPDX-License-Identifier: GPL-3.0-or-later
"""Stress networks with point or Gaussian weights; they know nothing but arrays."""

from mesobayes.nets.build import StressNetwork, build_network, count_weights, draw_noise, warm_start
from mesobayes.nets.divergence import kl_divergence, kl_per_example
from mesobayes.nets.estimators import Noise
from mesobayes.nets.settings import NetworkSettings

__all__ = [
    "NetworkSettings",
    "Noise",
    "StressNetwork",
    "build_network",
    "count_weights",
    "draw_noise",
    "kl_divergence",
    "kl_per_example",
    "warm_start",
]
