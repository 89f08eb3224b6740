# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 16 of Bridgman et al. 2022: clusters ranked by probability, and how well they are ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mesobayes.drawing.bars import Layer, bar_axes, draw_bar, foot_note
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import GREY, SKY, VERMILION, YELLOW, new_figure
from mesobayes.metrics.clusters import (
    RankedClusters,
    failure_probability,
    observed_shares,
    rank_of_place,
)
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.studies.failure.figures.labels import (
    MODEL_STYLE,
    by_variant,
    copies_of_realizations,
    fit_note,
)
from mesobayes.studies.failure.figures.sensitivity import failed_places, failure_spots
from mesobayes.studies.failure.figures.summary import RANKING_SCORES
from mesobayes.studies.failure.figures.uncertainty import ranked
from mesobayes.studies.failure.settings import LETTERS, RankingSettings

_CALIBRATION_EDGES = np.array([0, 0.05, 0.2, 0.4, 0.6, 0.8, 1.01])  # of the shares of draws
_REDRAWN = 200  # times that the posterior draws are drawn again
_CLUSTERS_NEEDED = {"a": 2, "c": 2, "j": 3, "g": 4}  # with fewer, the claim would hold for any ranking


def cluster_ranking(
    fit: xr.Dataset,
    perturbed: list[xr.Dataset],
    scores: list[xr.Dataset],
    ranking: RankingSettings,
    run: Run,
) -> Drawing:
    """Figure 16: clusters by probability mass, failures of perturbed copies, and the ranking scored."""
    copies = copies_of_realizations(perturbed)
    figure = new_figure(height=0.86)
    grid = figure.add_gridspec(3, 2, height_ratios=(1, 1, 1.5))
    blues = mpl.colormaps["Blues"](np.linspace(0.25, 1, 64))  # the failures are yellow
    scale, found = mpl.colors.ListedColormap(blues), {}
    for place, letter in enumerate("acgj"):
        number = LETTERS.index(letter)
        row = int(fit.attrs["realizations"][number])
        pores = fit["pores"].values[row].astype(bool)
        clusters, spots = ranked(fit, number, ranking), failure_spots(copies[number], pores.shape)
        layers = [Layer(pores, GREY, 0.2)]
        layers += [
            Layer((clusters.labels == i + 1) & ~pores & ~spots, scale(float(mass)), 0.65)
            for i, mass in reversed(list(enumerate(clusters.mass)))
        ]
        axes = bar_axes(figure, grid[place // 2, place % 2])
        draw_bar(axes, pores.shape, [*layers, Layer(spots, YELLOW, 1.0)], f"({letter})")
        ranks = [rank_of_place(clusters, p, ranking.reach) for p in failed_places(copies[number])]
        found[letter] = (clusters, np.array(ranks))
    bars, calibration = figure.add_subplot(grid[2, 0]), figure.add_subplot(grid[2, 1])
    bar = figure.colorbar(
        mpl.cm.ScalarMappable(cmap=scale),
        ax=figure.axes[:4],
        shrink=0.5,
        pad=0.01,
    )
    bar.set_label("probability mass above the level\n(yellow: failures of perturbed copies)")
    drawn = {
        "ranking": _draw_ranking(bars, by_variant(scores)),
        "calibration": _draw_calibration(calibration, fit, copies, ranking),
        "mass": {letter: clusters.mass for letter, (clusters, _) in found.items()},
        "ranks_of_perturbed_failures": {letter: ranks for letter, (_, ranks) in found.items()},
    }
    foot_note(figure, fit_note(fit, run))
    mean = fit["draws"].values[:, LETTERS.index("g")].astype(np.float32).mean(axis=0)
    level = ranking.level * float(mean.max())
    return Drawing(figure, _ranking_numbers(found, level, rng_from_name(run.seed, "range of mass")), drawn)


def _draw_ranking(axes: Axes, scores: Mapping[str, xr.Dataset]) -> dict[str, dict[str, float]]:
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


def _draw_calibration(
    axes: Axes, fit: xr.Dataset, copies: Sequence[xr.Dataset], ranking: RankingSettings
) -> dict[str, Any]:
    """Probability that a cluster fails first against the share of perturbed copies that fail in it."""
    predicted, observed = [], []
    for number, data in enumerate(copies):
        clusters = ranked(fit, number, ranking)
        failed = failed_places(data)
        if len(failed):
            predicted.append(failure_probability(clusters))
            observed.append(observed_shares(clusters, failed, ranking.reach))
    p, o = np.concatenate(predicted), np.concatenate(observed)
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
    axes.plot(p, o, "o", color=SKY, markersize=3, alpha=0.6, label="one cluster of a to l")
    edges = _CALIBRATION_EDGES
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
    return {"predicted": centres, "observed": means, "clusters": [int((index == i).sum()) for i in filled]}


def _ranking_numbers(
    found: Mapping[str, tuple[RankedClusters, NDArray]], level: float, rng: np.random.Generator
) -> dict[str, Number]:
    """Share of the perturbed failures in the clusters ranked first; of g the range of its masses.

    The realizations are not the paper's. With too few clusters there is no number.
    """
    numbers = {}
    for letter, (clusters, ranks) in found.items():
        count, needed = len(clusters.mass), _CLUSTERS_NEEDED[letter]
        if count < needed:
            numbers[letter] = Number(None, n=len(ranks), note=f"{count} clusters are too few to tell")
        elif letter == "g":
            draws = clusters.means[:, :needed] >= level
            ranges = [
                np.ptp(draws[rng.integers(len(draws), size=len(draws))].mean(axis=0)) for _ in range(200)
            ]
            low, high = np.quantile(ranges, (0.025, 0.975))
            spread = float(np.ptp(clusters.mass[:needed]))
            numbers[letter] = Number(spread, min(spread, float(low)), max(spread, float(high)), len(draws))
        else:
            inside = int(((ranks >= 1) & (ranks <= (2 if letter == "j" else 1))).sum())
            numbers[letter] = Number.share(inside, len(ranks), f"of {count} clusters")
    return numbers
