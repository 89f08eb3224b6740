# SPDX-License-Identifier: GPL-3.0-or-later
"""The macroscopic field at the pores: quadratics fitted to the image around each of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mesobayes.analytic.potentials import Stress
from mesobayes.geometry.pores import ComplexArray, Pores

_WIDTH, _REACH = 1.2, 2.0  # standard deviation and cut-off of the Gaussian weight, in R
_RIDGE = 1e-6


def fitted_stress(
    macro_stress: NDArray, large: NDArray, pores: Pores, points: ComplexArray, radius: float
) -> Stress:
    """Macroscopic stress (pore, point, load) at points (pore, point), by weighted least squares.

    The macroscopic field passes smoothly through the pores, which it does not know. Pixels of large holes
    have no stress and no weight.

    Args:
        macro_stress: (load, component, y, x), components xx, yy, xy.
        large: (y, x), true in the large holes.
        pores, points: in pixels.
        radius: R in pixels.
    """
    height, width = large.shape
    half = int(np.ceil(_REACH * radius))
    steps = np.arange(-half, half + 1)
    y, x = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
    rows = np.rint(pores.centre.imag).astype(int)[:, None] + y
    columns = np.rint(pores.centre.real).astype(int)[:, None] + x
    place = (columns + 1j * rows - pores.centre[:, None]) / radius
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows, columns = np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)
    distance = np.abs(place)
    weight = np.where(
        inside & (distance <= _REACH) & ~large[rows, columns], np.exp(-0.5 * (distance / _WIDTH) ** 2), 0.0
    )
    terms = _terms(place)  # (pore, pixel, 6)
    weighted = terms * weight[..., None]
    values = macro_stress[:, :, rows, columns].reshape(-1, *rows.shape)  # (load and component, pore, pixel)
    normal = np.matmul(weighted.swapaxes(1, 2), terms)
    normal += _RIDGE * weight.sum(axis=1)[:, None, None] * np.eye(6) + 1e-12 * np.eye(6)
    right = np.matmul(weighted.swapaxes(1, 2), np.moveaxis(values, 0, -1))  # (pore, 6, load and component)
    coefficients = np.linalg.solve(normal, right)
    at_points = np.matmul(_terms((points - pores.centre[:, None]) / radius), coefficients)
    components = at_points.reshape(*points.shape, *macro_stress.shape[:2])  # (pore, point, load, component)
    return Stress.of(np.moveaxis(components, -1, 0))


def _terms(place: ComplexArray) -> NDArray:
    """Values of 1, x, y, x², xy, y² on a new last axis."""
    x, y = place.real, place.imag
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
