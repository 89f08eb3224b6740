# SPDX-License-Identifier: GPL-3.0-or-later
"""Likelihoods of the training objectives."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp


def gaussian_nll(residual: jax.Array, log_noise: jax.Array) -> jax.Array:
    """-log N(residual; 0, σ²) with σ = exp(log_noise), elementwise, in nats."""
    return 0.5 * (residual * jnp.exp(-log_noise)) ** 2 + log_noise + 0.5 * math.log(2 * math.pi)
