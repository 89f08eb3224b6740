# SPDX-License-Identifier: GPL-3.0-or-later
"""Plane stress states as two functions of the complex plane (Muskhelishvili 1953, chapter 5).

With the potentials Φ = φ' and Ψ = ψ'

    σ₊ = σxx + σyy = 4 Re Φ,        D = (σyy - σxx) / 2 + i σxy = z̄ Φ' + Ψ,

and the force on the arc up to z, φ + z φ'‾ + ψ‾, changes by dF = ½ σ₊ dz + D̄ dz̄.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mesobayes.geometry.pores import ComplexArray, FloatArray


@dataclass(frozen=True)
class Stress:
    """Sum σ₊ (real) and difference D (complex) of plane stress states, arrays of one shape."""

    sum: FloatArray
    difference: ComplexArray

    @staticmethod
    def of(components: NDArray) -> Stress:
        """Return the states of components (xx, yy, xy) on the first axis."""
        xx, yy, xy = np.asarray(components, float)
        return Stress(xx + yy, 0.5 * (yy - xx) + 1j * xy)

    def components(self) -> FloatArray:
        """Return (xx, yy, xy) on a new first axis."""
        half = 0.5 * self.sum
        return np.stack([half - self.difference.real, half + self.difference.real, self.difference.imag])

    def __add__(self, other: Stress) -> Stress:
        return Stress(self.sum + other.sum, self.difference + other.difference)

    def traction(self, normal: ComplexArray) -> ComplexArray:
        """Traction tx + i ty on lines with unit normals."""
        return 0.5 * self.sum * normal - self.difference.conj() * normal.conj()
