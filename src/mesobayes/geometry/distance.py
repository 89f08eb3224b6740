# SPDX-License-Identifier: GPL-3.0-or-later
"""Distances between points and ellipses and gaps between two ellipses."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from mesobayes.geometry.plate import Ellipse, FloatArray

_NEWTON_STEPS = 25
_COARSE_POINTS = 96
_ZOOM_LEVELS = 4


def signed_distance(ellipse: Ellipse, x: ArrayLike, y: ArrayLike) -> FloatArray:
    """Distance of the points (x, y) from the ellipse, negative inside.

    The foot of the perpendicular is (a²ξ/(λ+a²), b²η/(λ+b²)) with the largest root λ of

        (aξ/(λ+a²))² + (bη/(λ+b²))² = 1,        a ≥ b.

    Newton's method on the reciprocal root of the left side, which is nearly linear in λ, converges
    monotonically from the left in a few steps.
    """
    xi, eta = (np.abs(value) for value in ellipse.to_axes(x, y))
    if ellipse.is_circle:
        return np.hypot(xi, eta) - ellipse.a
    if ellipse.a < ellipse.b:
        xi, eta = eta, xi
    a, b = max(ellipse.a, ellipse.b), min(ellipse.a, ellipse.b)
    xi, eta = np.maximum(xi, 1e-7 * a), np.maximum(eta, 1e-7 * b)
    multiplier = np.maximum(b * eta - b * b, a * xi - a * a)
    for _ in range(_NEWTON_STEPS):
        p, q = a * xi / (multiplier + a * a), b * eta / (multiplier + b * b)
        square = p * p + q * q
        slope = p * p / (multiplier + a * a) + q * q / (multiplier + b * b)
        multiplier = multiplier + square * (np.sqrt(square) - 1.0) / slope
    foot_xi, foot_eta = a * a * xi / (multiplier + a * a), b * b * eta / (multiplier + b * b)
    distance = np.hypot(xi - foot_xi, eta - foot_eta)
    return np.where(ellipse.level(x, y) < 1.0, -distance, distance)


def gap(first: Ellipse, second: Ellipse) -> float:
    """Shortest distance between two boundaries; negative if the ellipses overlap or one holds the other."""
    if first.is_circle and not second.is_circle:
        first, second = second, first
    if second.is_circle:
        return float(signed_distance(first, second.cx, second.cy)) - second.a
    if first.contains(second.cx, second.cy) or second.contains(first.cx, first.cy):
        return -min(first.a, first.b, second.a, second.b)
    centre, half_width = math.pi, math.pi
    nearest = math.inf
    for _ in range(_ZOOM_LEVELS):  # sample the first boundary, then zoom in on its nearest point
        t = np.linspace(centre - half_width, centre + half_width, _COARSE_POINTS + 1)
        distance = signed_distance(second, *first.point(t).T)
        best = int(np.argmin(distance))
        nearest, centre, half_width = float(distance[best]), float(t[best]), 4.0 * half_width / _COARSE_POINTS
    return nearest


def bounding_circles_apart(first: Ellipse, second: Ellipse, distance: float) -> bool:
    """True if the circumscribed circles already guarantee a gap of at least `distance`."""
    reach = max(first.a, first.b) + max(second.a, second.b) + distance
    return math.hypot(first.cx - second.cx, first.cy - second.cy) >= reach
