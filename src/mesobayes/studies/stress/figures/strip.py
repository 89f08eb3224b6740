# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 26, 27 and 30: the slotted strip, its deformed shape, and what the linear model makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Circle, Polygon, Rectangle
from numpy.typing import NDArray

from mesobayes.drawing.bars import foot_note
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLACK, BLUE, FIELD_MAP, GREY, new_figure
from mesobayes.geometry.settings import StripFamily
from mesobayes.geometry.strip import Slot, Strip
from mesobayes.images.tensor import tresca
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.parts import MACRO, MATERIAL, PORE, colour_names
from mesobayes.studies.stress.strip.random_strips import GOOD, draw_figure_strip
from mesobayes.studies.stress.strip.settings import FigureStrip

_SHOWN = 99.5  # percentile at which the colour scale ends: clamps and edges of pores are singular or sharp
_TENTH = 90.0


def nonlinear_geometry(family: StripFamily, strip: FigureStrip, run: Run) -> Drawing:
    """Draw figure 26: the undeformed strip, its boundary conditions and the four lengths of the slot."""
    drawn = draw_figure_strip(family, strip, run.seed)
    figure = new_figure(1.0, 0.33)
    axes = figure.add_subplot()
    _draw_strip(axes, drawn)
    middle = 0.5 * drawn.height
    for name, end, y in (("L_1", strip.slot_start, -0.12), ("L_2", strip.slot_end, -0.3)):
        axes.annotate(
            "",
            (0.0, y),
            (end, y),
            arrowprops={"arrowstyle": "<->", "linewidth": 0.8, "shrinkA": 0, "shrinkB": 0},
        )
        axes.plot([end, end], [y - 0.03, middle], color=GREY, linewidth=0.5, linestyle=":")
        axes.text(0.5 * end, y + 0.015, f"${name} = {end:g}$", ha="center", va="bottom", fontsize=7.5)
    for name, x, radius in (("R_1", drawn.slot.x1, drawn.slot.r1), ("R_2", drawn.slot.x2, drawn.slot.r2)):
        axes.annotate(
            f"${name} = {radius:g}$",
            (x, drawn.slot.y + radius),
            (x + 0.12, 1.06),
            arrowprops={"arrowstyle": "-", "linewidth": 0.6},
            fontsize=7.5,
        )
    for y in np.linspace(0.0, 1.0, 9):  # the clamp
        axes.plot([-0.07, 0.0], [y - 0.06, y], color=BLACK, linewidth=0.6)
    axes.annotate("", (5.1, 0.1), (5.1, 0.9), arrowprops={"arrowstyle": "->", "linewidth": 1.2})
    axes.text(5.16, 0.5, "$u_x = 0$\n$u_y < 0$", va="center", fontsize=7.5)
    axes.set(xlim=(-0.1, 5.55), ylim=(-0.38, 1.2), aspect="equal")
    axes.set_axis_off()
    colour_names(figure, "material", "macro", "pore")
    note = (
        f"lengths in heights of the strip; {len(drawn.pores)} pores of radius {family.pore_radius:g}; "
        f"clamped on the left; seed {run.seed}"
    )
    foot_note(figure, note)
    return Drawing(figure, drawn={"slot": drawn.slot.parameters, "pores": len(drawn.pores), "seed": run.seed})


def nonlinear_deformed(structure: xr.Dataset, strip: FigureStrip, run: Run) -> Drawing:
    """Draw figure 27: the deformed strip, coloured by the Tresca stress, over its shape before loading."""
    bent = structure.isel(structure=0)
    load, reached = float(bent["end_displacement"]), float(bent["reached"])
    field, solid = bent["micro_tresca"].values, bent["geometry"].values > 0
    top = float(np.percentile(field[solid], _SHOWN))
    figure = new_figure(1.0, 0.52)
    axes = figure.add_subplot()
    shown = _draw_deformed(axes, bent, np.where(solid, field, np.nan), top)
    axes.add_patch(
        Rectangle((0, 0), 5.0, 1.0, facecolor="none", edgecolor=GREY, linewidth=0.8, linestyle="--")
    )
    axes.set(xlabel="$x$ (heights of the strip)", ylabel="$y$ (heights of the strip)", aspect="equal")
    figure.colorbar(shown, ax=axes, shrink=0.7, extend="max", label="Tresca stress ($E$)")
    end = "" if int(bent["status"]) == GOOD else f" of {load:.3g}: {bent['status_reason'].item()}"
    foot_note(
        figure,
        f"$u_y = -{reached:.3g}$ at the right end{end}; dashed: before loading; colours end at the "
        f"{_SHOWN:g} % quantile; {structure.attrs['pixels_per_unit']} pixels per height; {run.label}",
    )
    numbers = {"uy_end": Number(round(-reached, 4), note="end displacement that was reached")}
    drawn = {"reached": reached, "largest_tresca_E": float(field.max()), "colour_end_E": top}
    return Drawing(figure, numbers, drawn | {"asked_for": strip.end_displacement})


def nonlinear_vs_linear_fe(structure: xr.Dataset, structures: xr.Dataset, run: Run) -> Drawing:
    """Draw figure 30: Tresca stress of both models and their difference, and that difference by structure.

    The number is the mean of linear minus finite-strain Tresca stress over the tenth of the solid pixels with
    the largest strain, over the mean finite-strain Tresca stress there, of every strip that reached its load.
    """
    shown = structure.isel(structure=0)
    solid = shown["geometry"].values > 0
    finite, linear = shown["micro_tresca"].values, tresca(shown["linear_stress"].values)
    top = float(np.percentile(finite[solid], _SHOWN))
    figure = new_figure(1.0, 0.92)
    grid = figure.add_gridspec(4, 1, height_ratios=(1, 1, 1, 1.25))
    fields = [figure.add_subplot(grid[row]) for row in range(3)]
    extent = (0.0, 5.0, 0.0, 1.0)
    for axes, field, title in (
        (fields[0], finite, "finite strain"),
        (fields[1], linear, "linear elasticity"),
    ):
        image = axes.imshow(np.where(solid, field, np.nan), vmin=0.0, vmax=top, cmap=FIELD_MAP, extent=extent)
        axes.set_title(title, loc="left")
    figure.colorbar(image, ax=fields[:2], extend="max", label="Tresca stress ($E$)")
    change = np.where(solid, linear - finite, np.nan)
    half = float(np.nanpercentile(np.abs(change), _SHOWN))
    image = fields[2].imshow(change, vmin=-half, vmax=half, cmap="RdBu_r", extent=extent)
    fields[2].contour(
        np.where(solid, shown["strain_norm"].values, 0.0),
        [np.percentile(shown["strain_norm"].values[solid], _TENTH)],
        extent=extent,
        colors=BLACK,
        linewidths=0.5,
    )
    fields[2].set_title(
        "linear minus finite strain; within the lines: the tenth with the largest strain", loc="left"
    )
    figure.colorbar(image, ax=fields[2], extend="both", label="difference ($E$)")
    for axes in fields:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    loads, shares = differences(structures)
    axes = figure.add_subplot(grid[3])
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.plot(loads, 100 * shares, "o", color=BLUE, markersize=4)
    axes.set(
        xlabel="end displacement (heights of the strip)",
        ylabel="linear minus finite strain (%)",
        title="one point a strip: difference where strain is largest, over the finite-strain stress there",
        xlim=(0.0, None),
    )
    count = structures.sizes["structure"]
    reached = float(shown["reached"])
    foot_note(
        figure,
        f"above: the strip of figure 26 at $u_y = -{reached:.3g}$; below: {len(loads)} of {count} strips, "
        f"those that reached their load; {run.label}",
    )
    own = _difference(shown)
    claim = Number.of(
        shares.tolist(), "linear minus finite-strain Tresca stress where strain is largest, over the latter"
    )
    return Drawing(
        figure,
        {"claim": claim},
        {"end_displacement": loads, "difference": shares, "of_the_strip_shown": own, "reached": reached},
    )


def differences(structures: xr.Dataset) -> tuple[NDArray, NDArray]:
    """End displacements and relative differences of the strips that reached their load."""
    good = [structures.isel(structure=int(k)) for k in np.flatnonzero(structures["status"].values == GOOD)]
    return np.array([float(one["reached"]) for one in good]), np.array([_difference(one) for one in good])


def _difference(strip: xr.Dataset) -> float:
    """Linear minus finite-strain Tresca stress over the latter, where the strain is largest."""
    solid, strain = strip["geometry"].values > 0, strip["strain_norm"].values
    large = solid & (strain >= np.percentile(strain[solid], _TENTH))
    finite, linear = strip["micro_tresca"].values[large], tresca(strip["linear_stress"].values)[large]
    return float((linear.mean() - finite.mean()) / finite.mean())


def _draw_strip(axes: Axes, strip: Strip) -> None:
    """Draw the exact outlines of a strip and its holes."""
    look: dict[str, Any] = {"edgecolor": BLACK, "linewidth": 0.4}
    axes.add_patch(
        Rectangle((0, 0), strip.length, strip.height, facecolor=MATERIAL, edgecolor=GREY, linewidth=0.6)
    )
    axes.add_patch(Polygon(outline(strip.slot), facecolor=MACRO, **look))
    for pore in strip.pores:
        axes.add_patch(Circle((pore.cx, pore.cy), pore.a, facecolor=PORE, linewidth=0.0))


def outline(slot: Slot, points: int = 60) -> NDArray:
    """Points (n, 2) around a slot."""
    angle = np.arccos(slot.slope[0])
    turns = (np.linspace(angle, 2 * np.pi - angle, points), np.linspace(-angle, angle, points))
    discs = ((slot.x1, slot.r1), (slot.x2, slot.r2))
    return np.concatenate(
        [
            np.stack([x + r * np.cos(turn), slot.y + r * np.sin(turn)], axis=1)
            for (x, r), turn in zip(discs, turns, strict=True)
        ]
    )


def _draw_deformed(axes: Axes, strip: xr.Dataset, field: NDArray, top: float) -> Any:
    """Draw every pixel where it has moved, as a rasterised mesh of deformed squares."""
    x, y = np.meshgrid(strip["x"].values, strip["y"].values)
    moved_x, moved_y = (
        values + moved for values, moved in zip((x, y), strip["displacement"].values, strict=True)
    )
    hidden = np.isnan(field)
    filled = [np.where(hidden, np.nan, values) for values in (moved_x, moved_y)]
    corners = [_corners(values) for values in filled]
    return axes.pcolormesh(
        *corners, np.ma.masked_invalid(field), vmin=0.0, vmax=top, cmap=FIELD_MAP, rasterized=True
    )


def _corners(centres: NDArray) -> NDArray:
    """Places of the corners (y + 1, x + 1) of pixels, means of the solid centres around them.

    Rows and columns beyond the image are extrapolated. Corners inside voids lie at 0: no pixel shows them.
    """
    padded = np.pad(centres, 1, constant_values=np.nan)
    padded[0], padded[-1] = 2 * padded[1] - padded[2], 2 * padded[-2] - padded[-3]
    padded[:, 0], padded[:, -1] = 2 * padded[:, 1] - padded[:, 2], 2 * padded[:, -2] - padded[:, -3]
    around = np.stack([padded[:-1, :-1], padded[1:, :-1], padded[:-1, 1:], padded[1:, 1:]])
    known = np.isfinite(around)
    total = np.where(known, around, 0.0).sum(axis=0)
    corners = np.divide(total, known.sum(axis=0), out=np.zeros_like(total), where=known.any(axis=0))
    return np.asarray(corners)
