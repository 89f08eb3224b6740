# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 10, 11, 12 and 14: losses and predictions beside those of the volume fraction alone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLUE, GREEN, ORANGE, new_figure
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
    draw_losses,
    draw_predictions,
    interval_line,
    origin,
    score_lines,
    score_table,
    share_legend,
    show_image,
)
from mesobayes.studies.permeability.scores import predictive_std

_FRACTION = 0.35  # volume fraction of the cell that is shown
_NETWORKS = {"printed": ORANGE, "modern": BLUE}
_TRANSFER = {"scratch": GREEN, "transfer": BLUE}


def permeability_mono(
    cells: xr.Dataset, printed: xr.Dataset, modern: xr.Dataset, bayes: xr.Dataset, run: Run
) -> Drawing:
    """A cell, losses, predictions of both components, and calibrated intervals of the variational network."""
    fits = {"printed": printed, "modern": modern, "bayes": bayes}
    figure, axes, sample = _with_cell(cells)
    draw_losses(axes[0, 1], fits, _NETWORKS)
    axes[0, 1].set_title("(b) losses")
    for i, place in enumerate(axes[1]):
        _draw_intervals(place, bayes, i)
    _draw_components(figure, axes[1], fits, _NETWORKS)
    figure.suptitle(f"{origin(fits, run)}\n{score_lines(fits)}\n{interval_line(bayes)}", fontsize=7.5)
    numbers = {"train_minutes_P100": minutes_number(printed)}
    for i in range(2):
        numbers[f"mape_mu{i + 1}{i + 1}"] = mape_number(printed, i)
        numbers[f"r2_mu{i + 1}{i + 1}"] = r2_number(printed, i)
    return Drawing(figure, numbers, {"cell": sample, **drawn_of(fits)})


def transfer_poly(cells: xr.Dataset, run: Run, **fits: xr.Dataset) -> Drawing:
    """A cell, losses of the continued and of the new network, predictions of both."""
    figure, axes, sample = _with_cell(cells)
    draw_losses(axes[0, 1], fits, _TRANSFER)
    axes[0, 1].set_title("(b) losses of the printed network")
    _draw_components(figure, axes[1], fits, _TRANSFER)
    figure.suptitle(f"{origin(fits, run)}\n{score_lines(fits)}", fontsize=7.5)
    numbers = {"epochs_to_converge_transfer": Number(epochs_to_converge(fits["transfer"]))}
    for name in _TRANSFER:
        for i in range(2):
            numbers[f"mape_{name}[{i}]"] = mape_number(fits[name], i)
            numbers[f"r2_{name}[{i}]"] = r2_number(fits[name], i)
    return Drawing(figure, numbers, {"cell": sample, **drawn_of(fits)})


def transfer_overlap(cells: xr.Dataset, run: Run, **fits: xr.Dataset) -> Drawing:
    """A cell, predictions of the continued and of the new network, and a table of their scores."""
    figure, axes, sample = _with_cell(cells)
    score_table(axes[0, 1], fits)
    axes[0, 1].set_title("(b) scores on the test cells")
    _draw_components(figure, axes[1], fits, _TRANSFER, scale="log")
    figure.suptitle(origin(fits, run), fontsize=7.5)
    new, continued = (percentage_errors(fits[name]).mean(axis=1) for name in _TRANSFER)
    gain = Number.difference(new, continued, f"MAPE {new.mean():.4f} new, {continued.mean():.4f} continued")
    return Drawing(figure, {"claim": gain}, {"cell": sample, **drawn_of(fits)})


def permeability_3d(cells: xr.Dataset, printed: xr.Dataset, modern: xr.Dataset, run: Run) -> Drawing:
    """Losses and predictions of the first component for spheres."""
    fits, side = {"printed": printed, "modern": modern}, cells.sizes["x"]
    figure = new_figure(1.0, 0.46)
    axes = figure.subplots(1, 2)
    draw_losses(axes[0], fits, _NETWORKS)
    axes[0].set_title("(a) losses")
    draw_predictions(axes[1], fits, 0, _NETWORKS)
    axes[1].set_title(f"(b) {COMPONENTS[0]}")
    share_legend(figure, axes[1])
    figure.suptitle(f"{side}³ voxels, {origin(fits, run)}\n{score_lines(fits)}", fontsize=7.5)
    minutes = cells["solve_seconds"].values / 60
    numbers = {
        "mape_mu11": mape_number(printed, 0),
        "r2_mu11": r2_number(printed, 0),
        "train_minutes": minutes_number(printed),
        "fe_minutes_per_model": Number.of(minutes.tolist(), f"a volume of {side}³ voxels on this machine"),
    }
    return Drawing(figure, numbers, {"solve_minutes": minutes, "side": side, **drawn_of(fits)})


def _with_cell(cells: xr.Dataset) -> tuple[Figure, np.ndarray, int]:
    """A figure of two by two panels with a cell in the first, its panels, the number of the cell."""
    cell = cell_near(cells, _FRACTION)
    figure = new_figure(1.0, 0.86)
    axes = figure.subplots(2, 2)
    show_image(axes[0, 0], cell["image"].values, "(a) periodic cell")
    return figure, axes, int(cell["sample"])


def _draw_components(
    figure: Figure, axes: np.ndarray, fits: Fits, colours: Mapping[str, str], scale: str = "linear"
) -> None:
    """Predictions of both components in the panels (c) and (d), and one legend."""
    for i, place in enumerate(axes):
        draw_predictions(place, fits, i, colours)
        place.set(xscale=scale, yscale=scale, title=f"({'cd'[i]}) {COMPONENTS[i]}")
    share_legend(figure, axes[0])


def _draw_intervals(axes: Axes, fit: xr.Dataset, component: int) -> None:
    """Calibrated intervals about the predictions, if there are any."""
    truth, mean = (np.exp(fit[key].values[:, component]) for key in ("log_truth", "log_mean"))
    if not np.isfinite(fit.attrs["interval_factor"]):
        return
    width = fit.attrs["interval_factor"] * predictive_std(fit)[:, component]
    bars = mean * np.abs(np.exp(np.array([[-1.0], [1.0]]) * width) - 1.0)
    label = f"{fit.attrs['interval_level']:.0%} interval (Bayesian)"
    axes.errorbar(truth, mean, bars, fmt="none", ecolor=GREEN, elinewidth=0.5, alpha=0.5, label=label)
