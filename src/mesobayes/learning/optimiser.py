# SPDX-License-Identifier: GPL-3.0-or-later
"""Adam with a constant rate, or AdamW with a one-cycle schedule; faster rates for spreads and noise."""

from __future__ import annotations

from typing import Any

import jax
import optax

from mesobayes.learning.settings import FitSettings
from mesobayes.record.errors import SettingsError

_SPREADS = ("rho", "log_noise")


def build_optimiser(settings: FitSettings) -> optax.GradientTransformation:
    """Gradient transformation of a fit; the settings must hold the number of steps."""
    if settings.steps is None:
        raise SettingsError("the optimiser needs the number of steps: use FitSettings.for_examples first")
    parts = []
    if settings.clip_norm is not None:
        parts.append(optax.clip_by_global_norm(settings.clip_norm))
    parts.append(optax.scale_by_adam())
    if settings.schedule == "constant":
        rate: Any = settings.learning_rate
    else:
        parts.append(optax.add_decayed_weights(settings.weight_decay, mask=_is_kernel))
        rate = optax.cosine_onecycle_schedule(max(settings.steps, 2), settings.learning_rate, pct_start=0.2)
    parts += [optax.scale_by_learning_rate(rate), _scale_spreads(settings.spread_rate)]
    return optax.chain(*parts)


def _scale_spreads(factor: float) -> optax.GradientTransformation:
    def scale(path: Any, update: jax.Array) -> jax.Array:
        return update * factor if _names(path) & set(_SPREADS) else update

    return optax.stateless(lambda updates, _: jax.tree_util.tree_map_with_path(scale, updates))


def _is_kernel(parameters: Any) -> Any:
    return jax.tree_util.tree_map_with_path(lambda path, _: "mu" in _names(path), parameters)


def _names(path: Any) -> set[str]:
    return {str(getattr(key, "key", getattr(key, "name", ""))) for key in path}
