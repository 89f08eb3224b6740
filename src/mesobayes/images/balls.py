# SPDX-License-Identifier: GPL-3.0-or-later
"""Discs and spheres found in a periodic two-phase image.

A ball of radius r lies where the correlation of the image with a ball of r pixels is nearly its volume. The
largest radius comes first, and what overlaps a ball that was found is no candidate any more. Each pixel of
the inclusions then belongs to the nearest surface, and centres (and radii, where they differ) become those of
the pixels that a ball owns. In the end the balls are painted again: where they are not the image, they were
not found.

Images are (y, x) or (z, y, x), coordinates (x, y[, z]) in pixels, pixel `i` has its centre at `i + 1/2`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mesobayes.geometry.packing import ball_volume

_COVERED = 0.85  # of a ball, from which on it is a candidate
_OVERLAP = 1.5  # pixels by which two balls in an image may seem to overlap
_SWEEPS = 3
_MARGIN = 1.5  # pixels around a ball in which a pixel may be its own


@dataclass(frozen=True)
class Balls:
    """Balls of a periodic image.

    Attributes:
        centres: (n, d) ordered (x, y[, z]), in pixels, inside the cell.
        radii: (n,) in pixels.
        owner: of the image's shape, number of the ball that an inclusion pixel belongs to; -1 elsewhere.
        misfit: pixels in which the painted balls and the image differ, as a share of the inclusions.
    """

    centres: NDArray[np.float64]
    radii: NDArray[np.float64]
    owner: NDArray[np.int32]
    misfit: float


def find_balls(image: NDArray[np.bool_], radius_min: float, radius_max: float) -> Balls:
    """Find separate balls whose radii lie in a range; one radius is taken as exact.

    Whether they are what the image shows is for `misfit` to say.
    """
    image = np.asarray(image, bool)
    centres, radii = _candidates(image, radius_min, radius_max)
    known = radius_min == radius_max
    for _ in range(_SWEEPS):
        _, pixels, numbers = _owned(image, centres, radii)
        centres, volume = _centroids(image.shape, centres, pixels, numbers)
        if not known:
            radii = np.maximum(_radius(volume, image.ndim), radius_min / 2)
    owner, _, _ = _owned(image, centres, radii)
    painted = _owned(np.ones_like(image), centres, radii, margin=0.0)[0] >= 0
    differing = int(np.count_nonzero(painted != image))
    return Balls(centres, radii, owner, float(differing / max(1, int(np.count_nonzero(image)))))


def _candidates(image: NDArray, radius_min: float, radius_max: float) -> tuple[NDArray, NDArray]:
    """Centres (n, d) and radii (n,) of the balls that fit, largest first."""
    d, edges = image.ndim, np.array(image.shape[::-1])
    spectrum = np.fft.rfftn(image)
    centres, radii = np.empty((0, d)), np.empty(0)
    for radius in np.arange(radius_max, radius_min - 1e-9, -1.0):
        kernel, volume = _kernel(image.shape, float(radius))
        covered = np.fft.irfftn(spectrum * kernel, image.shape, axes=range(d)) / volume
        candidates = np.flatnonzero(covered >= _COVERED)
        candidates = candidates[np.argsort(-covered.flat[candidates], kind="stable")]
        places = np.stack(np.unravel_index(candidates, image.shape)[::-1], axis=1) + 0.5
        places = places[_apart(places, centres, edges, radii + radius)] if len(centres) else places
        while len(places):
            centres, radii = np.vstack([centres, places[:1]]), np.append(radii, radius)
            places = places[_apart(places, places[:1], edges, np.array([2 * radius]))]
    return centres, radii


def _apart(places: NDArray, centres: NDArray, edges: NDArray, reach: NDArray) -> NDArray[np.bool_]:
    """Places (m, d) at least `reach` (n,) from all centres (n, d), but for what pixels may hide."""
    apart = places[:, None] - centres
    apart -= edges * np.round(apart / edges)
    return np.all(np.sum(apart**2, axis=-1) > np.maximum(reach - _OVERLAP, 1.0) ** 2, axis=1)


@lru_cache(maxsize=32)
def _kernel(shape: tuple[int, ...], radius: float) -> tuple[NDArray, int]:
    """Spectrum of a ball about the centre of the first pixel, and its pixels."""
    squares = [np.minimum(np.arange(n), n - np.arange(n)) ** 2 for n in shape]
    distance = np.add.reduce(np.meshgrid(*squares, indexing="ij"))
    ball = distance <= radius**2
    return np.fft.rfftn(ball).real, int(np.count_nonzero(ball))


def _owned(
    image: NDArray, centres: NDArray, radii: NDArray, margin: float = _MARGIN
) -> tuple[NDArray[np.int32], NDArray, NDArray]:
    """Owner of every pixel, and of the pixels that are owned their offsets (m, d) and balls (m,).

    An offset leads from the pixel in which a ball has its centre, without regard to the edge of the cell.
    """
    d, edges = image.ndim, np.array(image.shape[::-1])
    owner = np.full(image.shape, -1, np.int32)
    if not len(radii):
        return owner, np.empty((0, d)), np.empty(0, np.int64)
    offsets = _offsets(d, float(np.ceil(radii.max() + margin + 1)))  # (k, d)
    base = np.floor(centres).astype(np.int64)
    places = (base[:, None] + offsets) % edges
    flat = np.ravel_multi_index(tuple(np.moveaxis(places[..., ::-1], -1, 0)), image.shape)  # (n, k)
    gap = np.linalg.norm(offsets + (base + 0.5 - centres)[:, None], axis=-1) - radii[:, None]
    number, step = np.nonzero((gap <= margin) & image.reshape(-1)[flat])
    gap, flat = gap[number, step], flat[number, step]
    farthest_first = np.argsort(-gap, kind="stable")
    owner.reshape(-1)[flat[farthest_first]] = number[farthest_first]  # the last one stays
    mine = owner.reshape(-1)[flat] == number
    return owner, offsets[step[mine]], number[mine]


def _centroids(
    shape: tuple[int, ...], centres: NDArray, offsets: NDArray, numbers: NDArray
) -> tuple[NDArray, NDArray]:
    """Centroids (n, d) and numbers of pixels (n,) of what the balls own; a ball without pixels stays."""
    count = np.bincount(numbers, minlength=len(centres)).astype(float)
    sums = [np.bincount(numbers, column, len(centres)) for column in offsets.T]
    mean = np.stack(sums, axis=1) / np.maximum(count, 1.0)[:, None]
    moved = np.where(count[:, None] > 0, np.floor(centres) + 0.5 + mean, centres)
    return moved % np.array(shape[::-1]), count


def _radius(volume: NDArray, dimension: int) -> NDArray:
    """Radius of a ball of that many pixels."""
    return (volume / ball_volume(1.0, dimension)) ** (1.0 / dimension)


@lru_cache(maxsize=16)
def _offsets(dimension: int, reach: float) -> NDArray[np.int64]:
    """Whole vectors (k, d) no longer than `reach`."""
    line = np.arange(-int(reach), int(reach) + 1)
    grid = np.stack(np.meshgrid(*[line] * dimension, indexing="ij"), axis=-1).reshape(-1, dimension)
    return grid[np.sum(grid**2, axis=1) <= reach**2]
