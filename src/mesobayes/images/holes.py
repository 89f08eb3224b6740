# SPDX-License-Identifier: GPL-3.0-or-later
"""Pores read from the images that a network sees: ellipses fitted to the area fraction of void.

A large hole is one that the macroscopic problem has: its macroscopic stress is zero. All other void is pores.
A pore is a component of void pixels that share edges. All pores of an image are fitted at once, by
Gauss-Newton steps on the squared difference between the void fraction v and the model, so that pixels which
two pores share belong to both. A component that no ellipse fits is split along its long axis: touching pores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation, label

from mesobayes.geometry.pores import FloatArray, Pores

BoolArray = NDArray[np.bool_]

_STEPS = 5
_SAMPLES = 3  # of a pixel, along each axis
_ROUND = 1.04  # below this aspect ratio a pore counts as a circle
_MISFIT = 0.06  # mean |v - model| over the area of the pore above which it is split
_SPLITS = 2  # rounds of splitting, so at most four pores of one component
_ALL_AROUND = np.ones((3, 3), bool)


def large_holes(macro_stress: NDArray) -> BoolArray:
    """True (y, x) where macroscopic stress (..., y, x) is zero in every component."""
    return np.all(macro_stress == 0, axis=tuple(range(macro_stress.ndim - 2)))


def find_pores(solid: NDArray, coverage: NDArray, large: BoolArray, radius: float) -> Pores:
    """Pores of an image, in pixels.

    Args:
        solid: (y, x), true in material.
        coverage: (y, x), area fraction of material.
        large: (y, x), true in the holes that the macroscopic problem has.
        radius: R in pixels. A pore that the border of the image cuts is fitted as a circle of this radius.
    """
    components, count = label(~np.asarray(solid, bool) & ~large)
    if count == 0:
        return Pores.of(())
    void = 1.0 - np.asarray(coverage, float)
    weight = ~binary_dilation(large, _ALL_AROUND)  # void of a large hole is none of a pore's
    pores, cut = _first_guess(components, count, radius)
    for round_ in range(_SPLITS + 1):
        pores, misfit = _fit(pores, cut, void, weight)
        # a cut or tiny pore is left as it is
        split = (misfit > _MISFIT) & ~cut & (pores.a * pores.b > radius**2)
        if round_ == _SPLITS or not split.any():
            break
        pores, cut = _split(pores, cut, split)
    return _rounded(pores)


def void_image(pores: Pores, shape: tuple[int, int]) -> FloatArray:
    """Area fraction (y, x) of the pores in every pixel; the sum where pixels are shared, at most 1."""
    image = np.zeros(shape)
    if len(pores):
        windows = _Windows.around(pores, shape)
        windows.add(image, _render(pores, windows).fraction)
    return np.minimum(image, 1.0)


@dataclass(frozen=True)
class _Windows:
    """One square window of pixels a pore: rows and columns (pore, pixel), and which lie in the image."""

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    inside: BoolArray

    @staticmethod
    def around(pores: Pores, shape: tuple[int, int]) -> _Windows:
        half = int(np.ceil(pores.a.max() + 1.5))
        steps = np.arange(-half, half + 1)
        y, x = (grid.ravel() for grid in np.meshgrid(steps, steps, indexing="ij"))
        rows = np.rint(pores.centre.imag).astype(int)[:, None] + y
        columns = np.rint(pores.centre.real).astype(int)[:, None] + x
        inside = (rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])
        return _Windows(np.clip(rows, 0, shape[0] - 1), np.clip(columns, 0, shape[1] - 1), inside)

    def add(self, image: FloatArray, values: FloatArray) -> None:
        """Add values (pore, pixel) to the image in place."""
        np.add.at(image, (self.rows, self.columns), np.where(self.inside, values, 0.0))


@dataclass(frozen=True)
class _Rendering:
    """Void fraction of every pore alone, (pore, pixel of its window), its derivatives (pore, pixel, 5)."""

    fraction: FloatArray
    gradient: FloatArray


def _first_guess(components: NDArray, count: int, radius: float) -> tuple[Pores, BoolArray]:
    """Circles of the area of each component at its centre; and which are cut by the border."""
    rows, columns = np.nonzero(components)
    owner = components[rows, columns] - 1
    area = np.bincount(owner, minlength=count).astype(float)
    centre = np.bincount(owner, columns, count) / area + 1j * np.bincount(owner, rows, count) / area
    height, width = components.shape
    border = (rows == 0) | (columns == 0) | (rows == height - 1) | (columns == width - 1)
    cut = np.bincount(owner, border, count) > 0
    size = np.where(cut, radius, np.maximum(np.sqrt(area / np.pi), 0.4))
    for direction in (1, 1j):  # a cut circle reaches as far into the image as its component
        side = columns if direction == 1 else rows
        last = width - 1 if direction == 1 else height - 1
        low, high = np.full(count, last), np.zeros(count, int)
        np.minimum.at(low, owner, side)
        np.maximum.at(high, owner, side)
        place = np.where(low == 0, high + 0.5 - radius, np.where(high == last, low - 0.5 + radius, np.nan))
        now = centre.real if direction == 1 else centre.imag
        centre = centre + direction * np.where(cut & np.isfinite(place), place - now, 0.0)
    return Pores(centre, size, size.copy(), np.zeros(count)), cut


def _fit(pores: Pores, cut: BoolArray, void: FloatArray, weight: BoolArray) -> tuple[Pores, FloatArray]:
    """Fitted pores, and mean misfit of each over its area."""
    state = _parameters(pores)
    free = np.where(cut[:, None], [1.0, 1.0, 0.0, 0.0, 0.0], 1.0)  # (pore, 5)
    for step in range(_STEPS + 1):
        pores = _pores(state)
        windows = _Windows.around(pores, void.shape)
        made = _render(pores, windows)
        total = np.zeros(void.shape)
        windows.add(total, made.fraction)
        seen = windows.inside & weight[windows.rows, windows.columns]
        own = seen & (np.abs(made.gradient).max(axis=-1) > 0) | (seen & (made.fraction > 0))
        residual = np.where(own, (void - np.minimum(total, 1.0))[windows.rows, windows.columns], 0.0)
        if step == _STEPS:
            return pores, np.abs(residual).sum(axis=1) / (np.pi * pores.a * pores.b)
        slope = np.where(own[..., None], made.gradient, 0.0) * free[:, None, :]
        normal = np.einsum("npi,npj->nij", slope, slope)
        trace = np.trace(normal, axis1=1, axis2=2)[:, None, None]
        normal += (1e-4 * trace + 1e-9) * np.eye(5)
        change = np.linalg.solve(normal, np.einsum("npi,np->ni", slope, residual)[..., None])[..., 0]
        state = state + _limited(change, pores)
    raise AssertionError  # the loop returns


def _limited(change: FloatArray, pores: Pores) -> FloatArray:
    """No step longer than half of the short axis."""
    largest = np.maximum(np.abs(change).max(axis=1), 1e-12)
    return change * np.minimum(1.0, 0.5 * pores.b / largest)[:, None]


def _parameters(pores: Pores) -> FloatArray:
    """Centre x, y, mean radius s and the elongation p + iq = ½ (a - b) exp(2i angle), (pore, 5)."""
    elongation = 0.5 * (pores.a - pores.b) * pores.axis**2
    return np.stack(
        [pores.centre.real, pores.centre.imag, pores.mean_radius, elongation.real, elongation.imag], axis=1
    )


def _pores(state: FloatArray) -> Pores:
    x, y, size, p, q = state.T
    size = np.maximum(size, 0.3)
    stretch = np.minimum(np.hypot(p, q), 0.6 * size)
    return Pores(x + 1j * y, size + stretch, size - stretch, 0.5 * np.arctan2(q, p))


def _render(pores: Pores, windows: _Windows) -> _Rendering:
    """Void fraction by the distance of sub-pixels from the edge, and its derivatives by `_parameters`.

    The edge at eccentric anomaly t moves along its normal n by n · δc when the centre moves, by δs when the
    mean radius grows, and nearly by cos 2(φ - angle') of the elongation, φ the direction of the normal.
    """
    size = 1.0 / _SAMPLES
    shifts = (np.arange(_SAMPLES) + 0.5) * size - 0.5
    offset = (shifts[:, None] + 1j * shifts[None, :]).ravel()
    place = windows.columns + 1j * windows.rows - pores.centre[:, None]
    local = (place[..., None] + offset) * pores.axis.conj()[:, None, None]
    a, b = pores.a[:, None, None], pores.b[:, None, None]
    slope = local.real / a**2 + 1j * local.imag / b**2
    root = np.sqrt(np.maximum(local.real * slope.real + local.imag * slope.imag, 1e-12))
    steep = np.maximum(np.abs(slope), 1e-9)
    distance = (root - 1.0) * root / steep
    fraction = np.clip(0.5 - distance * _SAMPLES, 0.0, 1.0)
    on_edge = (np.abs(distance) < 0.5 * size) * _SAMPLES
    normal = slope / steep * pores.axis[:, None, None]
    double = normal**2
    gradient = np.stack(
        [on_edge * part for part in (normal.real, normal.imag, 1.0, double.real, double.imag)], axis=-1
    )
    return _Rendering(fraction.mean(axis=2), gradient.mean(axis=2))


def _split(pores: Pores, cut: BoolArray, split: BoolArray) -> tuple[Pores, BoolArray]:
    """Put two circles along the long axis in the place of each marked pore."""
    old, long = pores.take(~split), pores.take(split)
    size = np.maximum(np.sqrt(0.5 * long.a * long.b), 0.4)
    shift = 0.5 * long.a * long.axis
    centre = np.concatenate([old.centre, long.centre - shift, long.centre + shift])
    a, b = (np.concatenate([kept, size, size]) for kept in (old.a, old.b))
    angle = np.concatenate([old.angle, np.zeros(2 * len(size))])
    return Pores(centre, a, b, angle), np.concatenate([cut[~split], np.zeros(2 * len(size), bool)])


def _rounded(pores: Pores) -> Pores:
    """Circles of the same area in the place of pores that are round within the error of the fit."""
    flat = pores.a > _ROUND * pores.b
    size = np.sqrt(pores.a * pores.b)
    return Pores(
        pores.centre,
        np.where(flat, pores.a, size),
        np.where(flat, pores.b, size),
        np.where(flat, pores.angle, 0.0),
    )
