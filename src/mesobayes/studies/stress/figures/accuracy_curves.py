# SPDX-License-Identifier: GPL-3.0-or-later
"""How many maxima are predicted within which relative error: networks, no learning at all, label noise."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import BLACK, BLUE, GREEN, GREY, ORANGE, VERMILION, new_figure
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.predictions import (
    MECHANICS_LABEL,
    NETWORK_STYLE,
    Stores,
    by_network,
    counts_of,
    errors_of,
    errors_of_mechanics,
    foot,
    foot_text,
)
from mesobayes.studies.stress.settings import StressNetworks
from mesobayes.studies.stress.stores import noise_of

THRESHOLDS = np.arange(61) / 200  # 0 to 30 %
MARK = 0.10
_BASELINE = f"no learning: {MECHANICS_LABEL['macro']}"
_COLOURS = (BLUE, ORANGE, GREEN, VERMILION)


class Curve(NamedTuple):
    """One curve: its label, relative errors of the maxima by repeat, its line, and whether it was learned."""

    label: str
    errors: list[NDArray[np.float64]]
    style: dict[str, Any]
    learned: bool = False


def one_model(stores: Stores, mechanics: xr.Dataset, networks: StressNetworks, run: Run) -> Drawing:
    """Draw one panel with a curve for each network."""
    curves = [
        _learned(NETWORK_STYLE[name][0], repeats, NETWORK_STYLE[name][1])
        for name, repeats in by_network(stores).items()
    ]
    panels = {"": [*curves, *references(stores, mechanics)]}
    note = foot_text([stores], networks, run)
    return accuracy_figure(panels, stores[0].attrs, note, {"model": counts_of(stores)})


def several_models(
    models: Mapping[str, Stores],
    mechanics: xr.Dataset,
    networks: StressNetworks,
    run: Run,
    split: str | None = None,
    remark: str = "",
) -> Drawing:
    """Draw a panel for each network with a curve for each model."""
    first = next(iter(models.values()))
    beside = references(first, mechanics)
    panels = {}
    for name in [name for name in NETWORK_STYLE if all(name in by_network(s) for s in models.values())]:
        curves = [
            _learned(label, by_network(stores)[name], colour)
            for (label, stores), colour in zip(models.items(), _COLOURS, strict=False)
        ]
        panels[NETWORK_STYLE[name][0]] = [*curves, *beside]
    counts = {label: counts_of(stores) for label, stores in models.items()}
    note = "; ".join(filter(None, (foot_text(list(models.values()), networks, run, split), remark)))
    return accuracy_figure(panels, first[0].attrs, note, counts)


def _learned(label: str, repeats: Stores, colour: str) -> Curve:
    return Curve(label, [errors_of(store) for store in repeats], {"color": colour}, learned=True)


def references(stores: Stores, mechanics: xr.Dataset) -> list[Curve]:
    """Return the curves that need no label: one factor on the macro stress, and what more mechanics there is.

    They are scored on the patches of the first repeat.
    """
    thin: dict[str, Any] = {"color": GREY, "linewidth": 0.8}
    lines = {
        "macro": {"color": BLACK, "linestyle": ":"},
        "superposition": {**thin, "linestyle": "-"},
        "pores": {**thin, "linestyle": "--"},
        "edges": {**thin, "linestyle": "-."},
        "whole": {**thin, "linestyle": (0, (3, 1, 1, 1, 1, 1))},
    }
    errors = errors_of_mechanics(mechanics, stores[0])
    return [Curve(f"no learning: {MECHANICS_LABEL[name]}", [errors[name]], lines[name]) for name in errors]


def accuracy_figure(
    panels: Mapping[str, Sequence[Curve]], noise: Mapping[str, Any], note: str, counts: Mapping[str, Any]
) -> Drawing:
    """Draw the share of maxima within every threshold, a panel for each title.

    Args:
        panels: curves by title; the last ones are references.
        noise: attributes with the measured label noise.
        note: what stands at the foot.
        counts: what the record says beside the curves.
    """
    lines = max(map(len, panels.values()))
    alone = len(panels) == 1  # with its legend beside it
    figure = new_figure(0.98, 0.42) if alone else new_figure(0.5 * len(panels), 0.46 + 0.028 * lines)
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    drawn: dict[str, Any] = {"threshold": THRESHOLDS, "counts": counts, **noise_of(noise)}
    behind = []
    for place, (title, curves) in zip(axes, panels.items(), strict=True):
        drawn[title or "shares"] = {
            curve.label: np.round(draw_curve(place, curve), 5).tolist() for curve in curves
        }
        draw_ceiling(place, noise)
        place.axvline(100 * MARK, color=GREY, linewidth=0.6, zorder=0)
        place.set_title(title, loc="left")
        place.set(xlabel="relative error of the ROI maximum (%)", xlim=(0, 30), ylim=(0, 102))
        corner = (1.02, 1.0) if alone else (-0.02, -0.2)
        place.legend(loc="upper left", bbox_to_anchor=corner, title="within 10 %", alignment="left")
        behind += [label if alone else f"{title}: {label}" for label in below_baseline(curves)]
    axes[0].set_ylabel("ROI maxima predicted within it (%)")
    wide = 125 if alone else 64 * len(panels)
    if behind:
        words = f"Worse than the tuned macro Tresca stress, which learns nothing: {'; '.join(behind)}"
        figure.suptitle(textwrap.fill(words, wide), fontsize=7.5, color=VERMILION)
    foot(figure, note + "; bands: range of the repeats", wide + 8)
    return Drawing(figure, {}, drawn | {"below_the_baseline": behind})


def shares_within(errors: Sequence[NDArray], thresholds: NDArray = THRESHOLDS) -> NDArray[np.float64]:
    """Share of relative errors below every threshold, (repeat, threshold)."""
    return np.array([np.searchsorted(np.sort(one), thresholds, side="left") / len(one) for one in errors])


def draw_curve(axes: Axes, curve: Curve) -> NDArray[np.float64]:
    """Draw the mean over the repeats, their range, and the mark at 10 %; return the shares drawn."""
    shares = shares_within(curve.errors)  # (repeat, threshold)
    mean, marked = 100 * shares.mean(axis=0), 100 * shares_within(curve.errors, np.array([MARK]))[:, 0]
    label = f"{_percent(marked.mean())}  {curve.label}"
    axes.plot(100 * THRESHOLDS, mean, label=label, **curve.style)
    axes.plot(100 * MARK, marked.mean(), "o", color=curve.style["color"], markersize=3.5)
    if len(shares) > 1:
        low, high = 100 * shares.min(axis=0), 100 * shares.max(axis=0)
        axes.fill_between(100 * THRESHOLDS, low, high, color=curve.style["color"], alpha=0.2, linewidth=0)
    return shares


def draw_ceiling(axes: Axes, noise: Mapping[str, Any]) -> None:
    """Draw which share of the labels themselves lies within every threshold of those of a finer mesh.

    Nothing is drawn where no finer mesh was computed.
    """
    if "label_noise_median" not in noise:
        return
    quantiles = [0.0, *(100 * noise[f"label_noise_{key}"] for key in ("median", "p95", "max"))]
    axes.plot(
        [*quantiles, 100 * THRESHOLDS[-1]],
        [0, 50, 95, 100, 100],
        color=BLACK,
        linestyle="-.",
        linewidth=0.8,
        zorder=1,
        label=f"{_percent(100 * noise['label_noise_accuracy'])}  label noise: labels on a finer mesh",
    )


def _percent(value: float) -> str:
    return f"{value:5.1f} %".replace(" ", "\N{FIGURE SPACE}", 5 - len(f"{value:.1f}"))


def below_baseline(curves: Sequence[Curve]) -> list[str]:
    """Return the labels of the curves that lie below the tuned factor at 10 %."""
    marks = {curve.label: shares_within(curve.errors, np.array([MARK])).mean() for curve in curves}
    return [curve.label for curve in curves if curve.learned and marks[curve.label] < marks[_BASELINE]]
