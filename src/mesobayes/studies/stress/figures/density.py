# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 23, 24, 37 and 38: predicted maxima and their 95 % bounds against finite elements, as densities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLACK, new_figure
from mesobayes.metrics.intervals import interval_of_maximum
from mesobayes.metrics.rank import rank_correlation
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.predictions import (
    NETWORK_STYLE,
    Predictions,
    Stores,
    accuracies,
    accuracy_difference,
    accuracy_number,
    by_network,
    compared,
    cost_ratio,
    counts_of,
    coverage_number,
    coverages,
    foot,
    foot_text,
    origin_of,
)
from mesobayes.studies.stress.settings import StressNetworks

_CELLS = 45  # hexagons along an axis


def bnn_optimised_prior(
    bayes_learned: Predictions, point_weights: Predictions, networks: StressNetworks, run: Run
) -> Drawing:
    """Figure 23: prior learned by layer; the same fit with fixed weights is its partner."""
    drawing = density_figure(bayes_learned, networks, run)
    numbers = {
        "coverage95": coverage_number(bayes_learned),
        "acc10_map": accuracy_number(bayes_learned),
        "acc10_deterministic": accuracy_number(point_weights),
        "cost_ratio_vs_det": cost_ratio(bayes_learned, point_weights),
    }
    return Drawing(drawing.figure, numbers, drawing.drawn | {"fixed weights": counts_of(point_weights)})


def bnn_fixed_prior(
    bayes_fixed: Predictions, bayes_learned: Predictions, networks: StressNetworks, run: Run
) -> Drawing:
    """Figure 24: standard normal prior of every weight."""
    drawing = density_figure(bayes_fixed, networks, run)
    learned, fixed = (coverages(compared(stores)) for stores in (bayes_learned, bayes_fixed))
    numbers = {
        "coverage95": coverage_number(bayes_fixed),
        "coverage_drop": Number.difference(learned, fixed, origin_of(compared(bayes_fixed))),
        "accuracy_drop": accuracy_difference(bayes_learned, bayes_fixed),
    }
    return Drawing(drawing.figure, numbers, drawing.drawn | {"learned prior": counts_of(bayes_learned)})


def ood_density(unseen: Predictions, home: Predictions, networks: StressNetworks, run: Run) -> Drawing:
    """Figure 37: pores of a shape that the network has not learned; the note says the scores at home."""
    at_home = "; ".join(
        f"on round pores {100 * np.mean(accuracies(repeats)):.0f} % within 10 % and "
        f"{100 * np.mean(coverages(repeats)):.0f} % inside ({NETWORK_STYLE[name][0]})"
        for name, repeats in by_network(home).items()
    )
    drawing = density_figure(unseen, networks, run, "structures with elliptical pores", at_home)
    numbers = {"acc10": accuracy_number(unseen), "coverage95": coverage_number(unseen)}
    return Drawing(drawing.figure, numbers, drawing.drawn | {"round pores": counts_of(home)})


def ood_error_vs_uncertainty(unseen: Predictions, networks: StressNetworks, run: Run) -> Drawing:
    """Figure 38: errors beside the half widths of the intervals, on pores of an unseen shape."""
    named = by_network(unseen)
    figure = new_figure(0.62 if len(named) == 1 else 1.0, 0.54)
    drawn: dict[str, Any] = {"counts": counts_of(unseen)}
    places = figure.subplots(1, len(named), squeeze=False)[0]
    for place, (name, repeats) in zip(places, named.items(), strict=True):
        half, error = (
            np.concatenate(values) for values in zip(*map(half_width_and_error, repeats), strict=True)
        )
        right, top = (1.05 * max(float(np.quantile(values, 0.998)), 1e-6) for values in (half, error))
        off = draw_density(place, half, error, (right, top))
        place.set(xlabel="half width of the 95 % interval (patch scale)", aspect="auto")
        place.set_ylabel("error of the ROI maximum (patch scale)")
        by_spread, by_size = (
            float(np.nanmean(rank_correlations(repeats, score))) for score in ("half width", "mean")
        )
        place.set_title(
            f"{NETWORK_STYLE[name][0]}\nrank correlation with the error {by_spread:.2f}\n"
            f"that of the predicted maximum alone {by_size:.2f}".replace("-0", "−0"),
            loc="left",
        )
        drawn[name] = {
            "rank_correlation": by_spread,
            "rank_correlation_of_the_predicted_maximum": by_size,
            "off_axis": off,
        }
    colour_bar(figure, places)
    note = foot_text([unseen], networks, run, "structures with elliptical pores")
    foot(
        figure, note + "; above the line the truth lies outside the interval", 80 if len(named) == 1 else 125
    )
    values = rank_correlations(compared(unseen), "half width")
    note = f"by structure, mean over repeats; {origin_of(compared(unseen))}"
    return Drawing(figure, {"claim": Number.of(values, note)}, drawn)


def density_figure(
    stores: Stores, networks: StressNetworks, run: Run, split: str | None = None, remark: str = ""
) -> Drawing:
    """Draw predicted maxima, upper and lower bounds against finite elements, a row for each network."""
    named = by_network(stores)
    figure = new_figure(1.0, 0.4 * len(named) + 0.06)
    places = figure.subplots(len(named), 3, squeeze=False)
    drawn: dict[str, Any] = {"counts": counts_of(stores)}
    for row, (name, repeats) in zip(places, named.items(), strict=True):
        true = np.concatenate([store["true_max"].values for store in repeats])
        mean = np.concatenate([store["mean_max"].values for store in repeats])
        low, high = np.concatenate(
            [interval_of_maximum(store["roi_max"].values) for store in repeats], axis=1
        )
        inside = 100 * np.mean(coverages(repeats))
        over, under = 100 * np.mean(true > high), 100 * np.mean(true < low)
        titles = (
            f"posterior mean\n{100 * np.mean(accuracies(repeats)):.1f} % within 10 %",
            f"upper 95 % bound\n{inside:.1f} % between the bounds",
            f"lower 95 % bound\n{over:.1f} % above, {under:.1f} % below",
        )
        limit = 1.1 * float(np.quantile(np.concatenate([true, mean]), 0.998))
        beyond = [
            draw_density(place, true, y, (limit, limit))
            for place, y in zip(row, (mean, high, low), strict=True)
        ]
        for place, title, count in zip(row, titles, beyond, strict=True):
            outside = f"\n{count:,} of {len(true):,} off the axes" if count else ""
            place.set_title(title + outside, loc="left")
        for ratio in (0.9, 1.1):
            row[0].plot([0, limit], [0, ratio * limit], color=BLACK, linewidth=0.5, linestyle="--")
        row[0].set_ylabel(f"{NETWORK_STYLE[name][0]}\npredicted ROI maximum (patch scale)")
        drawn[name] = {"coverage": coverages(repeats), "accuracy": accuracies(repeats), "off_axis": beyond}
    for place in places[-1]:
        place.set_xlabel("finite elements (patch scale)")
    colour_bar(figure, places.ravel())
    note = "; ".join(filter(None, (foot_text([stores], networks, run, split), remark)))
    draws = stores[0].attrs["draws"]
    foot(figure, f"{note}; {draws} posterior draws, points of all repeats; dashed: error of 10 %", 135)
    return Drawing(figure, {}, drawn)


def draw_density(axes: Axes, x: NDArray, y: NDArray, limits: tuple[float, float]) -> int:
    """Draw how many points fall into hexagons, and the diagonal; return how many lie off the axes.

    Both axes begin at 0 and end at the limits.
    """
    right, top = limits
    shown = (x >= 0) & (x <= right) & (y >= 0) & (y <= top)
    axes.hexbin(
        x[shown],
        y[shown],
        gridsize=_CELLS,
        extent=(0, right, 0, top),
        mincnt=1,
        linewidths=0,
        rasterized=True,
    )
    axes.plot([0, max(limits)], [0, max(limits)], color=BLACK, linewidth=0.8)
    axes.set(xlim=(0, right), ylim=(0, top), aspect="equal")
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    return int(np.count_nonzero(~shown))


def colour_bar(figure: Figure, places: Sequence[Axes] | NDArray) -> None:
    """Give the hexagons of all panels one logarithmic scale and one colour bar."""
    hexagons = [place.collections[0] for place in places]
    most = max(2.0, *(float(np.max(np.asarray(one.get_array()), initial=1.0)) for one in hexagons))
    for one in hexagons:
        one.set_norm(LogNorm(1.0, most))
    ticks = [one * 10**power for power in range(6) for one in (1, 2, 5) if one * 10**power <= most]
    bar = figure.colorbar(
        hexagons[0], ax=list(places), label="patches in a hexagon", shrink=0.8, pad=0.02, ticks=ticks
    )
    bar.ax.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    bar.ax.minorticks_off()


def half_width_and_error(store: xr.Dataset) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return half widths (patch,) of the 95 % intervals, and distances of the truth from their middles."""
    low, high = interval_of_maximum(store["roi_max"].values)
    return (high - low) / 2, np.abs(store["true_max"].values - (high + low) / 2)


def rank_correlations(repeats: Stores, score: str) -> list[float]:
    """Spearman correlation between error and a score over the patches of every structure, mean over repeats.

    The score is the ``half width`` of the interval, or the predicted ``mean``. Structures of fewer
    than four patches are left out.
    """
    structure = repeats[0]["structure"].values
    found = []
    for one in np.unique(structure):
        rows = np.flatnonzero(structure == one)
        if len(rows) < 4:
            continue
        values = []
        for store in repeats:
            half, error = half_width_and_error(store)
            against = half if score == "half width" else store["mean_max"].values
            values.append(rank_correlation(against[rows], error[rows]))
        found.append(float(np.mean(values)))
    return found
