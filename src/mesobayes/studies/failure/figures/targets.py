# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 5 to 7 and 11 of Bridgman et al. 2022: transforms, weights, and distributions of values."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mesobayes.drawing.bars import Layer, bar_axes, colour_key, draw_bar, draw_scale, foot_note, line_key
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLACK, BLUE, GREY, SKY, VERMILION, new_figure
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.labels import (
    DAMAGE,
    SCALING_NAMES,
    TRANSFORM_NAMES,
    WEIGHT_NAMES,
    by_variant,
    physics_note,
    scores_note,
    size_in_mm,
)
from mesobayes.studies.failure.fit_settings import WeightSettings
from mesobayes.studies.failure.loss_weights import weight_table
from mesobayes.studies.failure.settings import SCALINGS, FigureSettings, TransformSettings, Weighting
from mesobayes.studies.failure.target import transform_damage

_TABLES = 40  # specimens whose weights are drawn
_WEIGHTINGS: tuple[Weighting, ...] = ("uniform", "logistic", "IH", "IHpr")


def damage_transform(
    specimens: xr.Dataset, transform: TransformSettings, figures: FigureSettings, voxel_mm: float, run: Run
) -> Drawing:
    """Figure 5: pores, damage and transformed damage of one specimen, all above the same level."""
    level = figures.level
    good = np.flatnonzero(specimens["status"].values == 0)
    above = (specimens["damage"].values[good] >= level).sum(axis=(1, 2, 3))
    row = int(good[np.argsort(above)[int(0.8 * (len(good) - 1))]])  # more to see than in the typical one
    pores, damage = specimens["pores"].values[row].astype(bool), specimens["damage"].values[row]
    target = transform_damage(damage[None], ~pores[None], "t", transform)[0]
    figure = new_figure(width=0.6, height=0.62)
    grid = figure.add_gridspec(1, 3)
    steps = [level + share * (1.0 - level) for share in (0.0, 0.25, 0.625)]
    bands = list(zip(steps, [*steps[1:], 1.01], strict=True))
    colours = mpl.colormaps["viridis"]((np.array([0.65, 0.775, 0.93]) * 1.6) - 0.75)
    titles = ("pores", f"damage {DAMAGE}", "after filter,\nsoftmax and eq. 8")
    for column, (title, field) in enumerate(zip(titles, (None, damage, target), strict=True)):
        axes = bar_axes(figure, grid[column])
        layers = [Layer(pores, GREY, 0.9 if field is None else 0.25)]
        if field is not None:
            layers += [
                Layer((field >= low) & (field < high) & ~pores, colour, 0.75)
                for (low, high), colour in zip(bands, colours, strict=True)
            ]
        draw_bar(axes, pores.shape, layers, title)
        if column == 0:
            draw_scale(axes, pores.shape, voxel_mm)
    names = [f"{low:.3g} to {min(high, 1.0):.3g}" for low, high in bands]
    colour_key(figure, [("pores", GREY), *zip(names, colours, strict=True)])
    foot_note(
        figure, f"{physics_note(specimens, run)},\n{size_in_mm(specimens, voxel_mm)}; load along the arrows"
    )
    return Drawing(
        figure,
        {
            "k0": Number(transform.width),
            "c0": Number(transform.contrast, note="it acts on φ/φmax"),
        },
        {
            "specimen": int(specimens["specimen"][row]),
            "level": level,
            "voxels_above": {
                "damage": int((damage >= level).sum()),
                "transformed": int((target >= level).sum()),
            },
        },
    )


def damage_loss_histograms(scores: list[xr.Dataset], run: Run) -> Drawing:
    """Figure 6: (a) damage values and their parts of the squared error, (b) squared error per value."""
    (uniform,) = scores
    total = uniform.sum("fold")
    count, error = total["true_count"].values.astype(float), total["squared_error"].values
    edges = np.linspace(0, 1, len(count) + 1)
    figure = new_figure(height=0.42)
    left, right = figure.subplots(1, 2)
    left.stairs(count / count.sum(), edges, color=GREY, fill=True, alpha=0.5, label="voxels")
    left.stairs(error / error.sum(), edges, color=VERMILION, linewidth=1.5, label="squared error")
    left.set(xlabel="true value", ylabel="share per bin", yscale="log", ylim=(1e-5, 1))
    left.set_title("(a)", loc="left")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    _draw_error(right, (edges[1:] + edges[:-1]) / 2, uniform, BLUE)
    right.set(xlabel="true value", ylabel="mean squared error", yscale="log")
    right.set_title("(b)", loc="left")
    foot_note(figure, scores_note(by_variant(scores), run, "bands: range over folds"))
    high = slice(len(count) // 2, None)
    return Drawing(
        figure,
        {},
        {
            "edges": edges,
            "voxels": count,
            "squared_error": error,
            "share_of_voxels_above_half": float(count[high].sum() / count.sum()),
            "share_of_error_above_half": float(error[high].sum() / error.sum()),
        },
    )


def loss_weightings(
    scores: list[xr.Dataset],
    specimens: xr.Dataset,
    transform: TransformSettings,
    weights: WeightSettings,
    run: Run,
) -> Drawing:
    """Figure 7: weight by value, and the squared error per value it leads to, for four weightings."""
    named = by_variant(scores)
    good = np.flatnonzero(specimens["status"].values == 0)[:_TABLES]
    solid = specimens["pores"].values[good] == 0
    target = transform_damage(specimens["damage"].values[good], solid, "t", transform)
    figure = new_figure(height=0.56)
    panels = figure.subplots(2, 4, sharex=True, sharey="row")
    centres = named["point_t_uniform"]["bin"].values
    uniform = named["point_t_uniform"]
    drawn: dict[str, Any] = {"bin": centres, "specimens_of_the_tables": len(good)}
    for column, weighting in enumerate(_WEIGHTINGS):
        top, bottom = panels[:, column]
        table = weight_table(weighting, target, solid, weights).table  # (row, bin)
        table = np.ma.masked_equal(table, 0.0)  # empty bins have none
        median = np.ma.median(table, axis=0).filled(np.nan)
        middle = (np.arange(table.shape[1]) + 0.5) / table.shape[1]
        if len(table) > 1:
            top.plot(middle, table.T, color=GREY, linewidth=0.4, alpha=0.5)
        top.plot(middle, median, color=BLUE, linewidth=1.8)
        top.set_title(WEIGHT_NAMES[weighting].replace("histogram ", "histogram\n"), loc="left")
        top.set(yscale="log")
        error = named[f"point_t_{weighting}"]
        _draw_error(bottom, centres, uniform, GREY)
        _draw_error(bottom, centres, error, VERMILION)
        bottom.set(yscale="log", xlabel="true value")
        mean = _error_by_value(error)
        drawn[weighting] = {
            "weight": median,
            "squared_error": mean,
            "squared_error_below_half": float(np.nanmean(mean[: len(mean) // 2])),
            "squared_error_above_half": float(np.nanmean(mean[len(mean) // 2 :])),
        }
    panels[0, 0].set_ylabel("weight in the loss")
    panels[1, 0].set_ylabel("mean squared error")
    entries: list[tuple[str, dict[str, Any]]] = [
        ("weight of a value (median)", {"color": BLUE, "linewidth": 1.8}),
        ("weight, one specimen", {"color": GREY, "linewidth": 0.6}),
        ("error, uniform weights", {"color": GREY}),
        ("error, these weights", {"color": VERMILION}),
    ]
    line_key(figure, entries, columns=4)
    foot_note(figure, scores_note(named, run, "bands: range over folds"))
    return Drawing(figure, {}, drawn)


def _draw_error(axes: Axes, centres: np.ndarray, scores: xr.Dataset, colour: str) -> None:
    """Squared error by value: of all folds together, and the range over the folds."""
    folds = np.stack([_error_by_value(scores.isel(fold=[i])) for i in range(scores.sizes["fold"])])
    low, high = np.min(folds, axis=0), np.max(folds, axis=0)
    axes.plot(centres, _error_by_value(scores), color=colour)
    axes.fill_between(centres, low, high, color=colour, alpha=0.2, linewidth=0)


def damage_frequency_levelsets(scores: list[xr.Dataset], run: Run) -> Drawing:
    """Figure 11: distributions of true and predicted values, and volumes above a threshold."""
    named, drawn = by_variant(scores), {}
    figure = new_figure(height=0.46)
    panels = figure.subplots(2, 4, sharex=True, sharey="row")
    for column, transform in enumerate(("id", "g", "sigma", "t")):
        total = named[f"point_{transform}_uniform"].sum("fold")
        edges = np.linspace(0, 1, total.sizes["bin"] + 1)
        outside = {key: int(total[key]) for key in ("predicted_below", "predicted_above")}
        predicted = {scaling: total["predicted_count"].sel(scaling=scaling).values for scaling in SCALINGS}
        for counts, style, label, (below, over) in (
            (total["true_count"].values, {"color": BLACK}, "true", (0, 0)),
            (predicted["raw"], {"color": VERMILION}, "predicted", outside.values()),
            (
                predicted["normalised"],
                {"color": SKY, "linestyle": "--"},
                f"predicted, {SCALING_NAMES['normalised']}",
                (0, 0),
            ),
        ):
            voxels = counts.sum() + below + over
            share = counts / voxels
            above = np.concatenate([[1.0 - below / voxels], 1.0 - (below + np.cumsum(counts)) / voxels])
            panels[0, column].stairs(np.maximum(share, 1e-6), edges, label=label, **style)
            panels[1, column].plot(edges, np.maximum(above, 1e-6), label=label, **style)
        drawn[transform] = {
            "edges": edges,
            "true_count": total["true_count"].values,
            "predicted_count": predicted,
            **outside,
        }
        panels[0, column].set(yscale="log", ylim=(1e-5, 1))
        panels[0, column].set_title(TRANSFORM_NAMES[transform].replace(" ∘ ", " ∘\n"), loc="left")
        panels[1, column].set(yscale="log", xlabel="threshold", ylim=(1e-5, 1.2))
    panels[0, 0].set_ylabel("share of voxels")
    panels[1, 0].set_ylabel("share above")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    foot_note(figure, scores_note(named, run, "together"))
    return Drawing(figure, {}, drawn)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)


def _error_by_value(scores: xr.Dataset) -> np.ndarray:
    total = scores.sum("fold")
    return _ratio(total["squared_error"].values, total["true_count"].values.astype(float))
