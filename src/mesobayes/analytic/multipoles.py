# SPDX-License-Identifier: GPL-3.0-or-later
"""Elliptical pores as sources of stress, exact for one pore in any field that is regular inside it.

In its own axes a pore is the image of the unit circle under ω(ζ) = ρ (ζ + m / ζ). A pore without forces on it
sends out

    φ = Σₖ aₖ ζ⁻ᵏ,        ψ = Σₖ bₖ ζ⁻ᵏ - ζ (1 + m ζ²) / (ζ² - m) φ'(ζ),        k = 1 ... K.

On the edge its force is Σ aₖ σ⁻ᵏ + Σ b̄ₖ σᵏ, σ = exp iθ (Muskhelishvili 1953, § 83). So the response to an
incoming field whose force on the edge has the Fourier coefficients Fₘ is aₖ = -F₋ₖ, bₖ = -F̄ₖ. For a circle
m = 0 and these are the multipoles of Kirsch's problem and of its generalisations.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mesobayes.analytic.potentials import Stress
from mesobayes.geometry.pores import ComplexArray, Pores, outside

_INSIDE = 0.9  # points deeper in a pore are moved to this ζ: their values mean nothing


@dataclass(frozen=True)
class Multipoles:
    """Coefficients a and b of the pores, (pore, K, load), in units of stress times length."""

    a: ComplexArray
    b: ComplexArray


class PoreEdges:
    """Points on the edges of pores, equally spaced in θ, shape (pore, point), and the response there."""

    def __init__(self, pores: Pores, order: int, points: int):
        theta = 2.0 * np.pi * np.arange(points) / points
        turn = np.exp(1j * theta)
        m, size = pores.flattening[:, None], pores.mean_radius[:, None]
        self.order = order
        self.axis = pores.axis
        self.points = pores.centre[:, None] + size * pores.axis[:, None] * (turn + m * turn.conj())
        self._speed = size * 1j * (turn - m * turn.conj())  # dz / dθ in the axes of the pore
        modes = np.concatenate([-np.arange(1, order + 1), np.arange(1, order + 1)])
        # F = Σ Fₘ exp imθ from dF / dθ, by the discrete Fourier transform and integration of each mode
        self._integral = np.exp(-1j * np.outer(theta, modes)) / (1j * modes * points)

    def response(self, incoming: Stress) -> Multipoles:
        """Multipoles that free the edges of an incoming stress (pore, point, load)."""
        turned = incoming.difference * self.axis[:, None, None] ** 2
        speed = self._speed[..., None]
        force_rate = 0.5 * incoming.sum * speed + turned.conj() * speed.conj()
        force = np.matmul(self._integral.T, force_rate)  # (mode, point) x (pore, point, load)
        return Multipoles(-force[:, : self.order], -force[:, self.order :].conj())


class PoreField:
    """The linear map from multipoles to the stress at points (point,).

    Args:
        own: (point,) number of the pore on whose edge a point lies: that pore's field is left out there.
    """

    def __init__(self, pores: Pores, points: ComplexArray, order: int, own: np.ndarray | None = None):
        w, m = pores.local(points), pores.flattening[:, None]
        zeta = outside(w, m) if np.any(m > 0) else w
        depth = np.abs(zeta)
        zeta = np.where(
            depth < _INSIDE, _INSIDE * np.where(depth > 0, zeta, 1.0) / np.where(depth > 0, depth, 1.0), zeta
        )
        u, size = 1.0 / zeta, pores.mean_radius[:, None]
        u2 = u * u
        inverse_slope = 1.0 / (size * (1.0 - m * u2))  # 1 / ω'
        bend = 2.0 * m * u2 * u * size  # ω''
        place = size * (zeta + m * u)
        square = zeta * zeta
        apart = 1.0 / (square - m)
        h = zeta * (1.0 + m * square) * apart
        dh = (m * square * square - (1.0 + 3.0 * m * m) * square - m) * apart**2
        conj = place.conj()
        first = inverse_slope * (conj * bend * inverse_slope**2 + dh)  # with -φ' in D
        second = inverse_slope * (conj * inverse_slope - h)  # with φ'' in D
        turn = (pores.axis**-2)[:, None]
        if own is not None:
            hidden = own[None, :] == np.arange(len(pores))[:, None]
            inverse_slope = np.where(hidden, 0.0, inverse_slope)
            first, second = np.where(hidden, 0.0, first), np.where(hidden, 0.0, second)
        count = len(points)
        slopes = np.empty((len(pores), order, count), complex)  # Φ of a unit a, and ψ₀' / ω' of a unit b
        differences = np.empty_like(slopes)  # D of a unit a
        power = u2
        for k in range(1, order + 1):
            slopes[:, k - 1] = -k * inverse_slope * power
            differences[:, k - 1] = (k * turn) * (first + (k + 1) * second * u) * power
            power = power * u
        self._slopes = slopes.reshape(-1, count).T  # (point, pore and k)
        self._differences = differences.reshape(-1, count).T
        self._turn = turn[:, :, None]

    def __call__(self, multipoles: Multipoles) -> Stress:
        """Stress (point, load) of all pores together."""
        loads = multipoles.a.shape[-1]
        a = multipoles.a.reshape(-1, loads)
        b = (multipoles.b * self._turn).reshape(-1, loads)
        both = self._slopes @ np.concatenate([a, b], axis=1)
        return Stress(4.0 * both[:, :loads].real, self._differences @ a + both[:, loads:])
