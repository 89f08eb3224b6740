# SPDX-License-Identifier: GPL-3.0-or-later
"""Apparent permeability of a periodic cell of polarisable balls, each seen as one dipole.

In a matrix of permeability 1 a ball of radius R and permeability k in d dimensions answers a field H with the
dipole moment R^d β H, β = (k - 1) / (k - 1 + d). All dipoles of the periodic cell see each other,

    p_i = R_i^d β (H̄ + Σ_j T_ij p_j),    μ* = 1 + Ω/V Σ_i p_i,    Ω = 2π or 4π,

with T the sum of ∇∇ of 2-D -ln r or 3-D 1/r over all periodic images, without the mean field of the dipoles,
which is part of H̄ (Ewald 1921). For one ball in a square or cubic cell this is the formula of Maxwell and
Garnett, which is that of Rayleigh (1892) up to its first multipole.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfc

_SPLIT = 6.0  # α times the shortest edge: what the near part leaves out is below 1e-4 of its largest term
_TAIL = 16.0  # exponent at which the far part is cut

FloatArray = NDArray[np.float64]


def dipole_permeability(
    centres: FloatArray, radii: FloatArray, edges: FloatArray, contrast: float
) -> FloatArray:
    """Tensor (d, d) of balls (n, d) in a cell with edges (d,), relative to the matrix."""
    n, d = centres.shape
    volume, solid_angle = float(np.prod(edges)), _solid_angle(d)
    if n == 0:
        return np.eye(d)
    strength = radii**d * (contrast - 1.0) / (contrast - 1.0 + d)
    tensors = interaction(centres, edges)  # (n, n, d, d)
    matrix = -tensors.transpose(0, 2, 1, 3).reshape(n * d, n * d)
    matrix[np.diag_indices(n * d)] += np.repeat(1.0 / strength, d)
    moments = np.linalg.solve(matrix, np.tile(np.eye(d), (n, 1)))  # p_i / H̄, (n d, d)
    total = moments.reshape(n, d, d).sum(axis=0)
    return np.eye(d) + solid_angle / volume * 0.5 * (total + total.T)


def interaction(centres: FloatArray, edges: FloatArray) -> FloatArray:
    """Field tensors T (n, n, d, d) of unit dipoles at j and all its images, at i without itself."""
    n, d = centres.shape
    alpha = _SPLIT / float(np.min(edges))
    tensors = _far(centres, tuple(float(edge) for edge in edges), alpha)
    apart = centres[:, None] - centres
    apart -= edges * np.round(apart / edges)
    i, j = np.triu_indices(n, 1)
    near = _near(apart[i, j], alpha)
    tensors[i, j] += near
    tensors[j, i] += near
    own = _solid_angle(d) / d * (alpha**2 / np.pi) ** (d / 2)  # the far part of a dipole on itself
    tensors[np.arange(n), np.arange(n)] += own * np.eye(d)
    return tensors


def _near(apart: FloatArray, alpha: float) -> FloatArray:
    """∇∇ of the screened potential, (m, d) -> (m, d, d): of erfc(α r)/r, in the plane of E₁(α² r²)/2."""
    d = apart.shape[1]
    square = np.sum(apart**2, axis=1)
    gauss = np.exp(-(alpha**2) * square)
    if d == 2:
        slope = -gauss / square  # G'/r
        bend = gauss * (2 / square + 2 * alpha**2)  # G'' - G'/r
    else:
        r = np.sqrt(square)
        screen, factor = erfc(alpha * r) / r, 2 * alpha / np.sqrt(np.pi) * gauss
        slope = -(screen + factor) / square
        bend = 3 * (screen + factor) / square + 2 * alpha**2 * factor
    unit = apart / np.sqrt(square)[:, None]
    return slope[:, None, None] * np.eye(d) + bend[:, None, None] * unit[:, :, None] * unit[:, None, :]


def _far(centres: FloatArray, edges: tuple[float, ...], alpha: float) -> FloatArray:
    """Sum over reciprocal vectors k ≠ 0 of -Ω/V k k/k² exp(-k²/4α²) cos k·(r_i - r_j), (n, n, d, d)."""
    n, d = centres.shape
    waves, weight = _waves(edges, alpha)  # half of them
    phase = centres @ waves.T  # (n, k)
    cosine, sine = np.cos(phase), np.sin(phase)
    tensors = np.empty((n, n, d, d))
    for a in range(d):
        for b in range(a, d):
            factor = weight * waves[:, a] * waves[:, b]
            tensors[:, :, a, b] = (cosine * factor) @ cosine.T + (sine * factor) @ sine.T
            tensors[:, :, b, a] = tensors[:, :, a, b]
    return tensors


@lru_cache(maxsize=16)
def _waves(edges: tuple[float, ...], alpha: float) -> tuple[FloatArray, FloatArray]:
    """Half of the reciprocal vectors (k, d) and the factor (k,) of k k in both halves."""
    d = len(edges)
    reach = 2 * alpha * np.sqrt(_TAIL)
    most = [int(reach * edge / (2 * np.pi)) for edge in edges]
    numbers = np.array(
        [m for m in product(*(range(-top, top + 1) for top in most)) if m > (0,) * d], dtype=float
    ).reshape(-1, d)
    waves = 2 * np.pi * numbers / np.array(edges)
    square = np.sum(waves**2, axis=1)
    waves, square = waves[square < reach**2], square[square < reach**2]
    return waves, -2 * _solid_angle(d) / np.prod(edges) * np.exp(-square / (4 * alpha**2)) / square


def _solid_angle(dimension: int) -> float:
    return 2 * np.pi if dimension == 2 else 4 * np.pi
