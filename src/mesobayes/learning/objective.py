# SPDX-License-Identifier: GPL-3.0-or-later
"""The training objective: negative evidence lower bound per example and pixel."""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from mesobayes.nets.build import StressNetwork
from mesobayes.nets.divergence import kl_per_example
from mesobayes.nets.estimators import Noise
from mesobayes.nets.stress import crop, output_scale
from mesobayes.studies.stress.symmetries import Batch


class Terms(NamedTuple):
    """Parts of the objective, all per pixel of the region of interest except the last.

    loss: negative evidence lower bound; nll: expected negative log likelihood; kl: weighted divergence;
    mse: mean squared scaled residual over the solid pixels.
    """

    loss: jax.Array
    nll: jax.Array
    kl: jax.Array
    mse: jax.Array


def residual_scale(inputs: jax.Array, roi: int, floor: float, loss_scale: str) -> jax.Array:
    """Unit of the residuals (n, roi, roi): the output scale S, or 1 (units of the patch scale)."""
    if loss_scale == "patch":
        return jnp.ones((inputs.shape[0], roi, roi), inputs.dtype)
    return crop(output_scale(inputs, floor), roi)


def gaussian_nll(residual: jax.Array, log_noise: jax.Array) -> jax.Array:
    """-log N(residual; 0, σ²) with σ = exp(log_noise), elementwise, in nats."""
    return 0.5 * (residual * jnp.exp(-log_noise)) ** 2 + log_noise + 0.5 * math.log(2 * math.pi)


def negative_elbo(
    network: StressNetwork,
    batch: Batch,
    noise: Noise | None,
    n_examples: jax.Array | float,
    kl_weight: float = 1.0,
    loss_scale: str = "pixel",
) -> Terms:
    """Negative evidence lower bound of a minibatch, divided by examples and pixels.

    The bound of the whole training set is Σₙ E_q[log p(yₙ | xₙ, w)] - KL(q ‖ p), the sum of the log
    likelihood over the solid pixels of the region of interest. A minibatch of b examples estimates 1/N of
    its negative as (1/b) Σ -log p + KL/N; both are divided by the constant roi² to keep gradients of order
    one.
    """
    settings = network.settings
    prediction = network(batch.inputs, noise, train=True)
    scale = residual_scale(batch.inputs, settings.roi, settings.scale_floor, loss_scale)
    residual = jnp.where(batch.mask, (prediction - batch.target) / scale, 0.0)
    log_likelihood = jnp.where(batch.mask, -gaussian_nll(residual, network.log_noise[...]), 0.0)
    nll = -jnp.mean(log_likelihood)
    pixels = settings.roi**2
    kl = kl_weight * kl_per_example(network, settings, n_examples) / pixels
    mse = jnp.sum(residual**2) / jnp.maximum(jnp.sum(batch.mask), 1)
    return Terms(nll + kl, nll, kl, mse)
