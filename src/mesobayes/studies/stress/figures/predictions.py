# SPDX-License-Identifier: GPL-3.0-or-later
"""What the figures of predictions share: scores by repeat, whose number it is, the note at the foot."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import numpy as np
import xarray as xr
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mesobayes.drawing.drawing import Number, Reads
from mesobayes.drawing.style import BLUE, GREEN, GREY, ORANGE, PURPLE
from mesobayes.metrics.intervals import coverage, interval_of_maximum
from mesobayes.metrics.scores import accuracy_at, relative_error
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.settings import StressNetworks

Stores = Sequence[xr.Dataset]
Mechanics = Annotated[xr.Dataset, Reads("roi_max")]
Predictions = Annotated[list[xr.Dataset], Reads("structure", "true_max", "mean_max", "roi_max")]
NETWORK_STYLE = {  # in the order in which a paper's number is looked for
    "printed": ("StressNet (printed)", ORANGE),
    "modern": ("U-Net (modern)", BLUE),
    "local": ("pixel network (local)", GREEN),
    "geometry": ("pixel network without mechanics (geometry)", PURPLE),
}
MECHANICS_LABEL = {
    "macro": "tuned macro Tresca",
    "superposition": "superposition of pores",
    "pores": "interacting pores",
    "edges": "pores and edges of holes",
    "whole": "pores, edges, whole structure",
}


def by_network(stores: Stores) -> dict[str, list[xr.Dataset]]:
    """Return the predictions of a model by network, in the order of their repeats."""
    ordered = sorted(stores, key=lambda store: store.attrs["repeat"])
    found: dict[str, list[xr.Dataset]] = {name: [] for name in NETWORK_STYLE}
    for store in ordered:
        found[store.attrs["network"]].append(store)
    return {name: repeats for name, repeats in found.items() if repeats}


def compared(stores: Stores) -> list[xr.Dataset]:
    """Return the repeats of the network compared with the paper: the printed one, where it was fitted."""
    return next(iter(by_network(stores).values()))


def errors_of(store: xr.Dataset) -> NDArray[np.float64]:
    """Relative errors (patch,) of the maximum of the mean field."""
    return relative_error(store["mean_max"].values, store["true_max"].values)


def errors_of_mechanics(mechanics: xr.Dataset, store: xr.Dataset) -> dict[str, NDArray[np.float64]]:
    """Relative errors (patch,) of every method of mechanics on the patches of a prediction."""
    scored, true = mechanics["roi_max"].isel(patch=store["patch"].values), store["true_max"].values
    return {
        str(name): relative_error(scored.sel(mechanics=name).values, true)
        for name in scored["mechanics"].values
    }


def accuracies(repeats: Stores, threshold: float = 0.10) -> list[float]:
    """Share of maxima within the threshold, by repeat."""
    return [accuracy_at(store["mean_max"].values, store["true_max"].values, threshold) for store in repeats]


def coverages(repeats: Stores) -> list[float]:
    """Share of maxima inside the 95 % interval of the posterior draws (mean ± 1.96 deviations), by repeat."""
    return [
        coverage(store["true_max"].values, interval_of_maximum(store["roi_max"].values)) for store in repeats
    ]


def accuracy_number(stores: Stores, threshold: float = 0.10) -> Number:
    """Return the accuracy of a model as a number of the paper."""
    repeats = compared(stores)
    return Number.of(accuracies(repeats, threshold), origin_of(repeats))


def accuracy_difference(better: Stores, worse: Stores) -> Number:
    """Return the gain in accuracy at 10 %, paired by repeat."""
    one, other = compared(better), compared(worse)
    return Number.difference(accuracies(one), accuracies(other), origin_of(one))


def coverage_number(stores: Stores) -> Number:
    """Return the coverage of the 95 % interval as a number of the paper."""
    repeats = compared(stores)
    return Number.of(coverages(repeats), origin_of(repeats))


def cost_ratio(bayes: Stores, point: Stores) -> Number:
    """Return how much longer random weights were fitted than fixed ones, paired by repeat."""
    seconds = [[store.attrs["fit_seconds"] for store in compared(stores)] for stores in (bayes, point)]
    ratio = [one / other for one, other in zip(*seconds, strict=True)]
    return Number.of(ratio, f"wall time of fits of as many steps; {origin_of(compared(bayes))}")


def origin_of(repeats: Stores) -> str:
    """Say which network learned from how many labels, and on how many patches it is scored."""
    facts = repeats[0].attrs
    return (
        f"network {facts['network']}, {facts['labels']} labels, {facts['steps']} steps of {facts['batch']}, "
        f"{repeats[0].sizes['patch']} patches of {structures_of(repeats[0])} structures scored"
    )


def structures_of(store: xr.Dataset) -> int:
    """Return how many structures the scored patches come from."""
    return len(np.unique(store["structure"].values))


def foot_text(models: Sequence[Stores], networks: StressNetworks, run: Run, split: str | None = None) -> str:
    """Return the note of a figure: networks, widths, labels, steps, repeats, structures, split."""
    stores = [store for model in models for store in model]
    names = by_network(stores)
    fits = "; ".join(
        f"{NETWORK_STYLE[name][0]} of width {getattr(networks, name).width:g}: "
        f"{span(store.attrs['steps'] for store in repeats)} steps of "
        f"{span(store.attrs['batch'] for store in repeats)} patches"
        for name, repeats in names.items()
    )
    return (
        f"{run.label}; {fits}; labels: {span(s.attrs['labels'] for s in stores)} "
        f"(structures: {span(s.attrs['structures'] for s in stores)}); scored patches: "
        f"{span(s.sizes['patch'] for s in stores)} ({split or 'split by structure, other structures'}: "
        f"{span(structures_of(s) for s in stores)}); "
        f"repeats, each with a seed of its own: {len({s.attrs['repeat'] for s in stores})}"
    )


def foot(figure: Figure, text: str, width: int) -> None:
    """Write the note of a figure, in lines of so many characters."""
    figure.supxlabel(textwrap.fill(text, width), fontsize=6.5, color=GREY)


def span(values: Iterable[int]) -> str:
    """Return whole numbers as text, from the smallest to the largest."""
    ordered = sorted({int(value) for value in values})
    return f"{ordered[0]:,}" if len(ordered) == 1 else f"{ordered[0]:,} to {ordered[-1]:,}"


def counts_of(stores: Stores) -> dict[str, Any]:
    """Return what a record says of predictions: counts, times, scores by network and repeat."""
    return {
        name: {
            **{key: repeats[0].attrs[key] for key in ("family", "labels", "structures", "steps", "draws")},
            "patches": repeats[0].sizes["patch"],
            "scored_structures": structures_of(repeats[0]),
            "fit_seconds": [round(store.attrs["fit_seconds"], 2) for store in repeats],
            "accuracy_at_10_percent": accuracies(repeats),
        }
        for name, repeats in by_network(stores).items()
    }
