# SPDX-License-Identifier: GPL-3.0-or-later
"""Beyond the paper: what mechanics in the image is worth, by cost and by labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import BLACK, BLUE, GREEN, GREY, ORANGE, SKY, new_figure
from mesobayes.record.provenance import Run

_SOLVE = "finite elements"
TITLES = {  # of the families
    "mono": "discs of one size",
    "poly": "discs of several sizes",
    "overlap": "overlapping discs",
    "spheres": "spheres of one size",
}
_NAMES = {
    "volume fraction": "cubic in the volume fraction",
    "dipoles": "periodic dipoles, ridge",
    "contacts": "conductances between inclusions (contacts)",
    "modern": "periodic, equivariant CNN (modern)",
    "printed": "the paper's CNN (printed)",
    "stopped": "solver stopped early, regression (stopped)",
}
_COLOURS = {
    "volume fraction": GREY,
    "dipoles": SKY,
    "contacts": GREEN,
    "modern": BLUE,
    "printed": ORANGE,
    "stopped": BLACK,
}
Stores = Mapping[str, xr.Dataset]


def permeability_tradeoff(
    square_curve: xr.Dataset,
    square_costs: xr.Dataset,
    square_printed: xr.Dataset,
    square_modern: xr.Dataset,
    volume_curve: xr.Dataset,
    volume_costs: xr.Dataset,
    volume_printed: xr.Dataset,
    volume_modern: xr.Dataset,
    run: Run,
) -> Drawing:
    """Error against CPU time, as a share of a full solve, in two and in three dimensions."""
    figure = new_figure(1.0, 0.56)
    axes = figure.subplots(1, 2, sharey=True)
    panels = (
        (square_curve, square_costs, {"printed": square_printed, "modern": square_modern}),
        (volume_curve, volume_costs, {"printed": volume_printed, "modern": volume_modern}),
    )
    drawn: dict[str, Any] = {}
    for letter, place, (curve, costs, networks) in zip("ab", axes, panels, strict=True):
        family = curve.attrs["family"]
        drawn[family] = _tradeoff(place, curve, costs, networks)
        solve = drawn[family]["milliseconds"][_SOLVE]
        place.set_title(f"({letter}) {TITLES[family]}, {costs.attrs['side']} px; a solve: {solve:.1f} CPU ms")
    axes[0].set_ylabel("mean absolute error of μ* in %")
    legend_below(figure, axes[0], 3)
    counts = "; ".join(
        f"{TITLES[curve.attrs['family']]}: {int(curve['cells'].values[-1])} training cells ("
        + ", ".join(f"{name} {fit.attrs['n_training']}" for name, fit in networks.items())
        + f"), {curve.attrs['n_test']} test cells, {costs.attrs['images']} cells timed "
        f"{costs.sizes['repeat']} times"
        for curve, costs, networks in panels
    )
    figure.suptitle(
        f"{run.label}. {counts}\nall {square_curve.attrs['components']} components; points: mean of "
        f"{square_curve.sizes['repeat']} fits, bars: their range; labels beside points: steps of the solver",
        fontsize=7,
        wrap=True,
    )
    return Drawing(figure, drawn=drawn)


def _tradeoff(axes: Axes, curve: xr.Dataset, costs: xr.Dataset, networks: Stores) -> dict[str, Any]:
    """One panel; returns what it shows."""
    spent = dict(
        zip(costs["method"].values.astype(str), costs["milliseconds"].values.mean(axis=0), strict=True)
    )
    share = {name: 100 * value / spent[_SOLVE] for name, value in spent.items()}
    last = 100 * curve["mape"].isel(cells=-1)  # (model, repeat)
    errors = {str(name): last.sel(model=name).values for name in curve["model"].values}
    steps = [int(name.split()[1]) for name in errors if name.startswith("stopped")]
    x = [share[f"stopped {k}"] for k in steps]
    raw = [100 * float(curve["bound_mape"].sel(step=k)) for k in steps]
    fitted = [errors[f"stopped {k}"].mean() for k in steps]
    axes.plot(
        x, raw, "s--", color=GREY, markersize=3.5, label="bound of the stopped solver itself, no labels"
    )
    axes.plot(x, fitted, "o-", color=BLACK, markersize=3.5, label=_NAMES["stopped"])
    for k, at, value in zip(steps, x, fitted, strict=True):
        axes.annotate(
            str(k),
            (at, value),
            xytext=(-3, -3),
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=6.5,
        )
    for name, marker in (("dipoles", "D"), ("contacts", "*")):
        if name in errors:
            values = errors[name]
            bars = [[values.mean() - values.min()], [values.max() - values.mean()]]
            size = 9 if marker == "*" else 4.5
            axes.errorbar(
                share[name],
                values.mean(),
                bars,
                fmt=marker,
                color=_COLOURS[name],
                markersize=size,
                label=_NAMES[name],
            )
    shown = {}
    for name, marker in (("modern", "^"), ("printed", "v")):
        error = 100 * float(np.mean(networks[name].attrs["mape"]))
        shown[name] = error
        axes.plot(share[name], error, marker, color=_COLOURS[name], markersize=5.5, label=_NAMES[name])
    cubic = float(errors["volume fraction"].mean())
    axes.axhline(cubic, color=GREY, linestyle=":", label="cubic in the volume fraction (no cost)")
    axes.set(xscale="log", yscale="log", xlabel="CPU time in % of a full solve")
    shares = [share[name] for name in spent if name != _SOLVE]
    axes.set_xticks(
        [
            at
            for at in (1, 2, 5, 10, 20, 50, 100, 200, 500)
            if at / min(shares) > 0.6 and at < 1.6 * max(shares)
        ]
    )
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    return {
        "milliseconds": spent,
        "mape_percent": {name: values.tolist() for name, values in errors.items()} | shown,
        "bound_mape_percent": dict(zip(map(str, steps), raw, strict=True)),
    }


def permeability_labels(curves: list[xr.Dataset], run: Run) -> Drawing:
    """Error against the number of training cells, for every family."""
    figure = new_figure(1.0, 0.42)
    axes = figure.subplots(1, len(curves), sharey=True)
    drawn: dict[str, Any] = {}
    for letter, place, curve in zip("abcd", np.atleast_1d(axes), curves, strict=False):
        family = str(curve.attrs["family"])
        steps = _steps_shown(curve)
        lines = {"volume fraction": "volume fraction", "dipoles": "dipoles", "contacts": "contacts"}
        lines |= {f"stopped {k}": "stopped" for k in steps}
        for number, (model, name) in enumerate(lines.items()):
            if model not in curve["model"].values:
                continue
            values = 100 * curve["mape"].sel(model=model).values  # (cells, repeat)
            label = (
                _NAMES[name]
                if name != "stopped"
                else f"solver stopped after {model.split()[1]} steps, regression"
            )
            line = "--" if number == len(lines) - 1 and len(steps) > 1 else "-"
            x = curve["cells"].values
            place.plot(x, values.mean(axis=1), f"o{line}", color=_COLOURS[name], markersize=3, label=label)
            place.fill_between(
                x, values.min(axis=1), values.max(axis=1), color=_COLOURS[name], alpha=0.2, linewidth=0
            )
            drawn.setdefault(family, {})[model] = {"cells": x, "mape_percent": values}
        place.set(xscale="log", yscale="log", xlabel="training cells", title=f"({letter}) {TITLES[family]}")
        counts = curve["cells"].values
        apart = np.append(counts[1:] > 1.5 * counts[:-1], True)  # labels that do not run into the next
        place.set_xticks(
            counts, [str(count) if far else "" for count, far in zip(counts, apart, strict=True)]
        )
        place.xaxis.set_minor_locator(NullLocator())
    np.atleast_1d(axes)[0].set_ylabel("mean absolute error of μ* in %")
    legend_below(figure, np.atleast_1d(axes)[0], 3)
    tests = ", ".join(f"{curve.attrs['n_test']}" for curve in curves)
    figure.suptitle(
        f"{run.label}: {tests} test cells; lines: mean of {curves[0].sizes['repeat']} nested random subsets, "
        "bands: their range",
        fontsize=7.5,
    )
    return Drawing(figure, drawn={**drawn, "seed": run.seed})


def _steps_shown(curve: xr.Dataset) -> list[int]:
    """Few and many steps of the solver, of those that were compared."""
    steps = [int(str(name).split()[1]) for name in curve["model"].values if str(name).startswith("stopped")]
    return [k for k in (8, 3) if k in steps]


def legend_below(figure: Figure, axes: Axes, columns: int) -> None:
    """One legend below all axes."""
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=columns, fontsize=6.8)
