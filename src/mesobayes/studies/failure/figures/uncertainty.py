# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 14, 15 and 17 of Bridgman et al. 2022: spread of predictions, clusters and weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.drawing.bars import foot_note, line_key
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
from mesobayes.studies.failure.place_settings import RankingSettings
from mesobayes.studies.failure.settings import LETTERS, FigureSettings

FloatArray = NDArray[np.floating]


_NORMAL = 1.959963984540054  # half width of a 95 % interval of the normal distribution, in deviations


def bcnn_variance(fits: list[xr.Dataset], figures: FigureSettings, run: Run) -> Drawing:
    """Figure 14: variance by predicted value, predicted values of a and g, and what 95 % intervals hold."""
    named = by_variant(fits)
    figure = new_figure(height=0.5)
    left, middle, right = figure.subplots(1, 3)
    edges = np.linspace(0, 1, figures.variance_bins + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    drawn: dict[str, Any] = {"edges": edges}
    for name, data in named.items():
        _, style = MODEL_STYLE[name]
        line = {"linestyle": style.get("linestyle", "-")}
        noise = float(data.attrs["noise_std"])
        for letter, colour in (("a", BLUE), ("g", VERMILION)):
            row = int(data.attrs["realizations"][LETTERS.index(letter)])
            solid = ~data["pores"].values[row].astype(bool)
            mean = data["mean"].values[row].astype(float)[solid]
            variance = data["std"].values[row].astype(float)[solid] ** 2
            count, by_value = mean_by_value(mean, variance, edges)
            left.plot(centres, by_value, color=colour, **line)
            middle.stairs(np.maximum(count, 0.5), edges, color=colour, **line)
            drawn[f"{name}/{letter}"] = {
                "mean_variance": float(variance.mean()),
                "variance": by_value,
                "voxels": count,
                "voxels_below_0": int((mean < 0.0).sum()),
                "voxels_above_1": int((mean > 1.0).sum()),
            }
        left.axhline(noise**2, color=GREY, **line)
        solid = ~data["pores"].values.astype(bool)
        mean, std, true = (data[key].values.astype(np.float32)[solid] for key in ("mean", "std", "target"))
        drawn[name] = {"noise_std": noise}
        for what, deviation, colour in (
            ("weight draws", std, ORANGE),
            ("with the noise", np.sqrt(std**2 + noise**2), BLACK),
        ):
            inside = np.abs(mean - true) <= _NORMAL * deviation
            _, share = mean_by_value(mean, inside, edges)
            right.plot(centres, 100 * share, color=colour, **line)
            drawn[name][what] = {"inside": float(inside.mean()), "by_value": share}
    left.set(xlabel="predicted damage (transformed)", ylabel="variance of the weight draws", yscale="log")
    middle.set(xlabel="predicted damage (transformed)", ylabel="voxels", yscale="log")
    right.axhline(95, color=GREY, linestyle=":", linewidth=0.9)
    right.set(
        xlabel="predicted damage (transformed)", ylabel="voxels inside 95 % intervals (%)", ylim=(0, 101)
    )
    titles = ("realizations a and g", "realizations a and g", f"all {fits[0].attrs['n_test']} test specimens")
    for axes, title in zip((left, middle, right), titles, strict=True):
        axes.set_title(title, loc="left")
    entries: list[tuple[str, dict[str, Any]]] = [
        ("realization a", {"color": BLUE, "linewidth": 3}),
        ("realization g", {"color": VERMILION, "linewidth": 3}),
        ("variance of the noise", {"color": GREY, "linewidth": 3}),
        ("intervals of weight draws alone", {"color": ORANGE, "linewidth": 3}),
        ("with the learned noise", {"color": BLACK, "linewidth": 3}),
        *((MODEL_STYLE[n][0], {**MODEL_STYLE[n][1], "color": BLACK, "linewidth": 1.3}) for n in named),
    ]
    line_key(figure, entries, columns=4)
    some = next(iter(named.values()))
    held = "; ".join(
        f"{MODEL_STYLE[n][0]}: {100 * drawn[n]['weight draws']['inside']:.0f} % of all voxels inside, "
        f"{100 * drawn[n]['with the noise']['inside']:.0f} % with noise {drawn[n]['noise_std']:.3f}"
        for n in named
    )
    foot_note(figure, f"{fit_note(some, run)}\n{held}")
    return Drawing(figure, {}, drawn)


def mean_by_value(value: FloatArray, what: NDArray, edges: FloatArray) -> tuple[NDArray, FloatArray]:
    """Number of values in each bin, and the mean of something over them; NaN in empty bins."""
    bins, inside = len(edges) - 1, (value >= edges[0]) & (value <= edges[-1])
    index = np.minimum(np.digitize(value[inside], edges) - 1, bins - 1)
    count = np.bincount(index, minlength=bins)
    total = np.bincount(index, what[inside], minlength=bins)
    return count, np.divide(total, count, out=np.full(bins, np.nan), where=count > 0)


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
