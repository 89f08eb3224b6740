# SPDX-License-Identifier: GPL-3.0-or-later
"""Exact inverse of the operator of a homogeneous image, as a preconditioner.

With k = 1 the operator is a sum of Kronecker products of the 1-D stiffness K and mass M of linear elements,
A₀ = Σ over axes of K ⊗ M ⊗ … ⊗ M. One real basis Q per axis diagonalises both, QᵀKQ = diag(κ), QᵀMQ =
diag(m): cosines and sines for a periodic axis, sines for fixed ends, cosines for free ends. Then A₀⁻¹ = Q
Λ⁻¹ Qᵀ over all axes, six matrix products in 3-D. For periodic axes of smooth length the FFT computes the
same faster.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from mesobayes.fem.cell.boundary import Boundary

_LARGEST_PRIME = 7  # lengths with larger prime factors are left to the matrix products
_LARGEST_MATRIX = 768  # ... up to this length


class FourierInverse(NamedTuple):
    """1/λ over the half spectrum of a real FFT."""

    reciprocal: jax.Array


class BasisInverse(NamedTuple):
    """1/λ over the modes, and for every axis the basis (node, mode)."""

    reciprocal: jax.Array
    bases: tuple[jax.Array, ...]


HomogeneousInverse = FourierInverse | BasisInverse


@lru_cache(maxsize=8)
def make_inverse(
    shape: tuple[int, ...], boundary: Boundary, dtype: type = np.float64, fourier: bool | None = None
) -> HomogeneousInverse:
    """Build the inverse for an image of `shape` elements; the last few are kept.

    Args:
        dtype: precision in which it will be applied.
        fourier: take the FFT (True), the matrix products (False), or what is faster for this shape (None).
    """
    if fourier is None:
        fourier = boundary == "periodic" and any(
            n > _LARGEST_MATRIX or _largest_prime_factor(n) <= _LARGEST_PRIME for n in shape
        )
    if fourier:
        if boundary != "periodic":
            raise ValueError(f"the FFT inverts periodic problems only, not {boundary!r} ones")
        frequencies = [np.arange(n) for n in shape[:-1]] + [np.arange(shape[-1] // 2 + 1)]
        angles = [2 * np.pi * k / n for k, n in zip(frequencies, shape, strict=True)]
        return FourierInverse(jnp.asarray(_reciprocal(angles), dtype))
    pairs = [_basis(n, boundary) for n in shape]
    bases = tuple(jnp.asarray(q, dtype) for q, _ in pairs)
    return BasisInverse(jnp.asarray(_reciprocal([angle for _, angle in pairs]), dtype), bases)


def apply_inverse(inverse: HomogeneousInverse, residual: jax.Array) -> jax.Array:
    """Return A₀⁻¹ r without the constant mode."""
    if isinstance(inverse, FourierInverse):
        return jnp.fft.irfftn(jnp.fft.rfftn(residual) * inverse.reciprocal, s=residual.shape)
    spectrum = inverse.reciprocal * _along_every_axis(residual, [q.T for q in inverse.bases])
    return _along_every_axis(spectrum, list(inverse.bases))


def _along_every_axis(values: jax.Array, matrices: list[jax.Array]) -> jax.Array:
    """Apply a matrix (out, in) to each axis: a product takes the last axis and puts its result first."""
    for matrix in reversed(matrices):
        rest = values.shape[:-1]
        flat = values.reshape(-1, values.shape[-1])
        product = lax.dot_general(matrix, flat, (((1,), (1,)), ((), ())), precision=lax.Precision.HIGHEST)
        values = product.reshape(matrix.shape[0], *rest)
    return values


def _basis(n: int, boundary: Boundary) -> tuple[np.ndarray, np.ndarray]:
    """Basis (node, mode), normalised, of n elements in a row, and the angle θ of every mode."""
    if boundary == "periodic":
        order = (np.arange(n) + 1) // 2  # 0, 1, 1, 2, 2, ...: cosine, then sine
        angle = 2 * np.pi * order / n
        phase = np.arange(n)[:, None] * angle
        sine = (np.arange(n) % 2 == 0) & (np.arange(n) > 0)
        basis = np.where(sine, np.sin(phase), np.cos(phase))
        return basis / np.linalg.norm(basis, axis=0), angle
    if boundary == "dirichlet":
        angle = np.pi * np.arange(1, n) / n
        return np.sin(np.arange(n + 1)[:, None] * angle) * np.sqrt(2 / n), angle
    angle = np.pi * np.arange(n + 1) / n  # free ends: half weights at both
    weight = np.where((np.arange(n + 1) == 0) | (np.arange(n + 1) == n), 0.5, 1.0)
    basis = np.cos(np.arange(n + 1)[:, None] * angle)
    return basis / np.sqrt((weight[:, None] * basis**2).sum(axis=0)), angle


def _reciprocal(angles: list[np.ndarray]) -> np.ndarray:
    """1/λ with λ = Σ_i κ(θ_i) Π_{j≠i} m(θ_j), κ = 2 - 2 cos θ, m = (2 + cos θ)/3; 0 for the constant mode."""
    d = len(angles)
    total = np.zeros([len(angle) for angle in angles])
    for i in range(d):
        term = np.ones([1] * d)
        for j, angle in enumerate(angles):
            symbol = 4 * np.sin(angle / 2) ** 2 if i == j else (2 + np.cos(angle)) / 3
            term = term * symbol.reshape([-1 if k == j else 1 for k in range(d)])
        total += term
    constant = total < 1e-12
    return np.where(constant, 0.0, 1.0 / np.where(constant, 1.0, total))


def _largest_prime_factor(n: int) -> int:
    largest, factor = 1, 2
    while n > 1:
        while n % factor == 0:
            largest, n = factor, n // factor
        factor += 1
    return largest
