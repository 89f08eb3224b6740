# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of a user's own plate: what was read, the stress, its interval, finite elements if solved."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.collections import EllipseCollection
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from mesobayes.drawing.style import BLACK, VERMILION, new_figure
from mesobayes.geometry.pores import Pores
from mesobayes.studies.stress.figures.panels import (
    GREYS,
    ColourScale,
    colour_bar,
    draw_field,
    foot_note,
    stress_scale,
)

VOID = ColourScale(0.0, 1.0)
_WIDTHS = mpl.colormaps["cividis"].with_extremes(bad="white")


def own_picture(field: xr.Dataset, pores: Pores, content: dict[str, Any], origin: str) -> Figure:
    """Draw a predicted plate; `content` is its record, `origin` what every figure says of itself."""
    solid, mean = field["solid"].values, field["mean"].values
    pixel = float(field["x"].values[1] - field["x"].values[0])
    truth = field["finite_elements"].values if "finite_elements" in field else None
    width = field["high"].values - mean
    bounded = bool(np.isfinite(width).any())
    count = 2 + bounded + (truth is not None)
    rows = 1 if count == 3 else 2 if count == 4 else 1
    columns = count // rows
    shape = solid.shape[0] / solid.shape[1]
    figure = new_figure(1.0, rows * (shape / columns + 0.09) + 0.09)
    panels = list(np.ravel(figure.subplots(rows, columns)))
    scale = stress_scale([mean] if truth is None else [mean, np.where(np.isnan(mean), np.nan, truth)])
    _draw_reading(figure, panels[0], field, pores, pixel)
    image = draw_field(panels[1], mean, solid, scale, pixel=pixel)
    colour_bar(figure, image, scale, panels[1:2], r"$\tau$ (E)", below=True)
    _mark(panels[1], content["largest"])
    titles = ["as it was read", "predicted Tresca stress"]
    if bounded:
        widths = ColourScale(0.0, float(np.nanmax(width)))
        image = draw_field(panels[2], width, solid, widths, _WIDTHS, pixel)
        colour_bar(figure, image, widths, panels[2:3], r"$\Delta\tau$ (E)", below=True)
        titles.append(f"half width of its {content['level']:.0%} interval")
    if truth is not None:
        image = draw_field(panels[-1], truth, solid, scale, pixel=pixel)
        colour_bar(figure, image, scale, panels[-1:], r"$\tau$ (E)", below=True)
        titles.append(f"finite elements, {content['finite_elements']['seconds']:.1f} s")
    for letter, axes, title in zip("abcd", panels, titles, strict=False):
        axes.set_title(f"({letter}) {title}", loc="left")
    foot_note(figure, _note(content, origin))
    return figure


def _draw_reading(figure: Figure, axes: Axes, field: xr.Dataset, pores: Pores, pixel: float) -> None:
    """Draw the void fraction of the pixels, and the circles and ellipses that were fitted to them."""
    void = 1.0 - field["coverage"].values
    solid = np.ones(void.shape, bool)
    image = draw_field(axes, void, solid, VOID, GREYS, pixel)
    colour_bar(figure, image, VOID, [axes], "void fraction of a pixel", below=True)
    places = np.stack([pores.centre.real + 0.5, pores.centre.imag + 0.5], axis=-1) * pixel
    shapes = EllipseCollection(
        2 * pores.a * pixel,
        2 * pores.b * pixel,
        np.degrees(pores.angle),
        units="xy",
        offsets=places,
        offset_transform=axes.transData,
        facecolors="none",
        edgecolors=VERMILION,
        linewidths=0.9,
        zorder=4,
    )
    axes.add_collection(shapes, autolim=False)


def _mark(axes: Axes, places: list[dict[str, Any]]) -> None:
    """Number the places of the largest stresses."""
    rim = [withStroke(linewidth=2.0, foreground="white")]
    for number, place in enumerate(places, 1):
        axes.plot(
            place["x"], place["y"], "o", markersize=4.5, markerfacecolor="none", color=VERMILION, zorder=5
        )
        text = axes.annotate(
            str(number),
            (place["x"], place["y"]),
            (3.5, 3.5),
            textcoords="offset points",
            zorder=6,
            fontsize=7.5,
        )
        text.set(color=BLACK, path_effects=rim)


def _note(content: dict[str, Any], origin: str) -> str:
    largest, made = content["maximum"], content["network"]
    unlike = "; ".join(content["unlike_training"])
    strain = content["load"].get("strain")
    load = "macroscopic stress as given" if strain is None else f"far-field strain {tuple(strain)}"
    return (
        f"{content['pores']} pores (outlines: as fitted), R = {content['pixels_per_radius']:.3g} pixels of "
        f"the image; {load}; largest stress {largest['value']:.3g} E ({largest['low']:.3g} to "
        f"{largest['high']:.3g}, {largest['interval']}); intervals of pixels {content['interval']}; "
        f"circles: the {len(content['largest'])} largest stresses; hatched: within 5 R of the border, not "
        f"predicted; network {made['network']}, {made['labels']} labels, {made['draws']} draws; "
        + (f"unlike the training set: {unlike}; " if unlike else "")
        + origin
    )
