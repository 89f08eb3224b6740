# SPDX-License-Identifier: GPL-3.0-or-later
"""What the stages cost against the size of what they are given, with exponents and the floor of a core."""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import BLUE, GREY, new_figure
from mesobayes.studies.speed.figures.notes import circumstances, rounds_of
from mesobayes.studies.speed.records import Series, read_series

_ORDER = ("structures", "unknowns", "pixels", "voxels", "draws", "cores")


def scaling(records: list[Path]) -> Drawing:
    """Draw seconds against size for every series.

    Args:
        records: of series; those that are not there have no panel.
    """
    found = {series.name: series for series in read_series(records)}
    series = [found[name] for name in _ORDER if name in found]
    columns = min(3, len(series))
    rows = -(-len(series) // columns)
    figure = new_figure(1.0, 0.3 * rows + 0.1)
    panels = np.ravel(figure.subplots(rows, columns))
    for axes, one in zip(panels, series, strict=False):
        _draw_series(axes, one)
    for axes in panels[len(series) :]:
        axes.set_visible(False)
    rounds = rounds_of([one.seconds.shape[1] for one in series])
    floors: dict[str, list[str]] = {}
    for one in series:
        floors.setdefault(one.because, []).append(one.quantity)
    note = (
        f"{circumstances([one.made for one in series])}; markers: medians of {rounds} "
        "rounds, bars: range; solid: power law through the medians; dashed: floor, "
        + "; ".join(f"{because} ({', '.join(names)})" for because, names in floors.items())
    )
    figure.suptitle("\n".join(textwrap.wrap(note, 130)), fontsize=7)
    drawn = {
        one.name: {
            one.quantity: one.size.tolist(),
            f"{one.clock} seconds": one.seconds.tolist(),
            "floor": None if one.floor is None else one.floor.tolist(),
            "exponent": one.slope,
            "made": one.made,
        }
        for one in series
    }
    return Drawing(figure, {}, drawn)


def _draw_series(axes: Axes, series: Series) -> None:
    """Draw one panel on logarithmic axes."""
    middle, low, high = (
        np.median(series.seconds, axis=1),
        series.seconds.min(axis=1),
        series.seconds.max(axis=1),
    )
    axes.set(xscale="log", yscale="log")
    if series.slope is not None:
        centre = np.exp(np.mean(np.log(middle)) - series.slope * np.mean(np.log(series.size)))
        axes.plot(series.size, centre * series.size**series.slope, color=BLUE, linewidth=0.9)
        axes.set_title(f"{series.title}: exponent {series.slope:.2f}", fontsize=7.5)
    else:
        axes.set_title(series.title, fontsize=7.5)
    axes.errorbar(series.size, middle, (middle - low, high - middle), fmt="o", color=BLUE, markersize=3.5)
    if series.floor is not None:
        axes.plot(series.size, series.floor, color=GREY, linestyle="--", linewidth=1.0)
    if series.size.max() <= 64:
        axes.set_xticks(series.size, [f"{value:g}" for value in series.size])
        axes.xaxis.minorticks_off()
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel(series.quantity)
    axes.set_ylabel("CPU time (s)" if series.clock == "cpu" else "wall time (s)")
