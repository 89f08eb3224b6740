# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of the figures on selective learning: curves of chains, their lead over random, levels."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mesobayes.drawing.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILION
from mesobayes.metrics.learning_curve import chains_of, mean_and_band
from mesobayes.record.provenance import Run

ACQUISITION_STYLE: dict[str, tuple[str, str, str, str]] = {
    "random": ("random", BLUE, "-", "o"),
    "max_variance": ("maximum variance (printed)", ORANGE, "-", "s"),
    "predicted_maximum": ("predicted maximum alone", PURPLE, "-", "v"),
    "batchbald": ("BatchBALD", VERMILION, "-", "P"),
    "relative_spread": ("relative spread of the maximum", GREEN, "-", "^"),
    "oracle": ("oracle: true relative error", GREY, "--", "D"),
}
NETWORK_TITLE = {
    "printed": "StressNet (printed)",
    "modern": "U-Net, linear head (modern)",
    "local": "pixel network, mechanics given (local)",
    "geometry": "pixel network, geometry only (geometry)",
}
MECHANICS_TITLE = {
    "macro": "macro Tresca",
    "superposition": "superposed pores",
    "pores": "interacting pores",
    "edges": "pores and edges",
    "whole": "whole plate",
}
LEVEL_LINE: dict[str, Any] = {"color": BLACK, "linewidth": 0.7, "linestyle": ":", "zorder": 1}


def draw_chains(axis: Axes, added: np.ndarray, values: xr.DataArray) -> None:
    """Mean curve of every acquisition over its repeats, for random with its 95 % interval.

    Curves that share their first fit stand side by side instead of behind each other.
    """
    step = added[-1] / 150
    for number, acquisition in enumerate(values["acquisition"].values):
        label, colour, line, marker = ACQUISITION_STYLE[acquisition]
        mean, half = mean_and_band(values.sel(acquisition=acquisition).values)  # over (repeat, query)
        place = added + step * (number - (values.sizes["acquisition"] - 1) / 2)
        axis.plot(place, mean, line, color=colour, marker=marker, markersize=3.5, label=label)
        if acquisition == "random":
            axis.fill_between(place, mean - half, mean + half, color=colour, alpha=0.2, linewidth=0)


def draw_lead(axis: Axes, added: np.ndarray, values: xr.DataArray) -> None:
    """Mean lead of every acquisition over random, paired by repeat, with its 95 % interval, by query."""
    others = [name for name in values["acquisition"].values if name != "random"]
    random = values.sel(acquisition="random").values
    step = added[-1] / 40
    for number, acquisition in enumerate(others):
        _, colour, _, marker = ACQUISITION_STYLE[acquisition]
        mean, half = mean_and_band((values.sel(acquisition=acquisition).values - random)[:, 1:])
        place = added[1:] + step * (number - (len(others) - 1) / 2)
        axis.errorbar(place, mean, half, color=colour, marker=marker, markersize=3.5, linestyle="none")
    axis.axhline(0.0, color=BLUE, linewidth=1.0)


def draw_levels(axis: Axes, levels: xr.DataArray) -> None:
    """Lines at what mechanics reaches without a label, in per cent, named beside the right edge."""
    beside = axis.secondary_yaxis("right")
    values = 100 * levels.values
    for value in values:
        axis.axhline(value, **LEVEL_LINE)
    titles = [MECHANICS_TITLE[name] for name in levels["mechanics"].values]
    names = [f"{title} {value:.0f}" for title, value in zip(titles, values, strict=True)]
    beside.set_yticks(spread_out(values, 6.5), names, fontsize=6)
    beside.tick_params(length=0, pad=2)
    beside.spines["right"].set_visible(False)


def spread_out(values: np.ndarray, gap: float) -> np.ndarray:
    """Move values apart, as little as needed, until neighbours are `gap` apart; for labels beside an axis."""
    order = np.argsort(values)
    places = values[order].astype(float)
    for _ in range(100):
        lack = gap - np.diff(places)
        close = np.maximum(lack, 0) / 2
        if not close.any():
            break
        places[:-1] -= close
        places[1:] += close
    result = np.empty_like(places)
    result[order] = places
    return result


def shared_legend(figure: Figure, axes: np.ndarray) -> None:
    """One legend above all panels, with every label once."""
    entries: dict[str, Any] = {}
    for axis in axes.ravel():
        handles, labels = axis.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    names = [title for title, *_ in ACQUISITION_STYLE.values() if title in entries]
    figure.legend([entries[name] for name in names], names, loc="outside upper center", ncols=3)


def counts_note(curves: xr.Dataset, run: Run) -> str:
    """What was computed, in one sentence."""
    counts = curves.attrs
    fits = ", ".join(
        f"{network} {int(curves['steps'].sel(network=network))} steps of "
        f"{int(curves['batch'].sel(network=network))}"
        for network in curves["network"].values
    )
    train = counts["n_structures"] - counts["validation_structures"]
    return (
        f"{run.label}: patches of {train} structures; scored on {counts['validation_patches']} patches of "
        f"{counts['validation_structures']} other structures; {curves.sizes['repeat']} repeats per chain, "
        f"{counts['draws']} posterior draws; fits: {fits}"
    )


def curves_drawn(curves: xr.Dataset) -> dict[str, Any]:
    """Everything needed to redraw the curves of an experiment."""
    counts = ("n_structures", "validation_structures", "validation_patches", "draws", "fits", "threshold")
    chains = {
        f"{network}/{acquisition}": {
            name: np.round(curves[name].sel(network=network, acquisition=acquisition).values, 6).tolist()
            for name in ("accuracy", "mse", "coverage")
        }
        for network in curves["network"].values
        for acquisition in chains_of(curves, network)
    }
    return {
        "counts": {
            **{key: curves.attrs[key] for key in counts},
            "repeats": curves.sizes["repeat"],
            "labelled": curves["labelled"].values.tolist(),
            "split_by": "structure",
        },
        "chains (repeat, query)": chains,
        "mechanics": curves["mechanics_accuracy"].to_series().to_dict(),
        "ceiling": curves.attrs["label_noise_accuracy"],
        "fit_seconds": round(unique_seconds(curves), 1),
        **{key: value for key, value in curves.attrs.items() if key.startswith("label_noise")},
    }


def unique_seconds(curves: xr.Dataset) -> float:
    """Return the training time of all fits; query 0 stands in every chain but ran once."""
    seconds = curves["fit_seconds"]
    return float(seconds.isel(query=slice(1, None)).sum() + seconds.isel(query=0).max("acquisition").sum())
