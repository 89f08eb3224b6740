# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of Krokos et al. 2022; pure functions from data sets to matplotlib figures."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLACK, BLUE, GREEN, GREY, ORANGE, new_figure
from mesobayes.metrics.learning_curve import chains_of, label_saving, labels_by_repeat, mean_and_band
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.settings import StressFits

ACQUISITION_STYLE: dict[str, tuple[str, str, str, str]] = {
    "random": ("random (mean, 95 % interval)", BLUE, "-", "o"),
    "max_variance": ("maximum variance (printed)", ORANGE, "-", "s"),
    "relative_spread": ("relative spread of the ROI maximum", GREEN, "-", "^"),
    "oracle": ("oracle: true relative error", GREY, "--", "D"),
}
_BASELINE: dict[str, Any] = {"color": BLACK, "linestyle": ":", "zorder": 1}
_CEILING: dict[str, Any] = {"color": BLACK, "linestyle": "-.", "linewidth": 0.8, "zorder": 1}
NETWORK_TITLE = {"printed": "printed network: StressNet", "modern": "modern network: U-Net with linear head"}


def selective_learning(curves: xr.Dataset, fits: StressFits, run: Run) -> Drawing:
    """Draw figure 33: accuracy and squared error against the number of added patches, a row per network.

    Args:
        curves: scores of all chains, with baseline, label noise and counts in the attributes.
        fits: how the networks were fitted.
        run: scale and seed.
    """
    networks = curves["network"].values
    figure = new_figure(width=1.0, height=0.34 * len(networks) + 0.14)
    axes = figure.subplots(len(networks), 2, squeeze=False, sharex=True)
    added = (curves["labelled"] - curves["labelled"][0]).values
    baseline, ceiling = curves.attrs["baseline_accuracy"], curves.attrs["label_noise_accuracy"]
    for (left, right), network in zip(axes, networks, strict=True):
        chains = curves.sel(network=network, acquisition=chains_of(curves, network))
        draw_chains(left, added, chains["accuracy"] * 100)
        draw_chains(right, added, chains["mse"])
        left.axhline(100 * baseline, label="no learning: tuned macro Tresca", **_BASELINE)
        left.axhline(100 * ceiling, label="label-noise ceiling", **_CEILING)
        right.axhline(curves.attrs["baseline_mse"], **_BASELINE)
        left.set(ylabel=f"ROI maxima within {100 * curves.attrs['threshold']:g} % (%)", ylim=(0, 104))
        highest = max(float(chains["mse"].max()), curves.attrs["baseline_mse"])
        right.set(ylabel="squared error (patch scale²)", ylim=(0, 1.15 * highest))
        left.set_title(NETWORK_TITLE.get(network, network), loc="left")
    for axis in axes[-1]:
        axis.set(xlabel=f"patches added to the first {int(curves['labelled'][0])}", xticks=added)
    entries: dict[str, Any] = {}
    for axis in axes[::-1, 0]:
        handles, labels = axis.get_legend_handles_labels()
        entries |= dict(zip(labels, handles, strict=True))
    figure.legend(entries.values(), entries.keys(), loc="outside upper center", ncols=3)
    figure.supxlabel(textwrap.fill(_note(curves, fits, run), 125), fontsize=6.5)
    return Drawing(figure, _numbers(curves), _drawn(curves))


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


def _numbers(curves: xr.Dataset) -> dict[str, Number]:
    """Return what the printed network says of the printed acquisition, repeat by repeat."""
    keys = ("plateau_accuracy", "patches_needed_maxunc", "patches_needed_random", "label_saving")
    chains = chains_of(curves, "printed") if "printed" in curves["network"].values else []
    if not {"random", "max_variance"} <= set(chains):
        note = "the configuration leaves out the printed network, maximum variance or random acquisition"
        return {key: Number(None, note=note) for key in keys}
    random, chosen = labels_by_repeat(curves, "printed", "max_variance")
    plateau = curves["accuracy"].sel(network="printed", acquisition="random").values[:, -1]
    last = int(curves["labelled"][-1])
    ratio = np.divide(chosen, random, out=np.full(len(random), np.nan), where=random > 0)
    return {
        "plateau_accuracy": Number.of(plateau.tolist(), f"random acquisition after {last} labels"),
        "patches_needed_maxunc": Number.of(
            chosen.tolist(), "patches until random's last accuracy is reached"
        ),
        "patches_needed_random": Number.of(
            random.tolist(), "patches until random's last accuracy is reached"
        ),
        "label_saving": Number.of((1 - ratio).tolist(), "saving against random, paired by repeat"),
    }


def _drawn(curves: xr.Dataset) -> dict[str, Any]:
    counts = ("n_structures", "validation_structures", "validation_patches", "draws", "fits", "threshold")
    chains = {
        f"{network}/{acquisition}": {
            name: np.round(curves[name].sel(network=network, acquisition=acquisition).values, 6).tolist()
            for name in ("accuracy", "mse", "coverage")
        }
        for network in curves["network"].values
        for acquisition in chains_of(curves, network)
    }
    savings = {
        f"{network}/{acquisition}": label_saving(curves, network, acquisition).as_dict()
        for network in curves["network"].values
        for acquisition in chains_of(curves, network)
        if acquisition != "random" and "random" in chains_of(curves, network)
    }
    return {
        "counts": {
            **{key: curves.attrs[key] for key in counts},
            "repeats": curves.sizes["repeat"],
            "labelled": curves["labelled"].values.tolist(),
            "split_by": "structure",
        },
        "chains (repeat, query)": chains,
        "baseline": {key: curves.attrs[f"baseline_{key}"] for key in ("accuracy", "mse")},
        "ceiling": curves.attrs["label_noise_accuracy"],
        "savings": savings,
        "fit_seconds": round(_unique_seconds(curves), 1),
        **{key: value for key, value in curves.attrs.items() if key.startswith("label_noise")},
    }


def _unique_seconds(curves: xr.Dataset) -> float:
    """Return the training time of all fits; query 0 stands in every chain but ran once."""
    seconds = curves["fit_seconds"]
    return float(seconds.isel(query=slice(1, None)).sum() + seconds.isel(query=0).max("acquisition").sum())


def _note(curves: xr.Dataset, fits: StressFits, run: Run) -> str:
    counts = curves.attrs
    lengths = {name: getattr(fits, name) for name in curves["network"].values}
    steps = ", ".join(
        f"{name} {fit.steps or f'{fit.epochs:g} epochs of'} {'steps of ' if fit.steps else ''}{fit.batch}"
        for name, fit in lengths.items()
    )
    train = counts["n_structures"] - counts["validation_structures"]
    return (
        f"{run.label}: patches of {train} structures; scored on {counts['validation_patches']} patches of "
        f"{counts['validation_structures']} other structures; {curves.sizes['repeat']} repeats per chain, "
        f"{counts['draws']} posterior draws; fits: {steps}; thin lines are single repeats"
    )
