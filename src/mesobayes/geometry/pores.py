# SPDX-License-Identifier: GPL-3.0-or-later
"""Many elliptical pores, and points on free edges, as arrays of the complex plane.

A point is x + iy in any one unit of length. In images the unit is the pixel: column + i row, pixel centres at
whole numbers, y increasing with the row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesobayes.geometry.plate import Ellipse

ComplexArray = NDArray[np.complex128]
FloatArray = NDArray[np.float64]

_NEWTON_STEPS = 4


@dataclass(frozen=True)
class Pores:
    """Ellipses: centres, semi-axes a >= b, angle of a in radians counter-clockwise from x, each (n,)."""

    centre: ComplexArray
    a: FloatArray
    b: FloatArray
    angle: FloatArray

    def __len__(self) -> int:
        return len(self.centre)

    @property
    def axis(self) -> ComplexArray:
        """Direction of the semi-axis a, a unit number."""
        return np.exp(1j * self.angle)

    @property
    def mean_radius(self) -> FloatArray:
        """ρ = (a + b) / 2 of the map ω(ζ) = ρ (ζ + m / ζ) of the unit circle's outside to the pore's."""
        return 0.5 * (self.a + self.b)

    @property
    def flattening(self) -> FloatArray:
        """m = (a - b) / (a + b) of the same map, 0 for a circle."""
        return (self.a - self.b) / (self.a + self.b)

    def take(self, which: NDArray) -> Pores:
        """Return the pores of an index or a mask."""
        return Pores(self.centre[which], self.a[which], self.b[which], self.angle[which])

    def moved(self, shift: complex) -> Pores:
        """Return the pores at centre + shift."""
        return Pores(self.centre + shift, self.a, self.b, self.angle)

    def local(self, points: ComplexArray) -> ComplexArray:
        """Points (point,) in the axes of every pore, over ρ, shape (pore, point)."""
        scale = self.axis.conj() / self.mean_radius
        return (points[None, :] - self.centre[:, None]) * scale[:, None]

    def nearest(self, points: ComplexArray) -> tuple[FloatArray, ComplexArray]:
        """Signed distance, negative inside, and outward unit normal at the nearest edge point.

        Both have the shape (pore, point). Newton's method for the angle θ on the edge ω(exp iθ) whose normal
        passes through the point, from the angle in confocal coordinates; exact at once for a circle.
        """
        w, m = self.local(points), self.flattening[:, None]
        zeta = outside(w, m)
        theta = np.angle(np.where(zeta == 0, 1.0, zeta))
        for _ in range(_NEWTON_STEPS if np.any(m > 0) else 0):
            turn = np.exp(1j * theta)
            edge, tangent = turn + m * turn.conj(), 1j * (turn - m * turn.conj())
            slope = np.abs(tangent) ** 2 - (edge.conj() * (edge - w)).real
            theta = theta - (tangent.conj() * (edge - w)).real / np.maximum(slope, 0.1)
        turn = np.exp(1j * theta)
        normal = turn - m * turn.conj()
        normal /= np.abs(normal)
        distance = (normal.conj() * (w - turn - m * turn.conj())).real * self.mean_radius[:, None]
        return distance, normal * self.axis[:, None]

    @staticmethod
    def of(ellipses: tuple[Ellipse, ...]) -> Pores:
        """Return pores from shapes, in their unit of length."""
        rows = np.array([ellipse.parameters for ellipse in ellipses], float).reshape(-1, 5)
        flat = rows[:, 2] < rows[:, 3]
        angle = np.radians(rows[:, 4]) + np.where(flat, 0.5 * np.pi, 0.0)
        a, b = rows[:, 2:4].max(axis=1, initial=0.0), rows[:, 2:4].min(axis=1, initial=np.inf)
        return Pores(rows[:, 0] + 1j * rows[:, 1], a, b, angle)


@dataclass(frozen=True)
class Edge:
    """Points on the edges of large holes and their unit normals out of the hole, both (n,)."""

    point: ComplexArray
    normal: ComplexArray

    def __len__(self) -> int:
        return len(self.point)

    def take(self, which: NDArray) -> Edge:
        """Return the points of an index or a mask."""
        return Edge(self.point[which], self.normal[which])

    def moved(self, shift: complex) -> Edge:
        """Return the points at point + shift."""
        return Edge(self.point + shift, self.normal)

    def thinned(self, spacing: float) -> NDArray[np.int64]:
        """Return numbers of points of which no two are nearer than ``spacing``, and none can be added.

        They are taken from the centre outwards, so that a turned or mirrored edge keeps the same ones.
        """
        near = np.abs(self.point[:, None] - self.point[None, :]) < spacing
        free, kept = np.ones(len(self), bool), []
        for k in np.argsort(np.abs(self.point - self.point.mean()), kind="stable"):
            if free[k]:
                kept.append(k)
                free &= ~near[k]
        return np.array(kept, np.int64)


def pixel_points(rows: NDArray, columns: NDArray) -> ComplexArray:
    """Points column + i row of pixels."""
    return np.asarray(columns + 1j * rows, np.complex128)


def outside(w: ComplexArray, m: ArrayLike) -> ComplexArray:
    """ζ of w = ζ + m / ζ, the root that is outside the unit circle where w is outside the ellipse."""
    focus = 2.0 * np.sqrt(np.asarray(m, float))
    return 0.5 * (w + np.sqrt(w - focus) * np.sqrt(w + focus))
