# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of Krokos et al. 2022; pure functions from data sets to matplotlib figures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mesobayes.figures.style import BLUE, GREEN, GREY, ORANGE, new_figure
from mesobayes.metrics.learning_curve import mean_and_band

ACQUISITION_STYLE: dict[str, tuple[str, str, str, str]] = {
    "random": ("random (mean, 95 % interval)", BLUE, "-", "o"),
    "max_variance": ("maximum variance (printed)", ORANGE, "-", "s"),
    "relative_spread": ("relative spread of the ROI maximum", GREEN, "-", "^"),
    "oracle": ("oracle: true relative error", GREY, "--", "D"),
}
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
    figure = new_figure(width=1.0, height=0.36 * len(networks) + 0.16)
    axes = figure.subplots(len(networks), 2, squeeze=False, sharex=True)
    added = (curves["labelled"] - curves["labelled"][0]).values
    for row, network in zip(axes, networks, strict=True):
        left, right = row
        draw_chains(left, added, curves["accuracy"].sel(network=network) * 100)
        draw_chains(right, added, curves["mse"].sel(network=network))
        left.axhline(
            100 * baseline["accuracy"], color="black", linestyle=":", label="no learning: tuned macro Tresca"
        )
        left.axhline(100 * ceiling, color="black", linestyle=(0, (1, 3)), label="label-noise ceiling")
        right.axhline(baseline["mse"], color="black", linestyle=":")
        left.set(ylabel="ROI maxima within 10 % (%)", ylim=(0, 104))
        right.set(ylabel="squared error (patch scale²)", yscale="log")
        left.set_title(NETWORK_TITLE.get(network, network), loc="left")
    for axis in axes[-1]:
        axis.set(xlabel=f"patches added to the first {int(curves['labelled'][0])}", xticks=added)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3)
    figure.text(0.5, 0.0, note, ha="center", va="bottom", fontsize="x-small", wrap=True)
    return figure


def draw_chains(axis: Axes, added: np.ndarray, values: xr.DataArray) -> None:
    """Mean curve of every acquisition over its repeats, for random with its 95 % confidence interval."""
    for acquisition in values["acquisition"].values:
        label, colour, line, marker = ACQUISITION_STYLE[acquisition]
        repeats = values.sel(acquisition=acquisition).values  # (repeat, query)
        mean, half = mean_and_band(repeats)
        axis.plot(added, mean, line, color=colour, marker=marker, markersize=3.5, label=label)
        if acquisition == "random":
            axis.fill_between(added, mean - half, mean + half, color=colour, alpha=0.2, linewidth=0)
        else:
            axis.plot(added, repeats.T, color=colour, linewidth=0.5, alpha=0.5)
