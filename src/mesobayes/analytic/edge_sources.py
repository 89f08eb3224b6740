# SPDX-License-Identifier: GPL-3.0-or-later
"""Point multipoles inside large holes that cancel the traction which pores exert on their edges.

The macroscopic field leaves these edges free already. A source behind an edge point, at a depth of R, has
Φ = Σ Aₖ w⁻ᵏ⁻¹ and Ψ = Σ Bₖ w⁻ᵏ⁻¹, k = 1, 2, with w the place from the source over R. The coefficients
minimise the squared traction on the edge points plus a ridge: edges need no closed form, and may leave the
image.
"""

from __future__ import annotations

import numpy as np

from mesobayes.analytic.potentials import Stress
from mesobayes.geometry.pores import ComplexArray, Edge, FloatArray

_ORDER = 2
_DEPTH, _SOURCE_SPACING, _EDGE_SPACING = 1.0, 1.0, 0.4  # in R
_RIDGE = 1e-3  # of the mean diagonal


class EdgeSources:
    """Sources behind an edge, and the map from tractions on it to their coefficients."""

    def __init__(self, edge: Edge, radius: float):
        self.edge = edge.take(edge.thinned(_EDGE_SPACING * radius))
        behind = edge.take(edge.thinned(_SOURCE_SPACING * radius))
        self._sources = behind.point - _DEPTH * radius * behind.normal
        self._radius = radius
        a, difference, b = self._basis(self.edge.point)
        normal = self.edge.normal[:, None, None]
        parts = [
            2.0 * a.real * normal - difference.conj() * normal.conj(),  # of Re A
            -2.0 * a.imag * normal + 1j * difference.conj() * normal.conj(),  # of Im A
            -b.conj() * normal.conj(),  # of Re B
            1j * b.conj() * normal.conj(),  # of Im B
        ]
        traction = np.stack(parts, axis=-1).reshape(len(self.edge), -1)  # (point, source, k and part)
        matrix = np.concatenate([traction.real, traction.imag])
        ridge = _RIDGE * np.mean(np.sum(matrix**2, axis=0))
        # M⁺ = Mᵀ (M Mᵀ + λ)⁻¹ = (Mᵀ M + λ)⁻¹ Mᵀ, by the smaller of the two systems
        rows, columns = matrix.shape
        if rows <= columns:
            gram = matrix @ matrix.T + ridge * np.eye(rows)
            self._inverse = np.linalg.solve(gram, matrix).T
        else:
            self._inverse = np.linalg.solve(matrix.T @ matrix + ridge * np.eye(columns), matrix.T)

    def coefficients(self, traction: ComplexArray) -> FloatArray:
        """Coefficients (source and part, load) that cancel tractions (point of `edge`, load)."""
        return -self._inverse @ np.concatenate([traction.real, traction.imag])

    def field(self, points: ComplexArray) -> EdgeField:
        """Return the map from coefficients to stress at points (point,)."""
        return EdgeField(*self._basis(points))

    def _basis(self, points: ComplexArray) -> tuple[ComplexArray, ComplexArray, ComplexArray]:
        """Φ and z̄ Φ' of unit A, Ψ of unit B, each (point, source, k)."""
        w = (points[:, None] - self._sources[None, :]) / self._radius
        close = np.abs(w) < 0.3  # inside the hole
        u = np.asarray(1.0 / np.where(close, 0.3, w), np.complex128)
        slope = np.stack([u ** (k + 1) for k in range(1, _ORDER + 1)], axis=-1)
        bend = np.stack([-(k + 1) * w.conj() * u ** (k + 2) for k in range(1, _ORDER + 1)], axis=-1)
        return slope, bend, slope


class EdgeField:
    """The linear map from the coefficients of edge sources to stress."""

    def __init__(self, a: ComplexArray, difference: ComplexArray, b: ComplexArray):
        count = len(a)
        self._a, self._difference, self._b = (part.reshape(count, -1) for part in (a, difference, b))

    def __call__(self, coefficients: FloatArray) -> Stress:
        """Stress (point, load)."""
        parts = coefficients.reshape(-1, 4, coefficients.shape[-1])
        a, b = parts[:, 0] + 1j * parts[:, 1], parts[:, 2] + 1j * parts[:, 3]
        return Stress(4.0 * (self._a @ a).real, self._difference @ a + self._b @ b)
