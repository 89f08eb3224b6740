# SPDX-License-Identifier: GPL-3.0-or-later
"""The last convolution of a network integrated out: Bayesian linear regression on its features.

With Gaussian prior and noise the output y = Φ β + ε of a linear last layer has, given all weights before it,
a Gaussian posterior of β and a closed evidence:

    A = ΦᵀΦ/σ² + 1/s²,   β | y ~ N(A⁻¹Φᵀy/σ², A⁻¹),
    log p(y) = -½ log det(s² A) - ½ (yᵀy/σ² - bᵀA⁻¹b) + const,   b = Φᵀy/σ²

(Bishop 2006, sections 3.3 and 3.5). A chain then has to move over the other weights only. It is also freed of
the stiffest direction: the level of the output is known to a small part of what the prior leaves open, and
with all weights in the chain it is a curved function of them all.

All products are taken with the highest precision: ΦᵀΦ in TensorFloat-32 would not be positive definite.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve, solve_triangular

from mesobayes.learning.precision import exact_product


class LinearPosterior(NamedTuple):
    """Posterior N(mean, (L Lᵀ)⁻¹) of the last layer, mean (m,), L (m, m); log evidence up to a constant."""

    mean: jax.Array
    precision_factor: jax.Array
    log_evidence: jax.Array


def neighbourhoods(features: jax.Array, inside: jax.Array) -> jax.Array:
    """Φᵀ (27 f + 1, n x y z) of features (n, x, y, z, f): neighbours in the order of a kernel, and 1.

    Voxels where `inside` (n, x, y, z) is 0 are 0 throughout.
    """
    n, nx, ny, nz, channels = features.shape
    padded = jnp.pad(features, ((0, 0), (1, 1), (1, 1), (1, 1), (0, 0)))
    rows = [
        padded[:, i : i + nx, j : j + ny, k : k + nz, channel] * inside
        for i in range(3)
        for j in range(3)
        for k in range(3)
        for channel in range(channels)
    ]
    return jnp.stack([*rows, inside]).reshape(-1, n * nx * ny * nz)


def regress(columns: jax.Array, observed: jax.Array, noise: float, prior_std: float) -> LinearPosterior:
    """Posterior of β from Φᵀ (m, N) and y (N,), noise σ and prior N(0, s²)."""
    precision = exact_product(columns, columns.T) / noise**2 + jnp.eye(len(columns)) / prior_std**2
    factor = jnp.linalg.cholesky(precision)
    b = exact_product(columns, observed) / noise**2
    half = solve_triangular(factor, b, lower=True)  # L⁻¹b
    misfit = exact_product(observed, observed) / noise**2 - exact_product(half, half)
    log_evidence = -0.5 * misfit - jnp.sum(jnp.log(prior_std * jnp.diagonal(factor)))
    return LinearPosterior(cho_solve((factor, True), b), factor, log_evidence)


def draw_output(posterior: LinearPosterior, key: jax.Array) -> jax.Array:
    """One draw (m,) of the last layer."""
    white = jax.random.normal(key, posterior.mean.shape)
    return posterior.mean + solve_triangular(posterior.precision_factor, white, trans="T", lower=True)
