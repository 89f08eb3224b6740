# SPDX-License-Identifier: GPL-3.0-or-later
"""Choice between the plain convolutions and their faster equals on a CPU."""

from __future__ import annotations

import jax

from mesobayes.nets.estimators import LinearOperator
from mesobayes.nets.operators import Convolution, TransposedConvolution
from mesobayes.nets.settings import NetworkSettings


def rewritten(settings: NetworkSettings) -> bool:
    """Whether the rewritten convolutions are used: as set, or on a CPU."""
    if settings.convolution == "auto":
        return jax.default_backend() == "cpu"
    return settings.convolution == "rewritten"


def convolution(
    settings: NetworkSettings, size: int, stride: int, inputs: int, outputs: int
) -> LinearOperator:
    """Operator of a size × size convolution."""
    return Convolution(stride)


def transposed_convolution(settings: NetworkSettings) -> LinearOperator:
    """Operator of a 3 × 3 transposed convolution with stride 2."""
    return TransposedConvolution()
