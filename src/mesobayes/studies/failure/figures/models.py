# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 10, 12 and 13 of Bridgman et al. 2022: how well the models find the damage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mesobayes.drawing.bars import (
    foot_note,
    line_key,
)
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLACK, GREY, new_figure
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.labels import (
    MODEL_STYLE,
    SCALING_NAMES,
    TRANSFORM_COLOUR,
    TRANSFORM_NAMES,
    WEIGHT_LINE,
    WEIGHT_NAMES,
    WEIGHT_SHORT,
    by_variant,
    scores_note,
)
from mesobayes.studies.failure.figures.summary import (
    at_threshold,
    cluster_numbers,
    curves,
    spread,
    table_at,
)
from mesobayes.studies.failure.settings import SCALINGS, FigureSettings

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]

_PANELS = (("", "raw"), ("", "normalised"), ("cluster_", "raw"), ("cluster_", "normalised"))


def draw_curve(axes: Axes, scores: xr.Dataset, what: str, scaling: str, **style: Any) -> None:
    """Mean over the folds where all have a value, with a band of one deviation over them."""
    values = scores[what].sel(scaling=scaling)
    along = values.dims[-1]
    mean = values.mean("fold", skipna=False)
    axes.plot(mean[along], mean, **style)
    if values.sizes["fold"] > 1:
        deviation = values.std("fold", ddof=1, skipna=False)
        axes.fill_between(
            mean[along], mean - deviation, mean + deviation, color=style["color"], alpha=0.12, linewidth=0
        )


def recall_precision_12_models(scores: list[xr.Dataset], figures: FigureSettings, run: Run) -> Drawing:
    """Figure 10: recall and precision of twelve models by voxels and clusters; clusters at one threshold."""
    named, threshold = by_variant(scores), figures.cluster_threshold
    figure = new_figure(height=1.02)
    grid = figure.add_gridspec(3, 4, height_ratios=(1.0, 1.0, 1.6))
    panels = [[figure.add_subplot(grid[row, column]) for column in range(4)] for row in range(2)]
    for name, data in named.items():
        kind, transform, weighting = name.split("_")
        if kind == "point":
            style = {"color": TRANSFORM_COLOUR[transform], "linestyle": WEIGHT_LINE[weighting]}
            for row, what in enumerate(("recall", "precision")):
                for axes, (prefix, scaling) in zip(panels[row], _PANELS, strict=True):
                    draw_curve(axes, data, prefix + what, scaling, **style)
    for row, what in enumerate(("recall", "precision")):
        panels[row][0].set_ylabel(what)
        for axes in panels[row]:
            axes.set(ylim=(0, 1.02))
            axes.tick_params(labelbottom=row == 1, labelleft=axes is panels[row][0])
    for axes, (prefix, scaling) in zip(panels[0], _PANELS, strict=True):
        title = "clusters" if prefix else "voxel by voxel"
        axes.set_title(f"{title},\n{SCALING_NAMES[scaling]}", loc="left")
    for axes in panels[1]:
        axes.set_xlabel("threshold")
    for place, what in ((grid[2, :2], "cluster_recall"), (grid[2, 2:], "cluster_precision")):
        axes = figure.add_subplot(place)
        _draw_models_at(axes, named, what, threshold)
        axes.set_title(f"{what.replace('_', ' ')} at {threshold:g}", loc="left")
        axes.tick_params(labelleft=what == "cluster_recall")
    entries: list[tuple[str, dict[str, Any]]] = [
        *(
            (f"target: {TRANSFORM_NAMES[t]}", {"color": c, "linewidth": 3})
            for t, c in TRANSFORM_COLOUR.items()
        ),
        *((f"weights: {WEIGHT_NAMES[w]}", {"color": BLACK, "linestyle": s}) for w, s in WEIGHT_LINE.items()),
    ]
    entries += [(label, {"color": BLACK, "linestyle": "", **style}) for label, style in _MARKS.values()]
    line_key(figure, entries, columns=3)
    foot_note(figure, scores_note(named, run))
    return Drawing(
        figure,
        {
            f"cluster_{what}_t_IHpr_at_0p8": number
            for what, number in cluster_numbers(named["point_t_IHpr"], threshold).items()
        },
        {f"at_{threshold:g}": table_at(named, threshold), "curves": curves(named)},
    )


_MARKS: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {
    ("point", "raw"): ("network, as it is", {"marker": "o", "markerfacecolor": "white"}),
    ("point", "normalised"): ("network, normalised", {"marker": "o"}),
    ("baseline", "raw"): ("no network, as it is", {"marker": "s", "markerfacecolor": "white"}),
    ("baseline", "normalised"): ("no network, normalised", {"marker": "s"}),
}


def _draw_models_at(axes: Axes, scores: Mapping[str, xr.Dataset], what: str, threshold: float) -> None:
    """One of the scores of every transform and weighting: mean and deviation over the folds."""
    places = [f"{t}_{w}" for t in TRANSFORM_COLOUR for w in WEIGHT_LINE][::-1]
    for name, data in scores.items():
        kind, _, variant = name.partition("_")
        for (kind_of_mark, scaling), (_, style) in _MARKS.items():
            if kind != kind_of_mark:
                continue
            found = spread(at_threshold(data, what, scaling, threshold))
            if found["mean"] is not None:
                row = places.index(variant) + (0.17 if kind == "point" else -0.17)
                colour = TRANSFORM_COLOUR[variant.split("_")[0]]
                bar: dict[str, Any] = {
                    "xerr": found["deviation"],
                    "elinewidth": 0.8,
                    "markersize": 3.5,
                    "linestyle": "",
                }
                axes.errorbar(found["mean"], row, color=colour, **bar, **style)
    for row in range(3, len(places), 3):
        axes.axhline(row - 0.5, color=GREY, linewidth=0.4)
    axes.set(yticks=range(len(places)), ylim=(-0.6, len(places) - 0.4), xlim=(-0.02, 1.02), xlabel="share")
    axes.set_yticklabels([WEIGHT_SHORT[place.split("_")[1]] for place in places])
    axes.grid(axis="x", linewidth=0.3)


def bcnn_recall_precision(scores: list[xr.Dataset], figures: FigureSettings, run: Run) -> Drawing:
    """Figure 13: recall and precision of the Bayesian networks among the others, as long as they."""
    named = by_variant(scores)
    figure = new_figure(height=0.72)
    panels = figure.subplots(2, 2, sharey=True, sharex=True)
    for row, scaling in zip(panels, SCALINGS, strict=True):
        for axes, what in zip(row, ("recall", "precision"), strict=True):
            for name, data in named.items():
                draw_curve(axes, data, what, scaling, **MODEL_STYLE[name][1])
            axes.set(ylabel=what, ylim=(0, 1.02))
            axes.set_title(SCALING_NAMES[scaling], loc="left")
    for axes in panels[1]:
        axes.set_xlabel("threshold of the transformed damage")
    line_key(figure, [MODEL_STYLE[name] for name in named], columns=3)
    foot_note(figure, scores_note(named, run))
    means = {name: mean_score(data, figures) for name, data in named.items()}
    drawn = {
        f"at_{figures.cluster_threshold:g}": table_at(named, figures.cluster_threshold),
        "mean_score": {name: float(values.mean()) for name, values in means.items()},
        "curves": curves(named),
    }
    return Drawing(figure, _bayesian_numbers(named, means, figures), drawn)


def _bayesian_numbers(
    scores: Mapping[str, xr.Dataset], means: Mapping[str, xr.DataArray], figures: FigureSettings
) -> dict[str, Number]:
    """Noise of the unweighted fits, and what weighting and Bayes change on the same folds."""
    noise = {name: scores[name]["noise_std"] for name in ("bayes_t_uniform", "bayes_t_IH")}
    span = f"thresholds {figures.score_from:g} to {figures.score_to:g}"
    return {
        "sigma_unweighted": Number.of(noise["bayes_t_uniform"].values.tolist()),
        "claim.unweighted": Number.difference(*_paired(means, "bayes_t_uniform", "longer_t_uniform"), span),
        "claim.weighted": Number.difference(*_paired(means, "bayes_t_IH", "longer_t_IH"), span),
        "claim.noise": Number.of(
            [w / u - 1.0 for w, u in zip(*_paired(noise, "bayes_t_IH", "bayes_t_uniform"), strict=True)]
        ),
    }


def _paired(values: Mapping[str, xr.DataArray], first: str, second: str) -> tuple[list[float], list[float]]:
    """Values of two models on the folds that both have."""
    a, b = xr.align(values[first], values[second], join="inner")
    return a.values.tolist(), b.values.tolist()


def mean_score(scores: xr.Dataset, figures: FigureSettings) -> xr.DataArray:
    """Mean of recall and precision over some thresholds (fold,); 0 where nothing is predicted.

    Thresholds meet the prediction as it is.
    """
    part = scores[["recall", "precision"]].sel(
        scaling="raw", threshold=slice(figures.score_from, figures.score_to)
    )
    filled = part.fillna(0.0).mean("threshold")
    return (filled["recall"] + filled["precision"]) / 2
