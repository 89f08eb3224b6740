# SPDX-License-Identifier: GPL-3.0-or-later
"""Random plates: large ellipses and small pores by random sequential addition.

The papers print the number of ellipses only. Semi-axes, counts and gaps are choices of the configuration; a
shape of pores other than circles makes the family whose microstructure the training never saw.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from mesobayes.geometry.distance import bounding_circles_apart, gap
from mesobayes.geometry.plate import Ellipse, Plate
from mesobayes.geometry.settings import PlateFamily

_RESTARTS = 20
_TRIES_PER_SHAPE = 200


class PlacementError(RuntimeError):
    """The shapes of a family do not fit into its plate.

    >>> from mesobayes.geometry import PlateFamily
    >>> crowded = PlateFamily("crowded", side=30.0, n_pores_min=200, n_pores_max=200)
    >>> sample_plate(crowded, np.random.default_rng(0))
    Traceback (most recent call last):
    mesobayes.geometry.sampling.PlacementError: Family 'crowded': 3 ellipses of ...
    """


def sample_plate(family: PlateFamily, rng: np.random.Generator) -> Plate:
    """Draw one plate of the family.

    Raises PlacementError if the shapes found no place in several fresh starts.

    >>> from mesobayes.geometry import PlateFamily
    >>> family = PlateFamily("small", side=30.0, n_ellipses=1, n_pores_min=5, n_pores_max=5)
    >>> plate = sample_plate(family, np.random.default_rng(0))
    >>> len(plate.ellipses), len(plate.pores)
    (1, 5)
    """
    for _ in range(_RESTARTS):
        holes: list[Ellipse] = []
        n_pores = int(rng.integers(family.n_pores_min, family.n_pores_max + 1))
        if _place(holes, family.n_ellipses, lambda: _draw_ellipse(family, rng), family) and _place(
            holes, n_pores, lambda: _draw_pore(family, rng), family
        ):
            return Plate(family.side, tuple(holes[: family.n_ellipses]), tuple(holes[family.n_ellipses :]))
    inner = family.side - 2 * family.margin
    mean_axis = 0.5 * (family.semi_axis_min + family.semi_axis_max)
    area = family.n_ellipses * math.pi * mean_axis**2 + 0.5 * math.pi * (
        family.n_pores_min + family.n_pores_max
    )
    raise PlacementError(
        f"Family '{family.name}': {family.n_ellipses} ellipses of semi-axes {family.semi_axis_min:g}-"
        f"{family.semi_axis_max:g} R and {family.n_pores_min}-{family.n_pores_max} pores with gaps of "
        f"{family.gap_min:g} R (about {100 * area / inner**2:.0f} % of the central square of {inner:g} R) "
        f"found no place in {_RESTARTS} starts; lower n_pores_max, semi_axis_max or gap_min, or raise side."
    )


def _place(holes: list[Ellipse], count: int, draw: Callable[[], Ellipse | None], family: PlateFamily) -> bool:
    """Append `count` shapes that keep the gap to all before them; False if one found no place."""
    for _ in range(count):
        for _ in range(_TRIES_PER_SHAPE):
            shape = draw()
            if shape is not None and _keeps_gap(shape, holes, family.gap_min):
                holes.append(shape)
                break
        else:
            return False
    return True


def _keeps_gap(shape: Ellipse, holes: list[Ellipse], gap_min: float) -> bool:
    return all(bounding_circles_apart(shape, hole, gap_min) or gap(hole, shape) >= gap_min for hole in holes)


def _draw_ellipse(family: PlateFamily, rng: np.random.Generator) -> Ellipse | None:
    a, b = rng.uniform(family.semi_axis_min, family.semi_axis_max, size=2)
    return _inside(Ellipse(0.0, 0.0, float(a), float(b), float(rng.uniform(0.0, 180.0))), family, rng)


def _draw_pore(family: PlateFamily, rng: np.random.Generator) -> Ellipse | None:
    if family.pore_aspect_max == 1.0:
        return _inside(Ellipse(0.0, 0.0, 1.0, 1.0), family, rng)
    root = math.sqrt(rng.uniform(1.0, family.pore_aspect_max))
    return _inside(Ellipse(0.0, 0.0, root, 1.0 / root, float(rng.uniform(0.0, 180.0))), family, rng)


def _inside(shape: Ellipse, family: PlateFamily, rng: np.random.Generator) -> Ellipse | None:
    """The shape at a uniform random place of the central square, or None if it is too large for it."""
    half = 0.5 * family.side - family.margin
    width, height = shape.half_extent
    u, v = rng.uniform(-1.0, 1.0, size=2)
    if width > half or height > half:
        return None
    return Ellipse(float(u * (half - width)), float(v * (half - height)), shape.a, shape.b, shape.angle)
