# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of schematics: an empty canvas, boxes, cuboids, arrows, lengths, braces. All of them are vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Polygon

from mesobayes.drawing.style import BLACK, new_figure

Point = tuple[float, float]
_DEPTH = (0.32, 0.26)  # how far one unit of depth moves right and up on the page


def canvas(width: float, height: float, x: float, y: float) -> tuple[Figure, Axes]:
    """Return a figure (in page widths) with one panel from the origin to (x, y), without axes."""
    figure = new_figure(width, height)
    axes = figure.add_subplot()
    axes.set(xlim=(0, x), ylim=(0, y), aspect="equal")
    axes.set_axis_off()
    return figure, axes


def box(axes: Axes, centre: Point, size: Point, text: str, colour: str, fontsize: float = 7.5) -> None:
    """Draw a rounded box with a text in its middle."""
    corner = (centre[0] - size[0] / 2, centre[1] - size[1] / 2)
    radius = 0.12 * min(size)
    axes.add_patch(
        FancyBboxPatch(
            corner,
            *size,
            boxstyle=f"round,pad=0,rounding_size={radius}",
            facecolor=to_rgba(colour, 0.4),
            edgecolor=BLACK,
            linewidth=0.8,
        )
    )
    axes.text(*centre, text, ha="center", va="center", fontsize=fontsize)


def cuboid(axes: Axes, corner: Point, size: tuple[float, float, float], colour: str) -> Point:
    """Draw a cuboid of width, height and depth from its lower left front corner.

    Returns:
        The upper right corner of all that is drawn.
    """
    (x, y), (width, height, depth) = corner, size
    dx, dy = _DEPTH[0] * depth, _DEPTH[1] * depth
    front = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    top = [front[3], front[2], (x + width + dx, y + height + dy), (x + dx, y + height + dy)]
    side = [front[1], (x + width + dx, y + dy), top[2], front[2]]
    for corners, alpha in ((front, 0.45), (top, 0.25), (side, 0.7)):
        axes.add_patch(Polygon(corners, facecolor="white", edgecolor="none"))
        axes.add_patch(
            Polygon(
                corners, facecolor=to_rgba(colour, alpha), edgecolor=BLACK, linewidth=0.6, joinstyle="round"
            )
        )
    return x + width + dx, y + height + dy


def arrow(axes: Axes, *points: Point, colour: str = BLACK, style: str = "-|>", **line: Any) -> None:
    """Draw an arrow through points to the last of them."""
    *before, start, end = points
    line = {"linewidth": 0.9, **line}
    if before:
        axes.plot(*zip(*before, start, strict=True), color=colour, solid_capstyle="butt", **line)
    head: dict[str, Any] = {"arrowstyle": style, "mutation_scale": 9, "shrinkA": 0, "shrinkB": 0}
    axes.add_patch(FancyArrowPatch(start, end, color=colour, **head, **line))


def sign(axes: Axes, centre: Point, text: str, radius: float) -> None:
    """Draw an operation, such as a sum, as a sign in a circle."""
    axes.add_patch(Circle(centre, radius, facecolor="white", edgecolor=BLACK, linewidth=0.8, zorder=3))
    axes.text(*centre, text, ha="center", va="center_baseline", fontsize=10, zorder=4)


def length(axes: Axes, start: Point, end: Point, text: str, shift: Point = (0.0, 0.0), **font: Any) -> None:
    """Draw a length between two points; the text stands at the middle, moved by `shift`."""
    line: dict[str, Any] = {"linewidth": 0.8, "color": BLACK, "mutation_scale": 7, "shrinkA": 0, "shrinkB": 0}
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle="<|-|>", zorder=5, **line))
    middle = ((start[0] + end[0]) / 2 + shift[0], (start[1] + end[1]) / 2 + shift[1])
    axes.text(*middle, text, **{"ha": "center", "va": "center", "fontsize": 8, "zorder": 6, **font})


def brace(axes: Axes, left: float, right: float, y: float, text: str, depth: float = 0.3) -> None:
    """Draw a bracket below a range of x, with a text under it."""
    ends: Sequence[Point] = [(left, y), (left, y - depth), (right, y - depth), (right, y)]
    axes.plot(*zip(*ends, strict=True), color=BLACK, linewidth=0.8)
    axes.text((left + right) / 2, y - 1.5 * depth, text, ha="center", va="top", fontsize=7.5)
