# SPDX-License-Identifier: GPL-3.0-or-later
"""How stress fields are shown: voids white with their outline, one colour scale for what is compared."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import Colormap
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mesobayes.drawing.style import BLACK, FIELD_MAP, GREY, VERMILION

STRESS_MAP = mpl.colormaps[FIELD_MAP].with_extremes(over=VERMILION, bad="white")
ERROR_MAP = mpl.colormaps["magma"].with_extremes(bad="white")
GREYS = mpl.colormaps["Greys"].with_extremes(bad="white")
_ROOM = 1.5  # a prediction may raise the upper end of a scale to so many times the largest true stress
BOX: dict[str, Any] = {"fill": False, "edgecolor": "white", "linestyle": "--", "linewidth": 1.0}


@dataclass(frozen=True)
class ColourScale:
    """Ends of a colour bar, and whether values lie above it, which the bar then shows by an arrow."""

    low: float
    high: float
    extend: Literal["neither", "max"] = "neither"


def stress_scale(truth: Sequence[NDArray], predictions: Sequence[NDArray] = ()) -> ColourScale:
    """Scale from 0 to the largest value of all fields, whose NaN do not count.

    A prediction beyond 1.5 times the largest true value, as may be outside the region of interest, does not
    stretch the scale: it is shown by the arrow of the colour bar.
    """
    true, found = (max((float(np.nanmax(f)) for f in fields), default=0.0) for fields in (truth, predictions))
    largest = max(true, found)
    if 0 < _ROOM * true < found:
        return ColourScale(0.0, _ROOM * true, "max")
    return ColourScale(0.0, largest if largest > 0 else 1.0)


def on_material(field: NDArray, solid: NDArray) -> NDArray:
    """Field (y, x) with NaN in the voids."""
    return np.where(solid, field, np.nan)


def draw_field(
    axes: Axes,
    field: NDArray,
    solid: NDArray,
    scale: ColourScale,
    colours: Colormap = STRESS_MAP,
    pixel: float = 1.0,
    corner: tuple[float, float] = (0.0, 0.0),
) -> AxesImage:
    """Draw a field (y, x): voids white and outlined, material without a value hatched.

    pixel is the edge of one in units of the axes, corner the place (x, y) of the lower left one.
    """
    rows, columns = solid.shape
    x, y = corner
    extent = (x, x + pixel * columns, y, y + pixel * rows)
    missing = solid & np.isnan(field)
    if missing.any():
        axes.set_facecolor("#E8E8E8")
        axes.patch.set(hatch="////", edgecolor=GREY, linewidth=0.0)
        voids = np.where(solid, np.nan, 1.0)
        axes.imshow(voids, cmap="gray", vmin=0, vmax=1, extent=extent, zorder=1)
        colours = colours.with_extremes(bad="#FFFFFF00")
    shown = np.ma.masked_invalid(on_material(field, solid))
    image = axes.imshow(shown, cmap=colours, vmin=scale.low, vmax=scale.high, extent=extent, zorder=2)
    edges = LineCollection(
        void_edges(solid) * pixel + np.array(corner), colors=BLACK, linewidths=0.4, zorder=3
    )
    axes.add_collection(edges, autolim=False)
    axes.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[])
    axes.spines[["top", "right"]].set_visible(True)
    return image


def void_edges(solid: NDArray) -> NDArray[np.float64]:
    """Edges between solid and void pixels of an image, (edge, end, (x, y)) in pixels from its corner."""
    row, column = np.nonzero(solid[1:] != solid[:-1])
    level = np.stack([np.stack([column, row + 1], -1), np.stack([column + 1, row + 1], -1)], 1)
    row, column = np.nonzero(solid[:, 1:] != solid[:, :-1])
    upright = np.stack([np.stack([column + 1, row], -1), np.stack([column + 1, row + 1], -1)], 1)
    return np.concatenate([level, upright]).astype(float)


def colour_bar(
    figure: Figure | SubFigure,
    image: AxesImage,
    scale: ColourScale,
    axes: Iterable[Axes],
    label: str,
    below: bool = False,
) -> None:
    """One bar beside or below the axes that share a scale, with an arrow where values lie above it."""
    places = list(axes)
    rows = {round(place.get_position().y0, 3) for place in places}
    layout: dict[str, Any] = (
        {"location": "bottom", "aspect": 45, "fraction": 0.05}
        if below
        else {"aspect": 14 * len(rows), "fraction": 0.08}
    )
    bar = figure.colorbar(image, ax=places, extend=scale.extend, pad=0.03, **layout)
    bar.set_label(label, size=6.5)
    bar.ax.tick_params(labelsize=6.5)
    bar.locator = MaxNLocator(4)
    bar.update_ticks()


def subfigures(figure: Figure, rows: int, columns: int, **ratios: Any) -> list[SubFigure]:
    """Parts of a figure, row by row."""
    grid: Any = figure.subfigures(rows, columns, squeeze=False, **ratios)
    return list(grid.ravel())


def box(
    axes: Axes, row: float, column: float, size: float, height: float | None = None, **style: Any
) -> None:
    """Mark a rectangle by its lower left corner."""
    axes.add_patch(Rectangle((column, row), size, height or size, zorder=4, **(BOX | style)))


def foot_note(figure: Figure, text: str, width: int = 128) -> None:
    """What stands below a figure: origin, counts, and how the examples were chosen."""
    kept = text.replace(" %", "\u00a0%").replace(" R ", "\u00a0R ")
    figure.supxlabel(textwrap.fill(kept, width), fontsize=6.5)
