# SPDX-License-Identifier: GPL-3.0-or-later
"""Precision of matrix products and convolutions."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from mesobayes.learning.settings import Precision

exact_product = partial(jnp.matmul, precision=lax.Precision.HIGHEST)  # float32 on every device


def matrix_products(precision: Precision) -> AbstractContextManager[object]:
    """Context in which float32 products are computed, and compiled, with a precision."""
    return nullcontext() if precision == "default" else jax.default_matmul_precision(precision)


def precision_in_effect(precision: Precision) -> Precision:
    """Return what a precision means on the device in use: a CPU computes every product in float32."""
    if jax.default_backend() == "cpu":
        return "float32"
    return "tensorfloat32" if precision == "default" else precision
