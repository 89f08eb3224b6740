# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 14 to 17 of Bridgman et al. 2022."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import xarray as xr

from mesobayes.drawing.bars import Layer, bar_axes, draw_bar, foot_note
from mesobayes.drawing.drawing import NOT_SHOWN, SHOWN, Drawing, Finding
from mesobayes.drawing.style import BLACK, BLUE, GREY, ORANGE, SKY, VERMILION, YELLOW, new_figure
from mesobayes.metrics.clusters import (
    RANK_LEVEL,
    RANK_THRESHOLD,
    RankedClusters,
    failure_probability,
    observed_shares,
    rank_clusters,
    rank_of_place,
)
from mesobayes.studies.failure.figures.models import MODEL_STYLE, RANKING_SCORES, failure_spots

LETTERS = "abcdefghijkl"


def bcnn_variance(fits: Mapping[str, xr.Dataset], note: str) -> Drawing:
    """Figure 14: variance by damage value, and predicted values, of the realizations a and g."""
    figure = new_figure(height=0.4)
    left, right = figure.subplots(1, 2)
    edges = np.linspace(0, 1, 26)
    drawn: dict[str, dict[str, float]] = {}
    for name, data in fits.items():
        label, style = MODEL_STYLE[name]
        for number, colour in ((0, BLUE), (6, VERMILION)):
            row = int(data.attrs["realizations"][number])
            solid = ~data["pores"].values[row].astype(bool)
            mean = np.clip(data["mean"].values[row].astype(float)[solid], 0, 1 - 1e-9)
            variance = data["std"].values[row].astype(float)[solid] ** 2
            index = np.digitize(mean, edges) - 1
            count = np.bincount(index, minlength=25)
            by_value = np.divide(
                np.bincount(index, variance, minlength=25), count, out=np.full(25, np.nan), where=count > 0
            )
            line = {"color": colour, "linestyle": style.get("linestyle", "-")}
            text = f"({LETTERS[number]}) {label.split(', ')[1]}"
            left.plot((edges[1:] + edges[:-1]) / 2, by_value, label=text, **line)
            right.stairs(np.maximum(count, 0.5), edges, **line)
            drawn[f"{name}/{LETTERS[number]}"] = {"mean_variance": float(variance.mean())}
    left.set(xlabel="predicted damage (transformed)", ylabel="variance of the prediction", yscale="log")
    right.set(xlabel="predicted damage (transformed)", ylabel="voxels", yscale="log")
    left.legend()
    foot_note(figure, note)
    return Drawing(figure, {}, drawn)


def ranked(fit: xr.Dataset, number: int) -> RankedClusters:
    """Ranked clusters of one of the realizations a to l."""
    return rank_clusters(fit["draws"].values[:, number].astype(np.float32), RANK_THRESHOLD, RANK_LEVEL)


def cluster_cdfs(fit: xr.Dataset, note: str) -> Drawing:
    """Figure 15: distributions of the mean damage of three clusters of one specimen."""
    everything = [ranked(fit, number) for number in range(fit.sizes["kept"])]
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
    axes.axvline(RANK_LEVEL * highest, color=GREY, linestyle=":", label="level of the mass")
    axes.set(xlabel="mean damage of the cluster", ylabel="share of the posterior draws", ylim=(0, 1.02))
    figure.legend(loc="outside upper center", ncols=2)
    axes.set_title(f"realization ({LETTERS[number]})", loc="left")
    foot_note(figure, note)
    return Drawing(
        figure, {}, {"realization": LETTERS[number], "mass": np.round(clusters.mass[:3], 3).tolist()}
    )


def cluster_ranking(
    fit: xr.Dataset, perturbed: Sequence[xr.Dataset], scores: Mapping[str, xr.Dataset], note: str
) -> Drawing:
    """Figure 16: clusters by probability mass, failures of perturbed copies, and the ranking scored."""
    figure = new_figure(height=0.86)
    grid = figure.add_gridspec(3, 2, height_ratios=(1, 1, 1.5))
    blues = mpl.colormaps["Blues"](np.linspace(0.25, 1, 64))  # the failures are yellow
    scale, text = mpl.colors.ListedColormap(blues), {}
    for place, number in enumerate((0, 2, 6, 9)):
        row = int(fit.attrs["realizations"][number])
        pores = fit["pores"].values[row].astype(bool)
        clusters, spots = ranked(fit, number), failure_spots(perturbed[number], pores.shape)
        layers = [Layer(pores, GREY, 0.2)]
        layers += [
            Layer((clusters.labels == i + 1) & ~pores & ~spots, scale(float(mass)), 0.65)
            for i, mass in reversed(list(enumerate(clusters.mass)))
        ]
        axes = bar_axes(figure, grid[place // 2, place % 2])
        draw_bar(axes, pores.shape, [*layers, Layer(spots, YELLOW, 1.0)], f"({LETTERS[number]})")
        failed = perturbed[number]["failed_voxel"].values[perturbed[number]["status"].values == 0]
        text[LETTERS[number]] = (
            clusters,
            np.array([rank_of_place(clusters, p) for p in failed]),
        )
    bars, calibration = figure.add_subplot(grid[2, 0]), figure.add_subplot(grid[2, 1])
    bar = figure.colorbar(
        mpl.cm.ScalarMappable(cmap=scale),
        ax=figure.axes[:4],
        shrink=0.5,
        pad=0.01,
    )
    bar.set_label("probability mass above the level\n(yellow: failures of perturbed copies)")
    ranking = _draw_ranking(bars, scores)
    points = _draw_calibration(calibration, fit, perturbed)
    foot_note(figure, note)
    return Drawing(figure, _ranking_findings(text), {"ranking": ranking, "calibration": points})


def _draw_ranking(axes, scores: Mapping[str, xr.Dataset]) -> dict[str, dict[str, float]]:
    table = {}
    for i, (name, data) in enumerate(scores.items()):
        label, style = MODEL_STYLE[name]
        values = {key: float(data[key].mean("fold")) for key in RANKING_SCORES}
        shown = [values[key] for key in ("reciprocal_rank", "top1", "top3")]
        label = f"{label} ({100 * values['searched']:.2f} %)"
        axes.bar(np.arange(3) + 0.2 * (i - 1.5), shown, 0.19, color=style["color"], label=label)
        table[name] = {key: round(value, 4) for key, value in values.items()}
    axes.set(xticks=range(3), ylim=(0, 1.75), ylabel="mean of the test specimens")
    axes.set_yticks([0, 0.5, 1.0])
    axes.set_xticklabels(["mean reciprocal\nrank", "true place\nranked first", "among the\nfirst three"])
    title = "in brackets: solid searched until the true place"
    axes.legend(fontsize="x-small", loc="upper left", title=title, title_fontsize="x-small")
    return table


def _draw_calibration(axes, fit: xr.Dataset, perturbed: Sequence[xr.Dataset]) -> dict[str, list[float]]:
    """Probability that a cluster fails first against the share of perturbed copies that fail in it."""
    predicted, observed = [], []
    for number, data in enumerate(perturbed):
        clusters = ranked(fit, number)
        failed = data["failed_voxel"].values[data["status"].values == 0]
        if len(failed):
            predicted.append(failure_probability(clusters))
            observed.append(observed_shares(clusters, failed))
    p, o = np.concatenate(predicted), np.concatenate(observed)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
    axes.plot(p, o, "o", color=SKY, markersize=3, alpha=0.6, label="one cluster of a to l")
    edges = np.array([0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.01])
    index = np.digitize(p, edges) - 1
    filled = [i for i in range(len(edges) - 1) if (index == i).any()]
    centres = [float(p[index == i].mean()) for i in filled]
    means = [float(o[index == i].mean()) for i in filled]
    axes.plot(centres, means, "s-", color=VERMILION, label="mean of a bin")
    axes.set(
        xlabel="share of draws with this cluster highest",
        ylabel="share of perturbed\ncopies failing here",
        xlim=(-0.03, 1.03),
        ylim=(-0.03, 1.03),
    )
    axes.legend(fontsize="x-small", loc="upper left")
    return {"predicted": np.round(centres, 4).tolist(), "observed": np.round(means, 4).tolist()}


_CLUSTERS_NEEDED = {"a": 2, "c": 2, "j": 3, "g": 4}  # with fewer, the claim would hold for any ranking


def _ranking_findings(text: Mapping[str, tuple[RankedClusters, np.ndarray]]) -> dict[str, Finding]:
    found = {}
    for letter, (clusters, ranks) in text.items():
        enough = len(clusters.mass) >= _CLUSTERS_NEEDED[letter]
        first = float(np.mean(ranks == 1)) if len(ranks) else 0.0
        top = float(np.mean((ranks >= 1) & (ranks <= 2))) if len(ranks) else 0.0
        reason = (
            f"{100 * first:.0f} % of the perturbed failures lie in the cluster ranked first, "
            f"{100 * top:.0f} % in the first two of {len(clusters.mass)}"
            f"{'' if enough else ', too few to tell'}; the realizations are not the paper's"
        )
        if letter == "g":
            spread = float(np.ptp(clusters.mass[:4]))
            found[letter] = Finding(
                f"range of mass {spread:.2f}", SHOWN if enough and spread < 0.3 else NOT_SHOWN, reason
            )
        else:
            share = top if letter == "j" else first
            found[letter] = Finding(round(share, 3), SHOWN if enough and share > 0.5 else NOT_SHOWN, reason)
    return found


def weight_cv_by_layer(kernels: list[float], biases: list[float], note: str) -> Drawing:
    """Figure 17: Σσ / |Σμ| of kernels and biases by layer."""
    figure = new_figure(height=0.34)
    panels = figure.subplots(1, 2)
    layers = np.arange(1, len(kernels) + 1)
    for axes, values, title in zip(panels, (kernels, biases), ("kernels", "biases"), strict=True):
        axes.bar(layers, values, color=BLUE, width=0.6)
        axes.set(xlabel="layer", ylabel="Σσ / |Σμ|", xticks=layers)
        axes.set_title(title, loc="left")
    foot_note(figure, note)
    order = [float(np.corrcoef(layers, np.log(values))[0, 1]) for values in (kernels, biases)]
    grows = min(order) > 0.3
    reason = f"correlation of the logarithm with depth: kernels {order[0]:.2f}, biases {order[1]:.2f}"
    findings = {"claim": Finding("grows" if grows else "does not", SHOWN if grows else NOT_SHOWN, reason)}
    return Drawing(figure, findings, {"kernels": kernels, "biases": biases})
