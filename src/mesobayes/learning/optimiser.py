# SPDX-License-Identifier: GPL-3.0-or-later
"""Adam with decoupled decay of kernels, faster rates for spreads and noise, and a schedule of the rate."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import optax

from mesobayes.learning.settings import FitSettings
from mesobayes.nets.state import Arrays

_SPREADS = ("rho", "log_noise")
_HEADS = "heads."  # parameters outside the evidence lower bound, whose gradient is clipped for itself


def build_optimiser(settings: FitSettings, steps: int) -> optax.GradientTransformation:
    """Gradient transformation of a fit of so many steps."""
    parts = [] if settings.clip_norm is None else [clipped(settings.clip_norm)]
    parts.append(optax.scale_by_adam())
    if settings.weight_decay > 0:
        parts.append(optax.add_decayed_weights(settings.weight_decay, mask=kernel_means))
    parts.append(optax.masked(optax.scale(settings.spread_rate), spreads))
    parts.append(optax.scale_by_learning_rate(learning_rate(settings, steps)))
    return optax.chain(*parts)


def clipped(norm: float) -> optax.GradientTransformation:
    """Limit the norm of the gradient of the heads, and that of all other parameters without them."""
    clip = optax.clip_by_global_norm(norm)
    return optax.chain(optax.masked(clip, heads), optax.masked(clip, others))


def heads(parameters: Arrays) -> dict[str, bool]:
    """Which parameters belong to the heads of a network."""
    return {name: name.startswith(_HEADS) for name in parameters}


def others(parameters: Arrays) -> dict[str, bool]:
    """Which parameters do not."""
    return {name: not head for name, head in heads(parameters).items()}


def learning_rate(settings: FitSettings, steps: int) -> float | Callable[[jax.Array], jax.Array]:
    """Rate of the schedule, without the drops of "plateau"."""
    if settings.schedule == "onecycle":
        return optax.cosine_onecycle_schedule(max(steps, 2), settings.learning_rate, pct_start=0.2)
    if settings.schedule == "cosine":
        return optax.cosine_decay_schedule(settings.learning_rate, steps)
    return settings.learning_rate


def kernel_means(parameters: Arrays) -> dict[str, bool]:
    """Which parameters decay: the means of kernels, not ρ, biases, noise or normalisation."""
    return {name: name.split(".")[-2:] == ["kernel", "mu"] for name in parameters}


def spreads(parameters: Arrays) -> dict[str, bool]:
    """Which parameters have the faster rate: ρ and the noise of the likelihood."""
    return {name: name.rpartition(".")[2] in _SPREADS for name in parameters}


def all_finite(arrays: Arrays) -> bool:
    """Whether every number is finite."""
    return bool(_all_finite(arrays))


@jax.jit
def _all_finite(arrays: Arrays) -> jax.Array:
    return jnp.all(jnp.stack([jnp.all(jnp.isfinite(array)) for array in arrays.values()]))
