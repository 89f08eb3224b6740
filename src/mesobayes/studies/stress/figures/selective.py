# SPDX-License-Identifier: GPL-3.0-or-later
"""Which patches are worth labelling: figures 33 and 34 of Krokos et al. 2022."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import new_figure
from mesobayes.metrics.learning_curve import chains_of, label_saving, labels_by_repeat
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.studies.stress.figures.learning_curves import (
    ACQUISITION_STYLE,
    LEVEL_LINE,
    NETWORK_TITLE,
    counts_note,
    curves_drawn,
    draw_chains,
    draw_lead,
    draw_levels,
    shared_legend,
)
from mesobayes.studies.stress.figures.tables import seconds_of


def selective_learning(curves: xr.Dataset, run: Run) -> Drawing:
    """Draw figure 33: accuracy, its lead over random, and squared error against labels; a row per network.

    Args:
        curves: scores of all chains, with what mechanics reaches, label noise and counts.
        run: scale and seed.
    """
    figure, savings = _draw(curves, run, "labelled patches")
    return Drawing(figure, _numbers(curves), curves_drawn(curves) | {"savings": savings})


selective_learning_large = selective_learning  # figure 34 shows the same of a larger pool


def selective_structures(curves: xr.Dataset, solves: list[Path], structures: int, run: Run) -> Drawing:
    """Draw the same for chains that label whole structures, each by a finite-element solution.

    Args:
        curves: scores of all chains.
        solves: benchmark files of the finite elements of all structures.
        structures: how many of them there are.
        run: scale and seed.
    """
    seconds = sum(seconds_of(path)["cpu_time"] for path in solves) / structures
    figure, savings = _draw(curves, run, "structures solved", f"; a structure takes {seconds:.1f} CPU s")
    return Drawing(figure, {}, curves_drawn(curves) | {"savings": savings, "CPU s a structure": seconds})


def _draw(
    curves: xr.Dataset, run: Run, labels: str, cost: str = ""
) -> tuple[Figure, dict[str, dict[str, float | None]]]:
    """Accuracy, its lead over random and squared error, a row per network, and what is saved."""
    networks = curves["network"].values
    figure = new_figure(width=1.0, height=0.3 * len(networks) + 0.16)
    axes = figure.subplots(len(networks), 3, squeeze=False, sharex=True, width_ratios=(1.5, 1.3, 1.0))
    labelled = curves["labelled"].values
    share = f"within {100 * curves.attrs['threshold']:g} % (%)"
    for (left, middle, right), network in zip(axes, networks, strict=True):
        chains = curves.sel(network=network, acquisition=chains_of(curves, network))
        draw_chains(left, labelled, chains["accuracy"] * 100)
        draw_levels(left, curves["mechanics_accuracy"])
        left.set(ylabel=f"ROI maxima {share}", ylim=(0, 104))
        left.set_title(NETWORK_TITLE[network], loc="left")
        if "random" in chains["acquisition"]:
            draw_lead(middle, labelled, chains["accuracy"] * 100)
        middle.set(ylabel="lead over random (points)")
        draw_chains(right, labelled, chains["mse"])
        macro = curves.attrs["baseline_mse"]
        highest = float(chains["mse"].mean("repeat").max())
        right.set(ylabel="squared error (patch scale²)", ylim=(0, 1.25 * highest))
        if macro <= 1.25 * highest:
            right.axhline(macro, **LEVEL_LINE)
    for axis in axes[-1]:
        axis.set(xlabel=labels, xticks=labelled)
    shared_legend(figure, axes)
    savings = _savings(curves, run.seed)
    note = (
        f"{counts_note(curves, run)}{cost}; bands and bars: 95 % intervals of means over repeats, the lead "
        f"paired by repeat; dotted: mechanics without a label; {_correlations(curves)}; "
        f"{_saving_text(savings)}"
    )
    figure.supxlabel(textwrap.fill(note, 125), fontsize=6.5)
    return figure, savings


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
    reached = "patches until random's last accuracy is reached"
    return {
        "plateau_accuracy": Number.of(plateau.tolist(), f"random acquisition after {last} labels"),
        "patches_needed_maxunc": Number.of(chosen.tolist(), reached),
        "patches_needed_random": Number.of(random.tolist(), reached),
        "label_saving": Number.of((1 - ratio).tolist(), "saving against random, paired by repeat"),
    }


def _correlations(curves: xr.Dataset) -> str:
    """Say how well the scores of the first fit rank the pool by its true errors."""
    mean = curves["correlation"].mean("repeat")
    parts = []
    for network in curves["network"].values:
        pairs = [
            f"{ACQUISITION_STYLE[name][0]} {mean.sel(network=network, score=name, error='squared'):.2f} / "
            f"{mean.sel(network=network, score=name, error='relative'):.2f}"
            for name in curves["score"].values
            if name in chains_of(curves, network)
        ]
        parts.append(f"{network}: {', '.join(pairs)}")
    return "rank correlation of scores with squared / relative error of the pool, " + "; ".join(parts)


def _savings(curves: xr.Dataset, seed: str) -> dict[str, dict[str, float | None]]:
    return {
        f"{network}/{acquisition}": label_saving(
            curves, network, acquisition, rng_from_name(seed, "saving", network, acquisition)
        ).as_dict()
        for network in curves["network"].values
        for acquisition in chains_of(curves, network)
        if acquisition != "random" and "random" in chains_of(curves, network)
    }


def _saving_text(savings: Mapping[str, Mapping[str, float | None]]) -> str:
    """Say how many labels each acquisition saves, with the interval of a bootstrap over repeats."""
    parts = []
    for chain, saving in savings.items():
        network, acquisition = chain.split("/")
        values = [saving[key] for key in ("saving", "saving_low", "saving_high")]
        value, low, high = ["none" if v is None else f"{100 * v:.0f} %" for v in values]
        parts.append(f"{network}, {ACQUISITION_STYLE[acquisition][0]} {value} ({low} to {high})")
    return (
        "labels saved until random's last accuracy is reached, with 95 % bootstrap interval over repeats, "
        f"none where it is not reached: {'; '.join(parts)}"
    )
