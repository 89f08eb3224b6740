# SPDX-License-Identifier: GPL-3.0-or-later
"""Patches between two fits, and choosing among all: figures 35 and 36 of Krokos et al. 2022."""

from __future__ import annotations

import textwrap

import numpy as np
import xarray as xr

from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLUE, GREEN, ORANGE, new_figure
from mesobayes.metrics.learning_curve import chains_of, labels_to_reach, mean_and_band
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.learning_curves import (
    NETWORK_TITLE,
    counts_note,
    curves_drawn,
    draw_chains,
    draw_levels,
    shared_legend,
)

_RATE_STYLE = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "^"))


def query_rate(low: xr.Dataset, middle: xr.Dataset, high: xr.Dataset, run: Run) -> Drawing:
    """Draw figure 35: accuracy against added patches for three numbers of patches per query."""
    rates = (low, middle, high)
    networks = low["network"].values
    figure = new_figure(width=0.5 * max(len(networks), 1) + 0.2, height=0.5)
    axes = figure.subplots(1, len(networks), squeeze=False, sharey=True)[0]
    for axis, network in zip(axes, networks, strict=True):
        for curves, (colour, marker) in zip(rates, _RATE_STYLE, strict=True):
            labelled = curves["labelled"].values
            mean, half = mean_and_band(100 * _accuracy(curves, network))
            label = f"{labelled[1] - labelled[0]} at a time"
            axis.errorbar(
                labelled - labelled[0], mean, half, color=colour, marker=marker, markersize=3.5, label=label
            )
        axis.set_title(NETWORK_TITLE[network], loc="left")
        axis.set(xlabel=f"patches added to the first {int(low['labelled'][0])}")
    axes[0].set_ylabel(f"ROI maxima within {100 * low.attrs['threshold']:g} % (%)")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3)
    note = f"{counts_note(low, run)}; acquisition by maximum variance; bars: 95 % interval of the mean"
    figure.supxlabel(textwrap.fill(note, 100), fontsize=6.5)
    drawn = {
        name: curves_drawn(curves) for name, curves in zip(("low", "middle", "high"), rates, strict=True)
    }
    return Drawing(figure, {"best_query_rate": _lead_of_middle(rates)}, drawn)


def selective_learning_full(curves: xr.Dataset, run: Run) -> Drawing:
    """Draw figure 36: accuracy and squared error against the size of the training set, up to all patches."""
    networks = curves["network"].values
    figure = new_figure(width=1.0, height=0.32 * len(networks) + 0.14)
    axes = figure.subplots(len(networks), 2, squeeze=False, sharex=True, width_ratios=(1.3, 1.0))
    labelled = curves["labelled"].values
    for (left, right), network in zip(axes, networks, strict=True):
        chains = curves.sel(network=network, acquisition=chains_of(curves, network))
        draw_chains(left, labelled, chains["accuracy"] * 100)
        draw_levels(left, curves["mechanics_accuracy"])
        left.set(ylabel=f"ROI maxima within {100 * curves.attrs['threshold']:g} % (%)", ylim=(0, 104))
        left.set_title(NETWORK_TITLE[network], loc="left")
        draw_chains(right, labelled, chains["mse"])
        right.set(ylabel="squared error (patch scale²)")
        right.set_ylim(bottom=0)
    for axis in axes[-1]:
        axis.set(xlabel="labelled patches", xticks=labelled)
    shared_legend(figure, axes)
    note = f"{counts_note(curves, run)}; band: 95 % interval of the mean; dotted: mechanics without a label"
    figure.supxlabel(textwrap.fill(note, 125), fontsize=6.5)
    return Drawing(figure, _plateau(curves), curves_drawn(curves))


def _accuracy(curves: xr.Dataset, network: str) -> np.ndarray:
    """Accuracy (repeat, query) by maximum variance."""
    return np.asarray(curves["accuracy"].sel(network=network, acquisition="max_variance").values)


def _compared(curves: xr.Dataset) -> str | None:
    """The printed network where it has been fitted, else none."""
    return "printed" if "printed" in curves["network"].values else None


def _lead_of_middle(rates: tuple[xr.Dataset, ...]) -> Number:
    """Return the mean accuracy over the queries with the middle rate minus the better of the others."""
    network = _compared(rates[0])
    if network is None:
        return Number(None, note="the configuration leaves out the printed network")
    low, middle, high = (
        _over_additions(curves["labelled"].values, _accuracy(curves, network)) for curves in rates
    )
    better = low if low.mean() > high.mean() else high
    return Number.difference(
        middle.tolist(), better.tolist(), "accuracy over all added patches, paired by repeat"
    )


def _over_additions(labelled: np.ndarray, accuracy: np.ndarray) -> np.ndarray:
    """Accuracy (repeat,) averaged over the number of labels, linear between queries."""
    return np.asarray(np.trapezoid(accuracy, labelled, axis=1) / (labelled[-1] - labelled[0]))


def _plateau(curves: xr.Dataset) -> dict[str, Number]:
    """Return when the accuracy of all patches is reached, repeat by repeat."""
    network = _compared(curves)
    if network is None:
        note = "the configuration leaves out the printed network"
        return {
            key: Number(None, note=note)
            for key in ("plateau_at_patches", "label_saving", "plateau_iteration")
        }
    labelled = curves["labelled"].values
    accuracy = _accuracy(curves, network)
    # the last accuracy itself is noisy: within one point of it counts as reached
    patches = np.array([labels_to_reach(row, labelled, row[-1] - 0.01) for row in accuracy])
    patches = np.maximum(patches, labelled[0])
    queries = (patches - labelled[0]) / (labelled[1] - labelled[0])
    return {
        "plateau_at_patches": Number.of(
            patches.tolist(), "patches until one point below the accuracy of all"
        ),
        "label_saving": Number.of((1 - patches / labelled[-1]).tolist(), "of all patches"),
        "plateau_iteration": Number.of(queries.tolist(), "queries until one point below the accuracy of all"),
    }
