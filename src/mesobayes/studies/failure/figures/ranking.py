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

from mesobayes.drawing.bars import Layer, bar_axes, colour_key, draw_bar, draw_scale, foot_note
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLUE, GREY, SKY, VERMILION, YELLOW, new_figure
from mesobayes.metrics.clusters import (
    RankedClusters,
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
    networks_note,
)
from mesobayes.studies.failure.figures.sensitivity import failed_places, failure_spots
from mesobayes.studies.failure.figures.summary import RANKING_SCORES, spread
from mesobayes.studies.failure.figures.uncertainty import ranked
from mesobayes.studies.failure.place_settings import RankingSettings
from mesobayes.studies.failure.probability import calibrate
from mesobayes.studies.failure.settings import LETTERS

_REDRAWN = 200  # times that the posterior draws are drawn again
_CLUSTERS_NEEDED = {"a": 2, "c": 2, "j": 3, "g": 4}  # with fewer, the claim would hold for any ranking


def cluster_ranking(
    fit: xr.Dataset,
    perturbed: list[xr.Dataset],
    scores: list[xr.Dataset],
    ranking: RankingSettings,
    voxel_mm: float,
    run: Run,
) -> Drawing:
    """Figure 16: clusters by probability mass, failures of copies; ranking and probability scored."""
    copies, named = copies_of_realizations(perturbed), by_variant(scores)
    figure = new_figure(height=0.95)
    grid = figure.add_gridspec(2, 1, height_ratios=(1.25, 1))
    upper, lower = grid[0].subgridspec(1, 4), grid[1].subgridspec(1, 2)
    blues = mpl.colormaps["Blues"](np.linspace(0.25, 1, 64))  # the failures are yellow
    scale, found = mpl.colors.ListedColormap(blues), {}
    standing = []
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
        standing.append(bar_axes(figure, upper[place]))
        draw_bar(standing[-1], pores.shape, [*layers, Layer(spots, YELLOW, 1.0)], f"({letter})")
        if place == 0:
            draw_scale(standing[-1], pores.shape, voxel_mm)
        ranks = [rank_of_place(clusters, p, ranking.reach) for p in failed_places(copies[number])]
        found[letter] = (clusters, np.array(ranks))
    bars, calibration = figure.add_subplot(lower[0]), figure.add_subplot(lower[1])
    bar = figure.colorbar(mpl.cm.ScalarMappable(cmap=scale), ax=standing, shrink=0.7, pad=0.01)
    bar.set_label(f"share of draws in which a cluster\nhas {ranking.level:g} of the highest mean damage")
    colour_key(figure, (("pores", GREY), ("failures of perturbed copies", YELLOW)))
    drawn = {
        "ranking": _draw_ranking(bars, named),
        "calibration": _draw_reliability(calibration, named[fit.attrs["variant"]]),
        "perturbed_copies": _draw_copies(calibration, fit, copies, ranking),
        "mass": {letter: clusters.mass for letter, (clusters, _) in found.items()},
        "ranks_of_perturbed_failures": {letter: ranks for letter, (_, ranks) in found.items()},
    }
    calibration.legend(fontsize="x-small", loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2)
    foot_note(figure, f"{fit_note(fit, run)}\nranking and calibration: {networks_note(named)}")
    mean = fit["draws"].values[:, LETTERS.index("g")].astype(np.float32).mean(axis=0)
    level = ranking.level * float(mean.max())
    return Drawing(figure, _ranking_numbers(found, level, rng_from_name(run.seed, "range of mass")), drawn)


def _draw_ranking(axes: Axes, scores: Mapping[str, xr.Dataset]) -> dict[str, dict[str, Any]]:
    """How well the true place is ranked: means over the folds, their deviations as bars."""
    table: dict[str, dict[str, Any]] = {}
    for i, (name, data) in enumerate(scores.items()):
        label, style = MODEL_STYLE[name]
        table[name] = {key: spread(data[key]) for key in RANKING_SCORES}
        shown = [table[name][key] for key in ("reciprocal_rank", "top1", "top3")]
        axes.bar(
            np.arange(3) + 0.2 * (i - 1.5),
            [one["mean"] for one in shown],
            0.19,
            yerr=[one["deviation"] or 0.0 for one in shown],
            error_kw={"linewidth": 0.8},
            color=style["color"],
            label=f"{label} ({100 * table[name]['searched']['mean']:.2f} %)",
        )
    axes.set(xticks=range(3), ylim=(0, 1.05), ylabel="mean of the test specimens")
    axes.set_xticklabels(["mean reciprocal\nrank", "true place\nranked first", "among the\nfirst three"])
    axes.legend(
        fontsize="x-small",
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=2,
        title="in brackets: solid searched until the true place",
        title_fontsize="x-small",
    )
    return table


def _draw_reliability(axes: Axes, scores: xr.Dataset) -> dict[str, Any]:
    """Share of clusters of all test specimens that failed, by their probability, with 95 % binomial bands."""
    total, drawn = scores.sum("fold"), {}
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=0.9)
    for kind, colour in (("share of draws", VERMILION), ("calibrated", BLUE)):
        some = total.sel(kind_of_probability=kind)
        clusters = some["probability_clusters"].values.astype(int)
        filled = clusters > 0
        predicted = some["probability_sum"].values[filled] / clusters[filled]
        failed = some["probability_failed"].values[filled].astype(int)
        shares = [Number.share(int(f), int(n)) for f, n in zip(failed, clusters[filled], strict=True)]
        ends = np.array([(s.value, s.low, s.high) for s in shares], float)
        bars = np.maximum([ends[:, 0] - ends[:, 1], ends[:, 2] - ends[:, 0]], 0.0)
        style: dict[str, Any] = {"fmt": "o-", "color": colour, "markersize": 3.5, "elinewidth": 0.9}
        axes.errorbar(predicted, ends[:, 0], bars, label=kind, **style)
        drawn[kind] = {
            "predicted": predicted,
            "observed": ends[:, 0],
            "interval": ends[:, 1:],
            "clusters": clusters[filled],
        }
    axes.set(
        xlabel="probability that a specimen fails in a cluster",
        ylabel="share that failed there",
        xlim=(-0.03, 1.03),
        ylim=(-0.03, 1.03),
    )
    return drawn


def _draw_copies(
    axes: Axes, fit: xr.Dataset, copies: Sequence[xr.Dataset], ranking: RankingSettings
) -> dict[str, Any]:
    """Calibrated probability of the clusters of a to l against the share of copies that fail there."""
    logit, predicted, observed = calibrate(fit), [], []
    for number, data in enumerate(copies):
        row, failed = int(fit.attrs["realizations"][number]), failed_places(data)
        if len(failed):
            shares = observed_shares(ranked(fit, number, ranking), failed, ranking.reach)
            peak, share = (fit[name].values[row : row + 1, : len(shares)] for name in ("peak", "share"))
            predicted.append(logit.probability(peak, share)[0])
            observed.append(shares)
    p, o = np.concatenate(predicted), np.concatenate(observed)
    axes.plot(p, o, "o", color=SKY, markersize=2.5, alpha=0.6, label="perturbed copies, cluster of a to l")
    return {"predicted": p, "observed": o, "coefficients": logit._asdict()}


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
