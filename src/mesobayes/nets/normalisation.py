# SPDX-License-Identifier: GPL-3.0-or-later
"""Batch, group or no normalisation of images."""

from __future__ import annotations

import math
from typing import Literal

import jax
from flax import nnx


class Normalisation(nnx.Module):
    """Batch, group or no normalisation over (n, h, w, channel)."""

    def __init__(self, channels: int, kind: Literal["batch", "group", "none"]):
        self.kind = kind
        self.norm = _normalisation(channels, kind)

    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        """Normalise x; `train` uses and records the statistics of the batch where there are any."""
        if self.kind == "batch":
            return self.norm(x, use_running_average=not train)  # type: ignore[misc]
        return x if self.norm is None else self.norm(x)


def _normalisation(channels: int, kind: str) -> nnx.Module | None:
    rngs = nnx.Rngs(0)  # the initial scale 1 and offset 0 are not random
    if kind == "batch":
        return nnx.BatchNorm(channels, momentum=0.9, epsilon=1e-5, rngs=rngs)
    if kind == "group":
        return nnx.GroupNorm(channels, num_groups=math.gcd(8, channels), rngs=rngs)
    return None
