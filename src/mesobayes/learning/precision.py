# SPDX-License-Identifier: GPL-3.0-or-later
"""Precision of matrix products and convolutions."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import jax

from mesobayes.learning.settings import Precision


def matrix_products(precision: Precision) -> AbstractContextManager[object]:
    """Context in which float32 products are computed, and compiled, with a precision."""
    return nullcontext() if precision == "default" else jax.default_matmul_precision(precision)
