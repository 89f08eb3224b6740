# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 10, 12 and 13 of Bridgman et al. 2022: how well the models find the damage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mesobayes.drawing.bars import Layer, bar_axes, colour_key, draw_bar, foot_note, line_key
from mesobayes.drawing.drawing import NOT_SHOWN, SHOWN, Drawing, Finding
from mesobayes.drawing.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    new_figure,
)
from mesobayes.studies.failure.figures.learning import WEIGHT_NAME
from mesobayes.studies.failure.target import TRANSFORM_NAMES

TRANSFORM_COLOUR = {"id": BLACK, "sigma": BLUE, "g": GREEN, "t": VERMILION}
WEIGHT_LINE = {"uniform": "-", "IH": "--", "IHpr": ":"}
MODEL_STYLE: dict[str, tuple[str, dict[str, Any]]] = {
    "bayes_t_uniform": ("Bayesian, uniform", {"color": ORANGE, "linewidth": 2.2}),
    "bayes_t_IH": ("Bayesian, inverse histogram", {"color": ORANGE, "linestyle": "--", "linewidth": 2.2}),
    "point_t_uniform": ("deterministic, uniform", {"color": BLUE}),
    "point_t_IH": ("deterministic, inverse histogram", {"color": BLUE, "linestyle": "--"}),
    "point_t_IHpr": ("deterministic, per realization", {"color": BLUE, "linestyle": ":"}),
    "modern_t_uniform": ("modern, uniform", {"color": GREEN}),
    "modern_t_IHpr": ("modern, per realization", {"color": GREEN, "linestyle": ":"}),
    "baseline_t_uniform": ("no network: local porosity", {"color": PURPLE, "linewidth": 2.8, "alpha": 0.5}),
}


def _curve(axes: Axes, scores: xr.Dataset, what: str, **style: Any) -> None:
    mean = scores[what].mean("fold")
    axes.plot(mean[mean.dims[0]], mean, **style)


def recall_precision_12_models(scores: Mapping[str, xr.Dataset], note: str) -> Drawing:
    """Figure 10: recall and precision of the twelve models, by voxels (left) and clusters (right)."""
    figure = new_figure(height=0.72)
    panels = figure.subplots(2, 2, sharey="row")
    for name, data in scores.items():
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
    entries += [(WEIGHT_NAME[w], {"color": BLACK, "linestyle": s}) for w, s in WEIGHT_LINE.items()]
    entries += [("no network: local porosity", {"color": BLACK, "linewidth": 2.8, "alpha": 0.3})]
    line_key(figure, entries, columns=4)
    foot_note(figure, note)
    best = scores["point_t_IHpr"]
    at: dict[str, Any] = {"method": "nearest", "cluster_threshold": 0.8}
    got = {what: float(best[f"cluster_{what}"].mean("fold").sel(**at)) for what in ("recall", "precision")}
    base = {
        what: float(scores["baseline_t_uniform"][f"cluster_{what}"].mean("fold").sel(**at))
        for what in ("recall", "precision")
    }
    reason = (
        f"mean over {best.sizes['fold']} folds; without a network (local porosity) recall is "
        f"{base['recall']:.3f} and precision {base['precision']:.3f}"
    )
    findings = {
        "cluster_recall_t_IHpr_at_0p8": Finding(
            round(got["recall"], 3), SHOWN if got["recall"] > 0.9 else NOT_SHOWN, reason
        ),
        "cluster_precision_t_IHpr_at_0p8": Finding(
            round(got["precision"], 3), SHOWN if abs(got["precision"] - 0.3) < 0.15 else NOT_SHOWN, reason
        ),
    }
    return Drawing(figure, findings, {"at_0.8": table_at(scores, 0.8)})


RANKING_SCORES = ("reciprocal_rank", "top1", "top3", "searched")


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
    fit: xr.Dataset, perturbed: Sequence[xr.Dataset], scores: xr.Dataset, note: str, threshold: float = 0.8
) -> Drawing:
    """Figure 12: true and predicted clusters and the failures of perturbed copies of a, g, h and l."""
    figure = new_figure(height=0.44)
    grid = figure.add_gridspec(2, 2)
    chosen = (0, 6, 7, 11)
    for place, number in enumerate(chosen):
        row = int(fit.attrs["realizations"][number])
        truth, found = fit["target"].values[row] >= threshold, fit["mean"].values[row] >= threshold
        spots = failure_spots(perturbed[number], truth.shape)
        pores = fit["pores"].values[row].astype(bool)
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
            f"({'abcdefghijkl'[number]})",
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
    foot_note(figure, note)
    at: dict[str, Any] = {"method": "nearest", "cluster_threshold": threshold}
    recall = float(scores["cluster_recall"].mean("fold").sel(**at))
    precision = float(scores["cluster_precision"].mean("fold").sel(**at))
    reason = f"over the test specimens of {scores.sizes['fold']} folds, threshold {threshold}"
    return Drawing(
        figure,
        {
            "cluster_recall": Finding(round(recall, 3), SHOWN if recall > 0.9 else NOT_SHOWN, reason),
            "cluster_precision": Finding(
                round(precision, 3), SHOWN if abs(precision - 0.3) < 0.15 else NOT_SHOWN, reason
            ),
        },
    )


def failure_spots(perturbed: xr.Dataset, shape: tuple[int, ...]) -> np.ndarray:
    """Voxels (x, y, z) at which some perturbed copy failed."""
    spots = np.zeros(shape, bool)
    failed = perturbed["failed_voxel"].values[perturbed["status"].values == 0]
    spots[tuple(failed.T)] = True
    return spots


def bcnn_recall_precision(scores: Mapping[str, xr.Dataset], note: str) -> Drawing:
    """Figure 13: recall and precision of the Bayesian networks among the others."""
    figure = new_figure(height=0.46)
    panels = figure.subplots(1, 2, sharey=True)
    for name, data in scores.items():
        for axes, what in zip(panels, ("recall", "precision"), strict=True):
            _curve(axes, data, what, **MODEL_STYLE[name][1])
    for axes, what in zip(panels, ("recall", "precision"), strict=True):
        axes.set(xlabel="damage threshold (transformed)", ylabel=what, ylim=(0, 1.02))
    line_key(figure, [MODEL_STYLE[name] for name in scores], columns=3)
    foot_note(figure, note)
    means = {name: _area(data) for name, data in scores.items()}
    noise = {name: float(scores[name]["noise_std"].mean()) for name in ("bayes_t_uniform", "bayes_t_IH")}
    above = means["bayes_t_uniform"] >= means["point_t_uniform"]
    below = means["bayes_t_IH"] < means["point_t_IH"] - 0.02
    larger = noise["bayes_t_IH"] > 1.2 * noise["bayes_t_uniform"]
    listed = ", ".join(f"{name} {value:.3f}" for name, value in means.items())
    reason = (
        f"mean of recall and precision over thresholds 0.3-0.9: {listed}; "
        f"noise {noise['bayes_t_uniform']:.3f} unweighted, {noise['bayes_t_IH']:.3f} weighted"
    )
    return Drawing(
        figure,
        {
            "sigma_unweighted": Finding(
                round(noise["bayes_t_uniform"], 4),
                SHOWN if abs(noise["bayes_t_uniform"] - 0.065) < 0.03 else NOT_SHOWN,
                "learned standard deviation of the likelihood",
            ),
            "claim": Finding(
                f"above: {above}, below: {below}, larger noise: {larger}",
                SHOWN if above and below and larger else NOT_SHOWN,
                reason,
            ),
        },
        {"at_0.8": table_at(scores, 0.8), "mean_score": means},
    )


def _area(scores: xr.Dataset) -> float:
    part = scores.sel(threshold=slice(0.3, 0.9)).mean("fold")
    return float((part["recall"].fillna(0.0).mean() + part["precision"].fillna(0.0).mean()) / 2)
