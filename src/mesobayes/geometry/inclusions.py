# SPDX-License-Identifier: GPL-3.0-or-later
"""Periodic random sets of discs and spheres: families, target volume fractions and pixel images.

Aldakheel et al. 2023, section 4.1: circular (spherical) inclusions of one or several radii, with or without
overlap, placed by random sequential addition in a periodic cell. Lengths are in pixels; pixel `i` has its
centre at `i + 1/2`; images are (y, x) or (z, y, x), coordinates of centres are ordered (x, y[, z]).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mesobayes.geometry.packing import ball_volume, pack_periodic
from mesobayes.geometry.settings import InclusionFamily


@dataclass(frozen=True)
class InclusionCell:
    """One periodic cell.

    Attributes:
        centres: (n, d) centres, ordered (x, y[, z]), in pixels, inside [0, side).
        radii: (n,) radii in pixels.
        side: edge length in pixels.
        target_fraction: the volume fraction asked for.
        fraction: the volume fraction reached: of the shapes, or of the pixels if the shapes overlap.
        saturated: no further inclusion could be placed anywhere before the target was reached.
    """

    centres: np.ndarray
    radii: np.ndarray
    side: int
    target_fraction: float
    fraction: float
    saturated: bool

    def image(self) -> np.ndarray:
        """Boolean pixels (y, x) or (z, y, x): True where the centre of the pixel lies in an inclusion."""
        image = np.zeros((self.side,) * self.centres.shape[1], bool)
        for centre, radius in zip(self.centres, self.radii, strict=True):
            paint_ball(image, centre, radius)
        return image


def sample_fractions(family: InclusionFamily, rng: np.random.Generator, count: int) -> np.ndarray:
    """Draw (count,) target volume fractions from the family's law."""
    quantile = rng.random(count)
    span = family.fraction_max - family.fraction_min
    if family.sampler == "exponential":  # exp(-t / scale) on 0 <= t <= 1, by the inverse of its distribution
        scale = family.exponential_scale
        quantile = -scale * np.log1p(-quantile * -np.expm1(-1.0 / scale))
    return family.fraction_min + span * quantile


def sample_cell(
    family: InclusionFamily, rng: np.random.Generator, fraction: float | None = None
) -> InclusionCell:
    """Draw one periodic cell at a target volume fraction, exact to half of its last inclusion.

    The target is drawn from the family's law unless `fraction` is given. A cell that saturates first is
    returned with what it reached and `saturated` set; nothing is retried.
    """
    target = float(sample_fractions(family, rng, 1)[0] if fraction is None else fraction)
    if family.overlap:
        return _sample_overlapping(family, rng, target)
    radii = _radii_for_fraction(family, rng, target)
    centres, saturated = pack_periodic(radii, family.side, family.dimension, rng)
    radii = radii[: len(centres)]
    reached = float(ball_volume(radii, family.dimension).sum()) / family.side**family.dimension
    return InclusionCell(centres, radii, family.side, target, reached, saturated)


def _radii_for_fraction(family: InclusionFamily, rng: np.random.Generator, target: float) -> np.ndarray:
    """Radii whose summed volume is nearest to the target, largest first (large ones find no room late)."""
    cell = family.side**family.dimension
    bound = int(np.ceil(target * cell / ball_volume(family.radius_min, family.dimension))) + 1
    radii = rng.uniform(family.radius_min, family.radius_max, bound)
    volume = np.concatenate([[0.0], np.cumsum(ball_volume(radii, family.dimension))])
    count = int(np.argmin(np.abs(volume - target * cell)))
    return np.sort(radii[:count])[::-1]


def _sample_overlapping(family: InclusionFamily, rng: np.random.Generator, target: float) -> InclusionCell:
    """Add inclusions anywhere until the pixels reach the target, or come as near to it as they can."""
    image = np.zeros(family.shape, bool)
    wanted, painted = target * image.size, 0
    centres: list[np.ndarray] = []
    radii: list[float] = []
    while painted < wanted:
        centre = rng.uniform(0, family.side, family.dimension)
        radius = rng.uniform(family.radius_min, family.radius_max)
        added = paint_ball(image, centre, radius)
        if painted + added - wanted > wanted - painted:
            break
        painted += added
        centres.append(centre)
        radii.append(radius)
    return InclusionCell(
        np.asarray(centres).reshape(-1, family.dimension),
        np.asarray(radii, float),
        family.side,
        target,
        painted / image.size,
        False,
    )


def paint_ball(image: np.ndarray, centre: np.ndarray, radius: float) -> int:
    """Set the pixels of a periodic ball in place; return how many were not set before."""
    side = image.shape[0]
    squares, indices = [], []
    for coordinate in centre[::-1]:  # (x, y[, z]) -> axes ([z,] y, x)
        pixel = np.arange(int(np.floor(coordinate - radius)), int(np.ceil(coordinate + radius)) + 1)
        squares.append((pixel + 0.5 - coordinate) ** 2)
        indices.append(pixel % side)
    distance = squares[0][:, None] + squares[1]
    if len(squares) == 3:
        distance = distance[:, :, None] + squares[2]
    window = np.ix_(*indices)
    new = (distance <= radius**2) & ~image[window]
    image[window] |= new
    return int(np.count_nonzero(new))
