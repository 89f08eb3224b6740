# SPDX-License-Identifier: GPL-3.0-or-later
"""Shapes of the stress study: elliptical holes in a square plate.

Lengths are in units of the pore radius R, angles in degrees counter-clockwise from +x, the origin is the
plate's centre.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Ellipse:
    """Ellipse with centre (cx, cy) and semi-axes a along `angle` and b across it; a circle has a == b.

    >>> upright = Ellipse(0.0, 0.0, 2.0, 1.0, angle=90.0)
    >>> upright.half_extent
    (1.0, 2.0)
    >>> upright.contains([0.0, 1.5], [1.5, 0.0]).tolist()
    [True, False]
    """

    cx: float
    cy: float
    a: float
    b: float
    angle: float = 0.0

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in self.parameters):
            raise ValueError(f"Ellipse: every parameter must be finite, got {self.parameters}.")
        if self.a <= 0.0 or self.b <= 0.0:
            raise ValueError(f"Ellipse: semi-axes must be positive, got a={self.a}, b={self.b}.")

    @property
    def parameters(self) -> tuple[float, float, float, float, float]:
        """(cx, cy, a, b, angle), the order in which data sets store an ellipse."""
        return (self.cx, self.cy, self.a, self.b, self.angle)

    @property
    def is_circle(self) -> bool:
        return self.a == self.b

    @property
    def area(self) -> float:
        return math.pi * self.a * self.b

    @property
    def half_extent(self) -> tuple[float, float]:
        """Half width and half height of the bounding box."""
        cosine, sine = self._direction()
        return math.hypot(self.a * cosine, self.b * sine), math.hypot(self.a * sine, self.b * cosine)

    def contains(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
        """True where the points (x, y) lie inside or on the ellipse."""
        return np.asarray(self.level(x, y) <= 1.0)

    def level(self, x: ArrayLike, y: ArrayLike) -> FloatArray:
        """(ξ/a)² + (η/b)² in the ellipse's own axes: 1 on the ellipse, less inside."""
        xi, eta = self.to_axes(x, y)
        return (xi / self.a) ** 2 + (eta / self.b) ** 2

    def to_axes(self, x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Coordinates (ξ, η) along the semi-axes a and b."""
        cosine, sine = self._direction()
        dx, dy = np.asarray(x, dtype=float) - self.cx, np.asarray(y, dtype=float) - self.cy
        return cosine * dx + sine * dy, cosine * dy - sine * dx

    def point(self, t: ArrayLike) -> FloatArray:
        """Points (..., 2) of the ellipse at the eccentric anomaly t in radians."""
        cosine, sine = self._direction()
        xi, eta = self.a * np.cos(t), self.b * np.sin(t)
        return np.stack([self.cx + cosine * xi - sine * eta, self.cy + sine * xi + cosine * eta], axis=-1)

    def normal(self, t: ArrayLike) -> FloatArray:
        """Unit normals (..., 2) pointing out of the ellipse at the eccentric anomaly t in radians."""
        cosine, sine = self._direction()
        xi, eta = self.b * np.cos(t), self.a * np.sin(t)
        length = np.hypot(xi, eta)
        return np.stack([(cosine * xi - sine * eta) / length, (sine * xi + cosine * eta) / length], axis=-1)

    def anomaly(self, x: ArrayLike, y: ArrayLike) -> FloatArray:
        """Eccentric anomaly in radians, in (-π, π], of points on (or radially scaled from) the ellipse."""
        xi, eta = self.to_axes(x, y)
        return np.arctan2(eta / self.b, xi / self.a)

    def _direction(self) -> tuple[float, float]:
        radians = math.radians(self.angle)
        return math.cos(radians), math.sin(radians)


@dataclass(frozen=True)
class Plate:
    """Square plate of edge length `side`, centred on the origin, with large ellipses and small pores.

    Both kinds are holes. Ellipses are seen by the macro problem; pores exist in the micro problem only.

    >>> plate = Plate(side=24.0, pores=(Ellipse(0.0, 0.0, 1.0, 1.0),))  # lengths in pore radii
    >>> plate.solid([0.0, 5.0], [0.0, 0.0]).tolist()
    [False, True]
    >>> plate.holes(pores=False)
    ()
    """

    side: float
    ellipses: tuple[Ellipse, ...] = ()
    pores: tuple[Ellipse, ...] = ()

    def __post_init__(self) -> None:
        if not (math.isfinite(self.side) and self.side > 0.0):
            raise ValueError(f"Plate: side must be a positive number of pore radii, got {self.side}.")
        object.__setattr__(self, "ellipses", tuple(self.ellipses))
        object.__setattr__(self, "pores", tuple(self.pores))

    def holes(self, pores: bool = True) -> tuple[Ellipse, ...]:
        """Ellipses, followed by the pores if `pores`."""
        return self.ellipses + self.pores if pores else self.ellipses

    def solid(self, x: ArrayLike, y: ArrayLike, pores: bool = True) -> NDArray[np.bool_]:
        """True where the points (x, y) lie in material, by the exact shapes."""
        solid = np.ones(np.broadcast(np.asarray(x), np.asarray(y)).shape, dtype=bool)
        for hole in self.holes(pores):
            solid &= ~hole.contains(x, y)
        return solid

    def rotated90(self) -> Plate:
        """The plate turned by 90 degrees counter-clockwise about its centre."""

        def turn(hole: Ellipse) -> Ellipse:
            return Ellipse(-hole.cy, hole.cx, hole.a, hole.b, hole.angle + 90.0)

        return Plate(self.side, tuple(map(turn, self.ellipses)), tuple(map(turn, self.pores)))
