# SPDX-License-Identifier: GPL-3.0-or-later
"""What many figures share: porous bars in three dimensions, legends, the note at the foot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from mesobayes.drawing.style import BLACK, GREY


class Layer(NamedTuple):
    """Voxels (x, y, z) of one colour; opacity of their faces."""

    voxels: NDArray[np.bool_]
    colour: Any
    alpha: float = 0.9


DEPTH = (0.42, 0.26)  # how far one voxel of depth (y) moves right and up on the page
_SHADES = {"front": 1.0, "top": 1.25, "side": 0.75}
_ARROW = 0.14  # of a load, as a share of the height of the bar
_LENGTHS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # of scale bars, mm


def bar_axes(figure: Figure, place: Any) -> Axes:
    """Axes for a standing bar as in the paper: x to the right, y into the page, z and the load upwards."""
    axes = figure.add_subplot(place)
    axes.set_axis_off()
    axes.set_aspect("equal")
    return axes


def project(x: NDArray, y: NDArray, z: NDArray) -> NDArray[np.floating]:
    """Points on the page (..., 2) in an oblique parallel projection."""
    return np.stack([x + DEPTH[0] * y, z + DEPTH[1] * y], axis=-1)


def draw_bar(axes: Axes, shape: tuple[int, ...], layers: Sequence[Layer], title: str = "") -> None:
    """Edges of the bar as lines, all layers as cubes, the farthest first, and arrows of the load."""
    nx, ny, nz = shape
    corners = [np.array(c, float) for c in np.ndindex(2, 2, 2)]
    for i, first in enumerate(corners):
        for second in corners[i + 1 :]:
            if np.count_nonzero(first != second) == 1:
                ends = np.stack([first, second]) * (nx, ny, nz)
                hidden = np.any(np.all((first, second) == np.array([0.0, 1.0, 0.0]), axis=1))
                line = project(*ends.T)
                axes.plot(*line.T, color=GREY, linewidth=0.6, linestyle=":" if hidden else "-", zorder=0)
    faces, colours, depths = [], [], []
    for layer in layers:
        for side, polygons, depth in _faces(layer.voxels):
            faces.append(polygons)
            depths.append(depth)
            colours.append(np.tile(_shade(layer.colour, layer.alpha, _SHADES[side]), (len(polygons), 1)))
    if faces and sum(map(len, faces)):
        order = np.argsort(-np.concatenate(depths), kind="stable")
        axes.add_collection(
            PolyCollection(
                list(np.concatenate(faces)[order]),
                facecolors=np.concatenate(colours)[order],
                edgecolors=(0.0, 0.0, 0.0, 0.35),
                linewidths=0.15,
            )
        )
    middle, arrow = nx / 2 + DEPTH[0] * ny / 2, _ARROW * nz
    top, bottom = nz + DEPTH[1] * ny, 0.0
    for end, sign in ((top, 1.0), (bottom, -1.0)):
        axes.annotate(
            "",
            (middle if sign > 0 else nx / 2, end + sign * arrow),
            (middle if sign > 0 else nx / 2, end + sign * 0.15 * arrow),
            arrowprops={"arrowstyle": "-|>", "color": BLACK, "linewidth": 1.0, "shrinkA": 0, "shrinkB": 0},
        )
    axes.set(xlim=(-0.5, nx + DEPTH[0] * ny + 0.5), ylim=(bottom - 1.9 * arrow, top + 1.05 * arrow))
    if title:
        axes.set_title(title, loc="left", pad=1)


def draw_scale(axes: Axes, shape: tuple[int, ...], voxel_mm: float) -> None:
    """Under a bar: a length in mm of the grid in use."""
    nx, _, nz = shape
    length = max(mm for mm in _LENGTHS if mm <= max(nx * voxel_mm, _LENGTHS[0]))
    low = -1.25 * _ARROW * nz
    axes.plot([0, length / voxel_mm], [low, low], color=BLACK, linewidth=2.0, solid_capstyle="butt")
    axes.text(0, low - 0.1 * _ARROW * nz, f"{length:g} mm", ha="left", va="top", fontsize="small")


_VERTICES = {  # the three faces that can be seen, as corners of a voxel (x, y, z)
    "front": ((0, 0, 0), (1, 0, 0), (1, 0, 1), (0, 0, 1)),
    "top": ((0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)),
    "side": ((1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0, 1)),
}
_NEIGHBOURS = {"front": (1, -1), "top": (2, 1), "side": (0, 1)}  # axis and direction a face looks to


def _faces(voxels: NDArray[np.bool_]) -> list[tuple[str, NDArray, NDArray]]:
    """Visible outer faces: side, polygons (face, 4, 2) on the page, and distances from the viewer."""
    found = []
    for side, (axis, direction) in _NEIGHBOURS.items():
        padded = np.pad(voxels, 1)
        beyond = np.roll(padded, -direction, axis=axis)[1:-1, 1:-1, 1:-1]
        cells = np.argwhere(voxels & ~beyond)
        corners = cells[:, None, :] + np.array(_VERTICES[side])  # (face, 4, 3)
        x, y, z = np.moveaxis(corners.astype(float), -1, 0)
        depth = (y - DEPTH[0] * x - DEPTH[1] * z).mean(axis=1)
        found.append((side, project(x, y, z), depth))
    return found


def _shade(colour: Any, alpha: float, factor: float) -> NDArray[np.floating]:
    rgb = np.array(to_rgb(colour))
    mixed = rgb * factor if factor <= 1.0 else rgb + (1.0 - rgb) * (factor - 1.0)
    return np.append(np.clip(mixed, 0.0, 1.0), alpha)


def colour_key(figure: Figure, entries: Sequence[tuple[str, Any]], columns: int = 4) -> None:
    """Legend of filled squares above the figure."""
    handles = [
        Patch(facecolor=colour, edgecolor="black", linewidth=0.3, label=name) for name, colour in entries
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)


def line_key(figure: Figure, entries: Sequence[tuple[str, dict[str, Any]]], columns: int = 4) -> None:
    """Legend of lines above the figure; each entry is a label and line properties."""
    handles = [Line2D([], [], label=name, **style) for name, style in entries]
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)


def foot_note(figure: Figure, text: str) -> None:
    """One line on scale and counts at the foot."""
    figure.supxlabel(text, fontsize="x-small", color=GREY)
