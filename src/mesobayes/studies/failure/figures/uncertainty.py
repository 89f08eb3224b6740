# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 14, 15 and 17 of Bridgman et al. 2022: spread of predictions, clusters and weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from mesobayes.drawing.bars import foot_note
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLACK, BLUE, GREY, ORANGE, VERMILION, new_figure
from mesobayes.metrics.clusters import RankedClusters, rank_clusters
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.labels import (
    MODEL_STYLE,
    by_variant,
    evidence_note,
    fit_note,
    training_note,
)
from mesobayes.studies.failure.settings import LETTERS, FigureSettings, RankingSettings


def bcnn_variance(fits: list[xr.Dataset], figures: FigureSettings, run: Run) -> Drawing:
    """Figure 14: variance by damage value, and predicted values, of the realizations a and g."""
    named = by_variant(fits)
    figure = new_figure(height=0.4)
    left, right = figure.subplots(1, 2)
    bins = figures.variance_bins
    edges = np.linspace(0, 1, bins + 1)
    drawn: dict[str, Any] = {"edges": edges}
    for name, data in named.items():
        label, style = MODEL_STYLE[name]
        for letter, colour in (("a", BLUE), ("g", VERMILION)):
            row = int(data.attrs["realizations"][LETTERS.index(letter)])
            solid = ~data["pores"].values[row].astype(bool)
            mean = data["mean"].values[row].astype(float)[solid]
            variance = data["std"].values[row].astype(float)[solid] ** 2
            inside = (mean >= 0.0) & (mean <= 1.0)
            index = np.minimum(np.digitize(mean[inside], edges) - 1, bins - 1)
            count = np.bincount(index, minlength=bins)
            by_value = np.divide(
                np.bincount(index, variance[inside], minlength=bins),
                count,
                out=np.full(bins, np.nan),
                where=count > 0,
            )
            line = {"color": colour, "linestyle": style.get("linestyle", "-")}
            text = f"({letter}) {label.split(', ')[1]}"
            left.plot((edges[1:] + edges[:-1]) / 2, by_value, label=text, **line)
            right.stairs(np.maximum(count, 0.5), edges, **line)
            drawn[f"{name}/{letter}"] = {
                "mean_variance": float(variance.mean()),
                "variance": by_value,
                "voxels": count,
                "voxels_below_0": int((mean < 0.0).sum()),
                "voxels_above_1": int((mean > 1.0).sum()),
            }
    left.set(xlabel="predicted damage (transformed)", ylabel="variance of the prediction", yscale="log")
    right.set(xlabel="predicted damage (transformed)", ylabel="voxels", yscale="log")
    left.legend()
    note = fit_note(next(iter(named.values())), run)
    foot_note(figure, note + "; pushed forward, without the noise of the likelihood")
    return Drawing(figure, {}, drawn)


def ranked(fit: xr.Dataset, number: int, ranking: RankingSettings) -> RankedClusters:
    """Ranked clusters of one of the realizations a to l, by its number."""
    draws = fit["draws"].values[:, number].astype(np.float32)
    return rank_clusters(draws, ranking.threshold, ranking.level, ranking.largest)


def cluster_cdfs(fit: xr.Dataset, ranking: RankingSettings, run: Run) -> Drawing:
    """Figure 15: distributions of the mean damage of three clusters of one specimen."""
    everything = [ranked(fit, number, ranking) for number in range(fit.sizes["kept"])]
    number = int(np.argmax([min(len(r.mass), 3) + 0.01 * r.mass[:3].size for r in everything]))
    figure = new_figure(width=0.6, height=0.42)
    axes = figure.add_subplot()
    clusters = everything[number]
    for rank, colour in zip(range(min(3, len(clusters.mass))), (BLUE, ORANGE, BLACK), strict=False):
        values = np.sort(clusters.means[:, rank])
        axes.step(
            np.concatenate([values[:1], values]),
            np.arange(len(values) + 1) / len(values),
            where="post",
            color=colour,
            label=f"cluster {rank + 1}",
        )
    highest = float(fit["draws"].values[:, number].astype(np.float32).mean(axis=0).max())
    axes.axvline(ranking.level * highest, color=GREY, linestyle=":", label="level of the mass")
    axes.set(xlabel="mean damage of the cluster", ylabel="share of the posterior draws", ylim=(0, 1.02))
    figure.legend(loc="outside upper center", ncols=2)
    axes.set_title(f"realization ({LETTERS[number]})", loc="left")
    foot_note(figure, f"{run.label}, {fit.sizes['draw']} posterior draws, {evidence_note(fit)}")
    drawn = {
        "realization": LETTERS[number],
        "mass": np.round(clusters.mass[:3], 3),
        "mean_damage_of_draws": clusters.means[:, :3].T,
        "level": ranking.level * highest,
    }
    return Drawing(figure, {}, drawn)


def weight_cv_by_layer(fits: list[xr.Dataset], weights: list[Path], run: Run) -> Drawing:
    """Figure 17: Σσ / |Σμ| of kernels and biases by layer; bars are means over the folds, dots the folds."""
    from mesobayes.learning.weights import load_network  # loads jax
    from mesobayes.nets.heteroencoder import Heteroencoder, variation_by_layer

    networks = [load_network(path) for path in weights]
    folds = [variation_by_layer(one) for one in networks if isinstance(one, Heteroencoder)]
    layers = np.arange(1, len(folds[0][0]) + 1)
    figure = new_figure(height=0.34)
    panels = figure.subplots(1, 2)
    drawn: dict[str, Any] = {"folds": len(fits)}
    growth = []
    for axes, title, part in zip(panels, ("kernels", "biases"), range(2), strict=True):
        values = np.array([fold[part] for fold in folds])  # (fold, layer)
        axes.bar(layers, values.mean(axis=0), color=BLUE, width=0.6)
        axes.plot(layers, values.T, "o", color=BLACK, markersize=2.5)
        axes.set(xlabel="layer", ylabel="Σσ / |Σμ|", xticks=layers)
        axes.set_title(title, loc="left")
        drawn[title] = values
        growth.append([np.corrcoef(layers, np.log(fold))[0, 1] for fold in values])
    foot_note(figure, f"{training_note(fits[0], run)}, {len(fits)} fold(s), {evidence_note(fits[0])}")
    return Drawing(figure, {"claim": Number.of(np.min(growth, axis=0))}, drawn)
