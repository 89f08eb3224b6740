# SPDX-License-Identifier: GPL-3.0-or-later
"""What mechanics knows without a label, what a network adds to it, and the CPU time of both."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mesobayes.drawing.drawing import Drawing, Reads
from mesobayes.drawing.style import BLACK, BLUE, GREY, ORANGE, SKY, new_figure
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.predictions import (
    MECHANICS_LABEL,
    NETWORK_STYLE,
    Predictions,
    accuracies,
    by_network,
    errors_of_mechanics,
    foot,
    foot_text,
    structures_of,
)
from mesobayes.studies.stress.figures.tables import seconds_of
from mesobayes.studies.stress.settings import StressNetworks
from mesobayes.studies.stress.stores import noise_of

Windows = Annotated[xr.Dataset, Reads("roi_max", "accuracy", "seconds")]
_PATCH = 18.0  # width of a patch in R
_MARKERS = (("o", 0.93), ("s", 1.0), ("^", 1.07))  # beside each other, as their times are the same


class Place(NamedTuple):
    """A method: CPU time a patch in ms, and the shares (%) of maxima within 10 % by repeat."""

    milliseconds: float
    shares: list[float]


def mechanics_cost(
    mechanics: Windows,
    timing: xr.Dataset,
    few: Predictions,
    some: Predictions,
    full: Predictions,
    solves: list[Path],
    channels: list[Path],
    networks: StressNetworks,
    structures: int,
    run: Run,
) -> Drawing:
    """Draw accuracy against CPU time, and against the window whose holes are known.

    Args:
        mechanics: largest stresses by mechanics, their times, accuracy by window.
        timing: CPU times of networks.
        few, some, full: predictions of networks fitted to so many labels.
        solves: benchmark files of the finite elements of all structures.
        channels: benchmark file of what pixel networks see.
        networks: widths.
        structures: how many were solved.
        run: scale and seed.
    """
    windows = mechanics.sizes["patch"] / structures  # a structure gives so many patches
    solve = 1e3 * sum(seconds_of(path)["cpu_time"] for path in solves) / structures / windows
    seen = 1e3 * sum(seconds_of(path)["cpu_time"] for path in channels) / mechanics.sizes["patch"]
    models = (few, some, full)
    free = {
        name: Place(1e3 * float(mechanics["seconds"].sel(mechanics=name)), [100 * float(np.mean(e < 0.1))])
        for name, e in errors_of_mechanics(mechanics, full[0]).items()
    }
    learned = {
        name: [_network_place(name, by_network(model)[name], timing, seen) for model in models]
        for name in by_network(full)
    }
    ceiling = 100 * float(noise_of(full[0].attrs)["label_noise_accuracy"])
    figure = new_figure(1.0, 0.5)
    left, right = figure.subplots(1, 2, width_ratios=(1.45, 1.0), sharey=True)
    _draw_places(left, free, learned, [model[0].attrs["labels"] for model in models], Place(solve, [ceiling]))
    _draw_windows(right, mechanics)
    note = (
        f"{foot_text(models, networks, run)}, {full[0].attrs['draws']} posterior draws; bars: range of the "
        "repeats; CPU time on this machine, one pass of a network by its mean weights, its markers side by "
        "side; that of pixel networks with their channels; the macroscopic field is given to all but the "
        "finite elements, which include it and are drawn at the ceiling of label noise; windows: "
        f"{mechanics.sizes['window_patch']} patches"
    )
    foot(figure, note, 132)
    drawn = {
        "methods": {name: place._asdict() for name, place in free.items()},
        "networks": {name: [place._asdict() for place in places] for name, places in learned.items()},
        "labels": [model[0].attrs["labels"] for model in models],
        "finite elements, ms a patch": solve,
        "channels, ms a patch": seen,
        "with draws, ms a patch": {
            str(name): 1e3 * float(timing["seconds"].sel(network=name, how="draws").mean())
            for name in timing["network"].values
        },
        "scored_structures": structures_of(full[0]),
        "window (R)": mechanics["window"].values.tolist(),
        "within 5, 10, 20 % by window": np.round(mechanics["accuracy"].values, 4).tolist(),
        **noise_of(full[0].attrs),
    }
    return Drawing(figure, {}, drawn)


def _network_place(name: str, repeats: list[xr.Dataset], timing: xr.Dataset, seen: float) -> Place:
    """Time of one pass, with the channels that pixel networks need, and the shares by repeat."""
    passed = 1e3 * float(timing["seconds"].sel(network=name, how="one pass").mean())
    own = seen if name in ("local", "geometry") else 0.0
    return Place(passed + own, [100 * share for share in accuracies(repeats)])


def _draw_places(
    axis: Axes,
    free: dict[str, Place],
    learned: dict[str, list[Place]],
    labels: list[int],
    solved: Place,
) -> None:
    """Shares against time: mechanics as a line, each network as a column of its label counts."""
    line = [free[name] for name in free if name != "whole"]
    axis.plot(
        *zip(*[(p.milliseconds, p.shares[0]) for p in line], strict=True), "-", color=GREY, linewidth=0.8
    )
    for name, place in free.items():
        axis.plot(place.milliseconds, place.shares[0], "D", color=GREY, markersize=4)
        left = name == "whole"
        axis.annotate(
            MECHANICS_LABEL[name],
            (place.milliseconds, place.shares[0]),
            (-6, 1) if left else (6, -4),
            textcoords="offset points",
            fontsize=6.5,
            color=GREY,
            ha="right" if left else "left",
            va="center",
        )
    for name, places in learned.items():
        title, colour = NETWORK_STYLE[name]
        for place, (marker, shift), count in zip(places, _MARKERS, labels, strict=True):
            middle = float(np.mean(place.shares))
            ends = [[middle - min(place.shares)], [max(place.shares) - middle]]
            axis.errorbar(
                *(shift * place.milliseconds, middle),
                yerr=ends,
                color=colour,
                marker=marker,
                markersize=4.5,
                linestyle="none",
                label=f"{title}, {count:,} labels",
            )
    axis.plot(solved.milliseconds, solved.shares[0], "*", color=BLACK, markersize=8, label="finite elements")
    axis.set(
        xscale="log", xlabel="CPU time of a patch (ms)", ylabel="ROI maxima within 10 % (%)", ylim=(0, 104)
    )
    axis.set_title("(a) accuracy and cost; grey: no label", loc="left")
    axis.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.2), ncols=2, fontsize=6.5)


def _draw_windows(axis: Axes, mechanics: xr.Dataset) -> None:
    """Shares within three thresholds against the width of the window, without a label."""
    widths = mechanics["window"].values
    look: tuple[tuple[str, str], ...] = ((SKY, "v"), (BLUE, "o"), (ORANGE, "^"))
    for threshold, (colour, marker) in zip(mechanics["threshold"].values, look, strict=True):
        shares = 100 * mechanics["accuracy"].sel(threshold=threshold).values
        axis.plot(
            widths, shares, color=colour, marker=marker, markersize=4, label=f"within {100 * threshold:g} %"
        )
    axis.axvline(_PATCH, color=GREY, linewidth=0.7, linestyle=":")
    axis.annotate("the patch", (_PATCH, 2), (3, 0), textcoords="offset points", fontsize=6.5, color=GREY)
    axis.set(xlabel="known around the region of interest (R)", xscale="log")
    names: list[Any] = [*(f"{width:g}" for width in widths[:-1]), "whole"]
    axis.set_xticks(widths, names)
    axis.minorticks_off()
    axis.set_title("(b) pores and edges by mechanics", loc="left")
    axis.legend(loc="upper left", bbox_to_anchor=(-0.02, -0.2), fontsize=6.5)
