# SPDX-License-Identifier: GPL-3.0-or-later
"""What the figures of plates share: one colour for each thing, exact outlines of holes, frames of windows."""

from __future__ import annotations

from typing import Any

from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse as EllipsePatch
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from mesobayes.drawing.style import BLACK, GREEN, GREY, SKY, VERMILION
from mesobayes.geometry import Plate
from mesobayes.images.patches import PatchGeometry

MATERIAL, MACRO, PORE, BUFFER = "#ECECEC", SKY, BLACK, "#C4C4C4"
PATCH, ROI = VERMILION, GREEN
SIGNED_MAP = "RdBu_r"  # components of stress, white where there is none
COMPONENTS = (r"$\sigma_{xx}$", r"$\sigma_{yy}$", r"$\sigma_{xy}$")
NAMES = {
    "macro": ("macroscopic hole", MACRO),
    "pore": ("pore", PORE),
    "patch": ("patch", PATCH),
    "roi": ("region of interest", ROI),
    "buffer": ("solid buffer", BUFFER),
    "material": ("material", MATERIAL),
}


def bare(axes: Axes, side: float, frame: bool = False) -> None:
    """Show a square of edge `side` (in R) about the origin without ticks, and spines only if framed."""
    half = 0.5 * side
    axes.set(xlim=(-half, half), ylim=(-half, half), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(frame)


def draw_plate(axes: Axes, plate: Plate) -> None:
    """Draw the exact outlines of a plate and of its holes; lengths in R."""
    half = 0.5 * plate.side
    square: dict[str, Any] = {"facecolor": MATERIAL, "edgecolor": GREY, "linewidth": 0.6}
    axes.add_patch(Rectangle((-half, -half), plate.side, plate.side, **square))
    for holes, colour in ((plate.ellipses, MACRO), (plate.pores, PORE)):
        for hole in holes:
            shape = EllipsePatch((hole.cx, hole.cy), 2 * hole.a, 2 * hole.b, angle=hole.angle)
            shape.set(facecolor=colour, edgecolor=BLACK, linewidth=0.4)
            axes.add_patch(shape)
    bare(axes, 1.01 * plate.side)


def frame(
    axes: Axes, corner: tuple[float, float], edge: float, colour: str, width: float = 1.6, rim: float = 0.0
) -> None:
    """Draw a square from its lower left corner; a white rim makes it show on a field."""
    line: dict[str, Any] = {"facecolor": "none", "edgecolor": colour, "linewidth": width, "zorder": 4}
    square = Rectangle(corner, edge, edge, joinstyle="miter", **line)
    if rim:
        square.set_path_effects([patheffects.withStroke(linewidth=width + 2 * rim, foreground="white")])
    axes.add_patch(square)


def draw_window(
    axes: Axes, corner: tuple[float, float], geometry: PatchGeometry, width: float = 1.6, rim: float = 0.0
) -> None:
    """Draw a patch from its lower left corner (in R), and its region of interest."""
    margin = 0.5 * (geometry.patch_radii - geometry.roi_radii)
    frame(axes, corner, geometry.patch_radii, PATCH, width, rim)
    frame(axes, (corner[0] + margin, corner[1] + margin), geometry.roi_radii, ROI, width, rim)


def corner_of(origin: NDArray, side: float, geometry: PatchGeometry) -> tuple[float, float]:
    """Lower left corner (x, y), in R about the centre of the plate, of a window from its (row, column)."""
    row, column = (float(pixel) / geometry.pixels_per_radius - 0.5 * side for pixel in origin)
    return column, row


def colour_names(figure: Figure, *names: str) -> None:
    """Say above the figure what its colours are: filled squares for things, open ones for windows."""
    handles = []
    for name in names:
        label, colour = NAMES[name]
        open_square = name in ("patch", "roi")
        look = {"facecolor": "none" if open_square else colour, "edgecolor": colour if open_square else BLACK}
        handle = Patch(label=label, linewidth=1.6 if open_square else 0.4)
        handle.set(**look)
        handles.append(handle)
    figure.legend(handles=handles, loc="outside upper center", ncols=len(handles), handlelength=1.2)
