# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 10, 11, 12 and 14: losses and predictions beside those of the volume fraction alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLUE, GREEN, ORANGE, PURPLE, new_figure
from mesobayes.record.provenance import Run
from mesobayes.studies.permeability.figures.numbers import (
    drawn_of,
    epochs_to_converge,
    mape_number,
    minutes_number,
    percentage_errors,
    r2_number,
)
from mesobayes.studies.permeability.figures.panels import (
    COMPONENTS,
    Fits,
    cell_near,
    draw_anisotropy,
    draw_intervals,
    draw_losses,
    draw_predictions,
    interval_lines,
    origin,
    score_lines,
    score_table,
    share_legend,
    show_image,
)

_FRACTION = 0.35  # volume fraction of the cell that is shown
_NETWORKS = {"printed": ORANGE, "modern": BLUE}
_MODELS = {**_NETWORKS, "contacts": GREEN}
_TRANSFER = {"scratch": ORANGE, "transfer": BLUE}


def permeability_mono(
    cells: xr.Dataset,
    printed: xr.Dataset,
    modern: xr.Dataset,
    bayes: xr.Dataset,
    contacts: xr.Dataset,
    run: Run,
) -> Drawing:
    """A cell, losses, predictions of both components and of the anisotropy, errors with intervals."""
    fits = {"printed": printed, "modern": modern, "bayes": bayes, "contacts": contacts}
    figure, axes, sample = _with_cell(cells)
    _draw_losses(axes[0, 1], fits, _NETWORKS)
    _draw_scores(figure, [axes[0, 2], axes[1, 0], axes[1, 1]], fits, _MODELS)
    shown = {"bayes": PURPLE, "contacts": GREEN}
    draw_intervals(axes[1, 2], fits, shown)
    axes[1, 2].set_title("(f) intervals, violet: bayes")
    lines = interval_lines({name: fits[name] for name in shown})
    figure.suptitle(f"{origin(fits, run)}\n{score_lines(fits)}\n{lines}", fontsize=7)
    numbers = {"train_minutes_P100": minutes_number(printed)}
    for i in range(2):
        numbers[f"mape_mu{i + 1}{i + 1}"] = mape_number(printed, i)
        numbers[f"r2_mu{i + 1}{i + 1}"] = r2_number(printed, i)
    return Drawing(figure, numbers, {"cell": sample, **drawn_of(fits)})


def transfer_poly(cells: xr.Dataset, run: Run, **fits: xr.Dataset) -> Drawing:
    """A cell, losses of the continued and of the new network, predictions, errors with intervals."""
    figure, axes, sample = _with_cell(cells)
    _draw_losses(axes[0, 1], fits, _TRANSFER)
    _draw_scores(figure, [axes[0, 2], axes[1, 0], axes[1, 1]], fits, {**_TRANSFER, "contacts": GREEN})
    shown = {"transfer": BLUE, "contacts": GREEN}
    draw_intervals(axes[1, 2], fits, shown)
    axes[1, 2].set_title("(f) intervals")
    lines = interval_lines({name: fits[name] for name in shown})
    figure.suptitle(f"{origin(fits, run)}\n{score_lines(fits)}\n{lines}", fontsize=7)
    numbers = {"epochs_to_converge_transfer": Number(epochs_to_converge(fits["transfer"]))}
    for name in _TRANSFER:
        for i in range(2):
            numbers[f"mape_{name}[{i}]"] = mape_number(fits[name], i)
            numbers[f"r2_{name}[{i}]"] = r2_number(fits[name], i)
    return Drawing(figure, numbers, {"cell": sample, **drawn_of(fits)})


def transfer_overlap(cells: xr.Dataset, run: Run, **fits: xr.Dataset) -> Drawing:
    """A cell, predictions of the continued and of the new network, and a table of their scores."""
    cell = cell_near(cells, _FRACTION)
    figure = new_figure(1.0, 0.86)
    axes = figure.subplots(2, 2)
    show_image(axes[0, 0], cell["image"].values, "(a) periodic cell")
    score_table(axes[0, 1], fits)
    axes[0, 1].set_title("(b) scores on the test cells")
    for i, place in enumerate(axes[1]):
        draw_predictions(place, fits, i, {**_TRANSFER, "stopped": GREEN})
        place.set(xscale="log", yscale="log", title=f"({'cd'[i]}) {COMPONENTS[i]}")
    share_legend(figure, axes[1, 0], 2)
    figure.suptitle(origin(fits, run), fontsize=7.5)
    new, continued = (percentage_errors(fits[name]).mean(axis=1) for name in _TRANSFER)
    gain = Number.difference(new, continued, f"MAPE {new.mean():.4f} new, {continued.mean():.4f} continued")
    return Drawing(figure, {"claim": gain}, {"cell": int(cell["sample"]), **drawn_of(fits)})


def permeability_3d(
    cells: xr.Dataset, printed: xr.Dataset, modern: xr.Dataset, contacts: xr.Dataset, run: Run
) -> Drawing:
    """Losses, predictions of the first component and of the anisotropy, errors with intervals for spheres."""
    fits, side = {"printed": printed, "modern": modern, "contacts": contacts}, cells.sizes["x"]
    figure = new_figure(1.0, 0.84)
    axes = figure.subplots(2, 2)
    _draw_losses(axes[0, 0], fits, _NETWORKS, "a")
    draw_predictions(axes[0, 1], fits, 0, _MODELS)
    axes[0, 1].set_title(f"(b) {COMPONENTS[0]}")
    draw_anisotropy(axes[1, 0], fits, _MODELS)
    axes[1, 0].set_title("(c) anisotropy")
    shown = {"modern": BLUE, "contacts": GREEN}
    draw_intervals(axes[1, 1], fits, shown)
    axes[1, 1].set_title("(d) intervals")
    share_legend(figure, axes[0, 1], 2)
    lines = interval_lines({name: fits[name] for name in shown})
    figure.suptitle(f"{side}³ voxels, {origin(fits, run)}\n{score_lines(fits)}\n{lines}", fontsize=7)
    minutes = cells["solve_seconds"].values / 60 / contacts.sizes["i"]
    per_model = f"one component of a volume of {side}³ voxels on this machine"
    numbers = {
        "mape_mu11": mape_number(printed, 0),
        "r2_mu11": r2_number(printed, 0),
        "train_minutes": minutes_number(printed),
        "fe_minutes_per_model": Number.of(minutes.tolist(), per_model),
    }
    return Drawing(figure, numbers, {"solve_minutes": minutes, "side": side, **drawn_of(fits)})


def _with_cell(cells: xr.Dataset) -> tuple[Figure, np.ndarray, int]:
    """A figure of two by three panels with a cell in the first, its panels, the number of the cell."""
    cell = cell_near(cells, _FRACTION)
    figure = new_figure(1.0, 0.8)
    axes = figure.subplots(2, 3)
    show_image(axes[0, 0], cell["image"].values, "(a) periodic cell")
    return figure, axes, int(cell["sample"])


def _draw_losses(axes: Axes, fits: Fits, colours: Mapping[str, str], letter: str = "b") -> None:
    draw_losses(axes, fits, colours)
    axes.set_title(f"({letter}) losses: validation solid, training dashed", fontsize=7.5)


def _draw_scores(figure: Figure, axes: Sequence[Axes], fits: Fits, colours: Mapping[str, str]) -> None:
    """Both components and the anisotropy in the panels (c) to (e), and one legend."""
    for i, place in enumerate(axes[:2]):
        draw_predictions(place, fits, i, colours)
        place.set_title(f"({'cd'[i]}) {COMPONENTS[i]}")
    draw_anisotropy(axes[2], fits, colours)
    axes[2].set_title("(e) anisotropy")
    share_legend(figure, axes[0], 2)
