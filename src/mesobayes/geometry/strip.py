# SPDX-License-Identifier: GPL-3.0-or-later
"""Rectangular strip with a slot and round pores (Krokos et al. 2022, section 4.2.1).

Lengths are in units of the strip's height, the origin is the lower corner of the clamped end, x runs along
the strip.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mesobayes.geometry.plate import Ellipse

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Slot:
    """Hull of two discs on the line y = `y`, centres x1 < x2, radii r1 and r2: discs and outer tangents."""

    x1: float
    r1: float
    x2: float
    r2: float
    y: float = 0.5

    @classmethod
    def between(cls, start: float, r1: float, end: float, r2: float, y: float = 0.5) -> Slot:
        """Slot with its two outer ends at x = `start` and x = `end`."""
        return cls(start + r1, r1, end - r2, r2, y)

    def __post_init__(self) -> None:
        if not all(math.isfinite(value) for value in (*self.parameters, self.y)):
            raise ValueError(f"Slot: every parameter must be finite, got {self}.")
        if self.r1 <= 0.0 or self.r2 <= 0.0 or self.x2 - self.x1 <= abs(self.r1 - self.r2):
            raise ValueError(f"Slot: radii must be positive and neither disc may hold the other, got {self}.")

    @property
    def parameters(self) -> tuple[float, float, float, float]:
        """(x1, r1, x2, r2), the order in which data sets store a slot."""
        return (self.x1, self.r1, self.x2, self.r2)

    @property
    def cx(self) -> float:
        """Middle of the bounding box; `cy` is the line of the centres."""
        return 0.5 * (self.x1 - self.r1 + self.x2 + self.r2)

    @property
    def cy(self) -> float:
        return self.y

    @property
    def half_extent(self) -> tuple[float, float]:
        """Half width and half height of the bounding box."""
        return 0.5 * (self.x2 + self.r2 - self.x1 + self.r1), max(self.r1, self.r2)

    @property
    def slope(self) -> tuple[float, float]:
        """Normal (nx, ny) of the upper tangent; the lower one has (nx, -ny)."""
        nx = (self.r1 - self.r2) / (self.x2 - self.x1)
        return nx, math.sqrt(1.0 - nx * nx)

    @property
    def area(self) -> float:
        nx, ny = self.slope
        alpha = math.asin(nx)  # the disc at x1 shows an arc of π + 2α, the other one of π - 2α
        sectors = self.r1**2 * (0.5 * math.pi + alpha) + self.r2**2 * (0.5 * math.pi - alpha)
        return sectors + (self.r1 + self.r2) * (self.x2 - self.x1) * ny

    def tangent_points(self) -> FloatArray:
        """Where the tangents touch: (disc 1, disc 2) by (upper, lower), shape (2, 2, 2)."""
        nx, ny = self.slope
        normals = np.array([[nx, ny], [nx, -ny]])
        discs = ((self.x1, self.r1), (self.x2, self.r2))
        return np.array([[(x, self.y) + radius * normal for normal in normals] for x, radius in discs])

    def signed_distance(self, x: ArrayLike, y: ArrayLike) -> FloatArray:
        """Distance of the points (x, y) from the edge, negative inside the slot."""
        return self._distance_and_normal(x, y)[0]

    def contains(self, x: ArrayLike, y: ArrayLike) -> NDArray[np.bool_]:
        """True where the points (x, y) lie inside or on the slot."""
        return np.asarray(self.signed_distance(x, y) <= 0.0)

    def project(self, points: FloatArray) -> FloatArray:
        """Nearest points (n, 2) of the edge."""
        distance, normal = self._distance_and_normal(*points.T)
        return np.asarray(points - distance[:, None] * normal)

    def _distance_and_normal(self, x: ArrayLike, y: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Signed distance (...) and its gradient (..., 2).

        Seen from the slot, a point belongs to a disc or to a tangent by its foot on the tangent.
        """
        nx, ny = self.slope
        along, across = np.asarray(x, dtype=float) - self.x1, np.asarray(y, dtype=float) - self.y
        side = np.where(across < 0.0, -1.0, 1.0)
        foot = ny * along - nx * np.abs(across)  # along the tangent, 0 where it leaves disc 1
        length = ny * (self.x2 - self.x1)
        centre = np.where(foot <= 0.0, 0.0, self.x2 - self.x1)
        radius = np.where(foot <= 0.0, self.r1, self.r2)
        radial = np.hypot(along - centre, across)
        safe = np.maximum(radial, 1e-300)
        on_disc = (foot <= 0.0) | (foot >= length)
        distance = np.where(on_disc, radial - radius, nx * along + ny * np.abs(across) - self.r1)
        normal = np.where(
            on_disc[..., None],
            np.stack([(along - centre) / safe, across / safe], axis=-1),
            np.stack([np.full_like(side, nx), ny * side], axis=-1),
        )
        return distance, normal


@dataclass(frozen=True)
class Strip:
    """Strip with a slot, which the macro problem sees, and round pores, which it does not."""

    slot: Slot
    pores: tuple[Ellipse, ...] = ()
    length: float = 5.0
    height: float = 1.0
    pore_radius: float = 0.02

    def __post_init__(self) -> None:
        if not (self.length > 0.0 and self.height > 0.0):
            raise ValueError(f"Strip: length and height must be positive, got {self.length}, {self.height}.")
        if not all(pore.is_circle for pore in self.pores):
            raise ValueError("Strip: pores must be circles.")
        object.__setattr__(self, "pores", tuple(self.pores))

    def holes(self, pores: bool = True) -> tuple[Slot | Ellipse, ...]:
        """The slot, followed by the pores if `pores`."""
        return (self.slot, *self.pores) if pores else (self.slot,)
