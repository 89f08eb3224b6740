# SPDX-License-Identifier: GPL-3.0-or-later
"""Spheres in a periodic cube, seen from outside in parallel projection and cut at the faces of the cube."""

from __future__ import annotations

from itertools import product

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from numpy.typing import NDArray

from mesobayes.drawing.style import BLACK, BLUE, SKY

_AZIMUTH, _ELEVATION = np.deg2rad(-60.0), np.deg2rad(24.0)
_LIGHT = np.array([0.25, -0.75, 0.62])  # towards it
_WALLS = (0.88, 0.93, 0.97)  # grey of the inner faces across x, y, z
_PIXELS = 900  # along the longer edge of the picture


def draw_spheres(axes: Axes, centres: NDArray, radii: NDArray, side: float) -> None:
    """Draw the spheres (n, 3), (n,) of a periodic cube; what a face cuts is darker and flat."""
    right, up, towards = _view()
    corners = np.array(list(product((0.0, side), repeat=3)))
    flat = np.stack([corners @ right, corners @ up], axis=1)
    low, high = flat.min(axis=0), flat.max(axis=0)
    step = float(np.max(high - low)) / _PIXELS
    s = np.arange(low[0], high[0], step) + 0.5 * step
    t = np.arange(low[1], high[1], step) + 0.5 * step
    picture = render_spheres(s, t, centres, radii, side)
    axes.imshow(picture, extent=(s[0] - step / 2, s[-1] + step / 2, t[0] - step / 2, t[-1] + step / 2))
    hidden = corners[np.argmin(corners @ towards)]
    for i, a in enumerate(corners):
        for b in corners[i + 1 :]:
            if np.count_nonzero(a != b) == 1 and not (np.array_equal(a, hidden) or np.array_equal(b, hidden)):
                ends = np.array([a, b])
                axes.plot(ends @ right, ends @ up, color=BLACK, linewidth=0.8)
    for name, axis in zip("xyz", np.eye(3), strict=True):
        start = _label_edge(name, side)
        middle = start + 0.5 * side * axis
        outward = middle - side / 2
        at = middle + 0.1 * outward
        axes.text(at @ right, at @ up, name, ha="center", va="center")
    margin = 0.07 * (high - low)
    axes.set(xlim=(low[0] - margin[0], high[0] + margin[0]), ylim=(low[1] - margin[1], high[1] + margin[1]))
    axes.set_aspect("equal")
    axes.set_axis_off()


def render_spheres(
    s: NDArray, t: NDArray, centres: NDArray, radii: NDArray, side: float
) -> NDArray[np.float64]:
    """Colours (t, s, 3) in 0 to 1 at the places s (along the page) and t (up) of the projection."""
    right, up, towards = _view()
    origin = s[None, :, None] * right + t[:, None, None] * up  # (t, s, 3)
    with np.errstate(divide="ignore"):
        slabs = np.stack([-origin / towards, (side - origin) / towards])
    enter, leave = slabs.max(axis=0), slabs.min(axis=0)  # along every axis, seen from outside
    front, back = enter.min(axis=-1), leave.max(axis=-1)
    face, wall = enter.argmin(axis=-1), leave.argmax(axis=-1)
    picture = np.ones((*front.shape, 3))
    inside = front > back
    picture[inside] = np.array(_WALLS)[wall[inside]][:, None]
    depth = np.where(inside, back, np.inf)
    light = _LIGHT / np.linalg.norm(_LIGHT)
    ball, cut = np.array(to_rgb(SKY)), np.array(to_rgb(BLUE))
    for centre, radius in _copies(centres, radii, side):
        cs, ct, cw = centre @ right, centre @ up, centre @ towards
        columns = slice(*np.searchsorted(s, (cs - radius, cs + radius)))
        rows = slice(*np.searchsorted(t, (ct - radius, ct + radius)))
        ds, dt = s[columns][None, :] - cs, t[rows][:, None] - ct
        square = radius**2 - ds**2 - dt**2
        height = np.sqrt(np.maximum(square, 0.0))
        top = np.minimum(cw + height, front[rows, columns])
        seen = (
            (square > 0) & (top > np.maximum(cw - height, back[rows, columns])) & (top > depth[rows, columns])
        )
        if not seen.any():
            continue
        normal = (ds[..., None] * right + dt[..., None] * up + height[..., None] * towards) / radius
        shade = 0.42 + 0.58 * np.clip(normal @ light, 0.0, None)
        colours = shade[..., None] * ball
        flat = cw + height > front[rows, columns]
        facing = 0.55 + 0.45 * np.clip(
            light[face[rows, columns]] * np.sign(towards[face[rows, columns]]), 0, None
        )
        colours[flat] = (facing[..., None] * cut)[flat]
        picture[rows, columns][seen] = colours[seen]
        depth[rows, columns][seen] = top[seen]
    return np.clip(picture, 0.0, 1.0)


def _view() -> tuple[NDArray, NDArray, NDArray]:
    """Unit vectors to the right, up, and towards the eye."""
    a, e = _AZIMUTH, _ELEVATION
    right = np.array([-np.sin(a), np.cos(a), 0.0])
    up = np.array([-np.sin(e) * np.cos(a), -np.sin(e) * np.sin(a), np.cos(e)])
    return right, up, np.cross(right, up)


def _copies(centres: NDArray, radii: NDArray, side: float) -> list[tuple[NDArray, float]]:
    """All periodic images of the spheres that reach into the cube."""
    found = []
    for shift in product((-side, 0.0, side), repeat=3):
        moved = centres + np.array(shift)
        reach = np.all((moved > -radii[:, None]) & (moved < side + radii[:, None]), axis=1)
        found += list(zip(moved[reach], radii[reach].tolist(), strict=True))
    return found


def _label_edge(name: str, side: float) -> NDArray:
    """Where the edge that carries the name of an axis begins."""
    return {
        "x": np.array([0.0, 0.0, 0.0]),
        "y": np.array([side, 0.0, 0.0]),
        "z": np.array([0.0, 0.0, 0.0]),
    }[name]
