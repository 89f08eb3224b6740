# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 10, 12 and 13 of Bridgman et al. 2022: how well the models find the damage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mesobayes.drawing.bars import Layer, bar_axes, colour_key, draw_bar, foot_note, line_key
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLACK, GREY, SKY, VERMILION, YELLOW, new_figure
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.labels import (
    MODEL_STYLE,
    TRANSFORM_COLOUR,
    TRANSFORM_NAMES,
    WEIGHT_LINE,
    WEIGHT_NAMES,
    by_variant,
    copies_of_realizations,
    fit_note,
    scores_note,
)
from mesobayes.studies.failure.figures.sensitivity import failure_spots
from mesobayes.studies.failure.settings import LETTERS, FigureSettings

RANKING_SCORES = ("reciprocal_rank", "top1", "top3", "searched")


def _curve(axes: Axes, scores: xr.Dataset, what: str, **style: Any) -> None:
    mean = scores[what].mean("fold")
    axes.plot(mean[mean.dims[0]], mean, **style)


def recall_precision_12_models(scores: list[xr.Dataset], figures: FigureSettings, run: Run) -> Drawing:
    """Figure 10: recall and precision of the twelve models, by voxels (left) and clusters (right)."""
    named = by_variant(scores)
    figure = new_figure(height=0.72)
    panels = figure.subplots(2, 2, sharey="row")
    for name, data in named.items():
        kind, transform, weighting = name.split("_")
        style = {"color": TRANSFORM_COLOUR[transform], "linestyle": WEIGHT_LINE[weighting], "linewidth": 1.2}
        if kind == "baseline":
            style |= {"linewidth": 2.8, "alpha": 0.3, "linestyle": "-"}
        for row, what in enumerate(("recall", "precision")):
            _curve(panels[row, 0], data, what, **style)
            _curve(panels[row, 1], data, f"cluster_{what}", **style)
    for row, what in enumerate(("recall", "precision")):
        panels[row, 0].set_ylabel(what)
        for axes in panels[row]:
            axes.set(ylim=(0, 1.02))
    for axes, title in zip(panels[0], ("voxel by voxel", "clusters"), strict=True):
        axes.set_title(title, loc="left")
    for axes in panels[1]:
        axes.set_xlabel("damage threshold (transformed, normalised)")
    entries = [(TRANSFORM_NAMES[t], {"color": c, "linewidth": 3}) for t, c in TRANSFORM_COLOUR.items()]
    entries += [(WEIGHT_NAMES[w], {"color": BLACK, "linestyle": s}) for w, s in WEIGHT_LINE.items()]
    entries += [("no network: local porosity", {"color": BLACK, "linewidth": 2.8, "alpha": 0.3})]
    line_key(figure, entries, columns=4)
    foot_note(figure, scores_note(named, run))
    threshold = figures.cluster_threshold
    numbers = cluster_numbers(named["point_t_IHpr"], threshold)
    return Drawing(
        figure,
        {f"cluster_{what}_t_IHpr_at_0p8": number for what, number in numbers.items()},
        {f"at_{threshold:g}": table_at(named, threshold), "curves": curves(named)},
    )


def cluster_numbers(scores: xr.Dataset, threshold: float) -> dict[str, Number]:
    """Recall and precision by cluster at a threshold, over the folds."""
    at: dict[str, Any] = {"method": "nearest", "cluster_threshold": threshold}
    return {
        what: Number.of(scores[f"cluster_{what}"].sel(**at).values.tolist(), f"threshold {threshold:g}")
        for what in ("recall", "precision")
    }


def curves(scores: Mapping[str, xr.Dataset]) -> dict[str, dict[str, Any]]:
    """Curves of recall and precision of every model, mean over its folds."""
    keys = ("recall", "precision", "cluster_recall", "cluster_precision")
    some = next(iter(scores.values()))
    drawn: dict[str, dict[str, Any]] = {
        name: {key: data[key].mean("fold").values for key in keys} for name, data in scores.items()
    }
    axes: dict[str, Any] = {key: some[key].values for key in ("threshold", "cluster_threshold")}
    return {**axes, **drawn}


def table_at(scores: Mapping[str, xr.Dataset], threshold: float) -> dict[str, dict[str, float | None]]:
    """Means over the folds of all scores of every model, the curves at one threshold."""
    table = {}
    for name, data in scores.items():
        mean = data.mean("fold")
        values = {
            "recall": float(mean["recall"].sel(threshold=threshold, method="nearest")),
            "precision": float(mean["precision"].sel(threshold=threshold, method="nearest")),
            "cluster_recall": float(
                mean["cluster_recall"].sel(cluster_threshold=threshold, method="nearest")
            ),
            "cluster_precision": float(
                mean["cluster_precision"].sel(cluster_threshold=threshold, method="nearest")
            ),
            **{key: float(mean[key]) for key in ("mse", *RANKING_SCORES, "seconds")},
        }
        table[name] = {key: round(v, 5) if np.isfinite(v) else None for key, v in values.items()}
    return table


def cnn_vs_sensitivity(
    fit: xr.Dataset,
    perturbed: list[xr.Dataset],
    scores: list[xr.Dataset],
    figures: FigureSettings,
    run: Run,
) -> Drawing:
    """Figure 12: true and predicted clusters and the failures of perturbed copies of a, g, h and l."""
    threshold, copies = figures.cluster_threshold, copies_of_realizations(perturbed)
    drawn: dict[str, Any] = {"threshold": threshold}
    figure = new_figure(height=0.44)
    grid = figure.add_gridspec(2, 2)
    for place, letter in enumerate("aghl"):
        number = LETTERS.index(letter)
        row = int(fit.attrs["realizations"][number])
        truth, found = fit["target"].values[row] >= threshold, fit["mean"].values[row] >= threshold
        spots = failure_spots(copies[number], truth.shape)
        pores = fit["pores"].values[row].astype(bool)
        drawn[letter] = {
            "predicted_voxels": int(found.sum()),
            "true_voxels": int(truth.sum()),
            "failed_copies": int((copies[number]["status"] == 0).sum()),
        }
        axes = bar_axes(figure, grid[place // 2, place % 2])
        draw_bar(
            axes,
            truth.shape,
            [
                Layer(pores, GREY, 0.2),
                Layer(found & ~truth & ~spots, SKY, 0.4),
                Layer(truth & ~spots, VERMILION, 0.9),
                Layer(spots, YELLOW, 1.0),
            ],
            f"({letter})",
        )
    colour_key(
        figure,
        (
            ("pores", GREY),
            ("predicted only", SKY),
            ("true damage", VERMILION),
            ("failure of a perturbed copy", YELLOW),
        ),
    )
    foot_note(figure, f"{fit_note(fit, run)}, threshold {threshold:g}")
    numbers = cluster_numbers(by_variant(scores)["point_t_IHpr"], threshold)
    return Drawing(figure, {f"cluster_{what}": number for what, number in numbers.items()}, drawn)


def bcnn_recall_precision(scores: list[xr.Dataset], figures: FigureSettings, run: Run) -> Drawing:
    """Figure 13: recall and precision of the Bayesian networks among the others."""
    named = by_variant(scores)
    figure = new_figure(height=0.46)
    panels = figure.subplots(1, 2, sharey=True)
    for name, data in named.items():
        for axes, what in zip(panels, ("recall", "precision"), strict=True):
            _curve(axes, data, what, **MODEL_STYLE[name][1])
    for axes, what in zip(panels, ("recall", "precision"), strict=True):
        axes.set(xlabel="damage threshold (transformed)", ylabel=what, ylim=(0, 1.02))
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
        "claim.unweighted": Number.difference(*_paired(means, "bayes_t_uniform", "point_t_uniform"), span),
        "claim.weighted": Number.difference(*_paired(means, "bayes_t_IH", "point_t_IH"), span),
        "claim.noise": Number.of(
            [w / u - 1.0 for w, u in zip(*_paired(noise, "bayes_t_IH", "bayes_t_uniform"), strict=True)]
        ),
    }


def _paired(values: Mapping[str, xr.DataArray], first: str, second: str) -> tuple[list[float], list[float]]:
    """Values of two models on the folds that both have."""
    a, b = xr.align(values[first], values[second], join="inner")
    return a.values.tolist(), b.values.tolist()


def mean_score(scores: xr.Dataset, figures: FigureSettings) -> xr.DataArray:
    """Mean of recall and precision over some thresholds (fold,); 0 where nothing is predicted."""
    part = scores[["recall", "precision"]].sel(threshold=slice(figures.score_from, figures.score_to))
    filled = part.fillna(0.0).mean("threshold")
    return (filled["recall"] + filled["precision"]) / 2
