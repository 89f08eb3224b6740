# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of Krokos et al. 2022; pure functions from data sets to matplotlib figures."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mesobayes.drawing.style import BLACK, BLUE, GREEN, GREY, ORANGE, new_figure
from mesobayes.metrics.learning_curve import chains_of, mean_and_band

ACQUISITION_STYLE: dict[str, tuple[str, str, str, str]] = {
    "random": ("random (mean, 95 % interval)", BLUE, "-", "o"),
    "max_variance": ("maximum variance (printed)", ORANGE, "-", "s"),
    "relative_spread": ("relative spread of the ROI maximum", GREEN, "-", "^"),
    "oracle": ("oracle: true relative error", GREY, "--", "D"),
}
_BASELINE: dict[str, Any] = {"color": BLACK, "linestyle": ":", "zorder": 1}
_CEILING: dict[str, Any] = {"color": BLACK, "linestyle": "-.", "linewidth": 0.8, "zorder": 1}
NETWORK_TITLE = {"printed": "printed network: StressNet", "modern": "modern network: U-Net with linear head"}


def selective_learning(
    curves: xr.Dataset, baseline: Mapping[str, float], ceiling: float, note: str
) -> Figure:
    """Figure 33: accuracy and squared error against the number of added patches, one row per network.

    `curves` as made by `learning_curves`; `baseline` the accuracy and squared error of the tuned no-learning
    baseline under the keys "accuracy" and "mse"; `ceiling` the accuracy that label noise allows; `note` the
    line on scale, counts and seeds at the foot.
    """
    networks = curves["network"].values
    figure = new_figure(width=1.0, height=0.34 * len(networks) + 0.14)
    axes = figure.subplots(len(networks), 2, squeeze=False, sharex=True)
    added = (curves["labelled"] - curves["labelled"][0]).values
    for (left, right), network in zip(axes, networks, strict=True):
        chains = curves.sel(network=network, acquisition=chains_of(curves, network))
        draw_chains(left, added, chains["accuracy"] * 100)
        draw_chains(right, added, chains["mse"])
        left.axhline(100 * baseline["accuracy"], label="no learning: tuned macro Tresca", **_BASELINE)
        left.axhline(100 * ceiling, label="label-noise ceiling", **_CEILING)
        right.axhline(baseline["mse"], **_BASELINE)
        left.set(ylabel="ROI maxima within 10 % (%)", ylim=(0, 104))
        highest = max(float(chains["mse"].max()), baseline["mse"])
        right.set(ylabel="squared error (patch scale²)", ylim=(0, 1.15 * highest))
        left.set_title(NETWORK_TITLE.get(network, network), loc="left")
    for axis in axes[-1]:
        axis.set(xlabel=f"patches added to the first {int(curves['labelled'][0])}", xticks=added)
    entries: dict[str, Any] = {}
    for axis in axes[::-1, 0]:
        handles, labels = axis.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    figure.legend(entries.values(), entries.keys(), loc="outside upper center", ncols=3)
    figure.supxlabel(textwrap.fill(note, 125), fontsize=6.5)
    return figure


def draw_chains(axis: Axes, added: np.ndarray, values: xr.DataArray) -> None:
    """Mean curve of every acquisition over its repeats, for random with its 95 % confidence interval."""
    step = (
        added[-1] / 150
    )  # curves that share their first fit stand side by side instead of behind each other
    for number, acquisition in enumerate(values["acquisition"].values):
        label, colour, line, marker = ACQUISITION_STYLE[acquisition]
        repeats = values.sel(acquisition=acquisition).values  # (repeat, query)
        mean, half = mean_and_band(repeats)
        place = added + step * (number - (values.sizes["acquisition"] - 1) / 2)
        axis.plot(place, mean, line, color=colour, marker=marker, markersize=3.5, label=label)
        if acquisition == "random":
            axis.fill_between(place, mean - half, mean + half, color=colour, alpha=0.2, linewidth=0)
        else:
            axis.plot(place, repeats.T, color=colour, linewidth=0.5, alpha=0.5)
