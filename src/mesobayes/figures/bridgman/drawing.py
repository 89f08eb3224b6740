# SPDX-License-Identifier: GPL-3.0-or-later
"""What all figures share: a figure with what it found, and porous bars in three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from mesobayes.figures.style import GREY

SHOWN, NOT_SHOWN, CONTRADICTS = "shown", "not shown at this scale", "contradicts the paper"


class Finding(NamedTuple):
    """What we found for a printed value: number or text, verdict, and why."""

    ours: float | str | None
    verdict: str
    reason: str


@dataclass(frozen=True)
class Drawing:
    """A figure, its findings by the keys of the registry, and the numbers it shows."""

    figure: Figure
    findings: dict[str, Finding] = field(default_factory=dict)
    drawn: dict[str, Any] = field(default_factory=dict)


class Layer(NamedTuple):
    """Voxels (x, y, z) of one colour; opacity of their faces."""

    voxels: NDArray[np.bool_]
    colour: Any
    alpha: float = 0.9


def bar_axes(figure: Figure, place: Any) -> Axes:
    """Axes for a bar that lies along the page, seen from above and the side."""
    axes = figure.add_subplot(place, projection="3d", computed_zorder=False)
    axes.view_init(elev=28, azim=-72)
    axes.set_proj_type("ortho")
    axes.set_axis_off()
    return axes


def draw_bar(axes: Any, shape: tuple[int, ...], layers: Sequence[Layer], title: str = "") -> None:
    """Edges of the bar as lines, and the layers as rasterised voxels; the tension acts from left to right."""
    nx, ny, nz = shape
    corners = np.array([(a, b, c) for a in (0, nz) for b in (0, nx) for c in (0, ny)], float)
    for i, first in enumerate(corners):
        for second in corners[i + 1 :]:
            if np.count_nonzero(first != second) == 1:
                axes.plot(*zip(first, second, strict=True), color=GREY, linewidth=0.5, zorder=0)
    for order, layer in enumerate(layers, start=1):
        if not layer.voxels.any():
            continue
        turned = np.moveaxis(layer.voxels, 2, 0)  # (z, x, y): the long axis lies along the page
        faces = axes.voxels(
            turned, facecolors=layer.colour, edgecolors="black", linewidth=0.1, alpha=layer.alpha
        )
        for face in faces.values():
            face.set_rasterized(True)
            face.set_zorder(order)
    axes.set(xlim=(0, nz), ylim=(0, nx), zlim=(0, ny))
    axes.set_box_aspect((nz, nx, ny), zoom=1.55 if nz > 2 * nx else 1.2)
    if title:
        axes.text2D(0.02, 0.86, title, transform=axes.transAxes, fontsize="medium", ha="left")


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
