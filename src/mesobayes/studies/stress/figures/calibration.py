# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether intervals of predicted stresses hold what they promise."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from mesobayes.drawing.drawing import Drawing
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
from mesobayes.metrics.calibration import structure_band
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name

STYLE: dict[str, tuple[str, str, str]] = {
    "weight_draws": ("weight draws alone", ORANGE, "s"),
    "constant": ("constant width, calibrated", GREY, "D"),
    "amplitude": ("width in proportion to the maximum, calibrated", PURPLE, "v"),
    "predictive": ("misfit modelled", BLUE, "^"),
    "calibrated": ("misfit modelled, calibrated", GREEN, "o"),
    "recalibrated": ("calibrated on the new family", SKY, "P"),
}
SHORT = {
    **{"weight_draws": "weight draws", "constant": "constant width", "amplitude": "width ~ maximum"},
    **{"predictive": "misfit modelled", "calibrated": "misfit, calibrated"},
}
FAMILY = {"ellipse1": "1 ellipse", "ellipse3": "3 ellipses", "ellipse3_ood": "elliptical pores"}
MAIN = ("weight_draws", "predictive", "calibrated")
DRAWN_MAXIMA = 120  # intervals of single maxima
Summary = tuple[float, float, float]  # mean over structures, and the band of the bootstrap


def calibration_stress(
    series: list[xr.Dataset],
    ensemble: list[xr.Dataset],
    ensemble_full: list[xr.Dataset],
    dropout: list[xr.Dataset],
    families: list[xr.Dataset],
    run: Run,
) -> Drawing:
    """Draw coverage by level, by number of labels and by family, scores of intervals, and some of them.

    Args:
        series: calibrations of networks fitted to few, some and all labels, some repeats of each.
        ensemble: of an ensemble that cost as much as one fit to some labels.
        ensemble_full: of an ensemble of whole fits to some labels.
        dropout: of networks whose draws leave out channels, fitted to some labels.
        families: of networks trained on one family and scored on each.
        run: scale and seed.
    """
    models = list(dict.fromkeys(one.attrs["model"] for one in series))
    by_labels = {model: [one for one in series if one.attrs["model"] == model] for model in models}
    some = by_labels[models[len(models) // 2]]
    figure = new_figure(width=1.0, height=0.86)
    grid = figure.add_gridspec(2, 3, height_ratios=(1.0, 1.1))
    maximum, pixel = (figure.add_subplot(grid[0, i]) for i in range(2))
    both = grid[0, 2].subgridspec(2, 1, height_ratios=(1.4, 1.0))
    upper = figure.add_subplot(both[0])
    lower = figure.add_subplot(both[1], sharex=upper)
    scores, abroad, single = (figure.add_subplot(grid[1, i]) for i in range(3))
    drawn = {
        "reliability": {
            "maximum": draw_reliability(maximum, some, "maximum", "(a) largest stress of a patch"),
            "pixel": draw_reliability(pixel, some, "pixel", "(b) stress of a pixel"),
        },
        "labels": draw_labels(upper, lower, by_labels),
        "scores": draw_scores(scores, some, ensemble, ensemble_full, dropout),
        "families": draw_families(abroad, families),
        "single": draw_single(single, some[0], run.seed),
    }
    handles, names = maximum.get_legend_handles_labels()
    more, called = abroad.get_legend_handles_labels()
    chosen = dict(zip([*names, *called], [*handles, *more], strict=True))
    figure.legend(chosen.values(), chosen.keys(), loc="outside upper center", ncols=4)
    figure.supxlabel(textwrap.fill(_note(some, ensemble, ensemble_full, run), 130), fontsize=6.5)
    return Drawing(figure, drawn=drawn)


def summary(repeats: Sequence[xr.Dataset], name: str, kind: str, target: str, level: float) -> Summary:
    """Mean over structures and repeats, and its bootstrap interval over structures."""
    where = {"interval": kind, "target": target, "level": level}
    values = np.mean([one[name].sel(where).values for one in repeats], axis=0)  # (structure,)
    values = values[np.isfinite(values)]
    if not len(values):
        return math.nan, math.nan, math.nan
    low, high = structure_band(values, rng_from_name("band", name, kind, target))
    return float(values.mean()), float(low), float(high)


def draw_reliability(axis: Axes, repeats: list[xr.Dataset], target: str, title: str) -> dict[str, Any]:
    """Coverage against the wanted level, with the band of a bootstrap over structures."""
    levels = repeats[0]["level"].values
    axis.plot([0, 100], [0, 100], color=BLACK, linewidth=0.7, linestyle=":")
    drawn = {}
    for kind in MAIN:
        label, colour, marker = STYLE[kind]
        found = 100 * np.array([summary(repeats, "coverage", kind, target, level) for level in levels])
        axis.plot(100 * levels, found[:, 0], color=colour, marker=marker, markersize=3, label=label)
        axis.fill_between(100 * levels, found[:, 1], found[:, 2], color=colour, alpha=0.2, linewidth=0)
        drawn[kind] = plain(found)
    axis.set(xlim=(0, 100), ylim=(0, 100), aspect="equal", xlabel="wanted (%)", ylabel="held (%)")
    axis.set_title(title, loc="left")
    return {"levels": levels.tolist(), "percent (level: mean, low, high)": drawn}


def draw_labels(upper: Axes, lower: Axes, by_labels: dict[str, list[xr.Dataset]]) -> dict[str, Any]:
    """Coverage of the highest level, and spread beside error, of maxima against the number of labels."""
    labels = [repeats[0].attrs["labels"] for repeats in by_labels.values()]
    level = float(next(iter(by_labels.values()))[0]["level"][-1])
    drawn: dict[str, Any] = {"labels": labels}
    for kind in MAIN:
        _, colour, marker = STYLE[kind]
        found = 100 * np.array(
            [summary(repeats, "coverage", kind, "maximum", level) for repeats in by_labels.values()]
        )
        error = np.abs(found[:, 1:].T - found[:, 0])
        upper.errorbar(labels, found[:, 0], error, color=colour, marker=marker, markersize=3, capsize=2)
        drawn[kind] = plain(found)
    upper.axhline(100 * level, color=BLACK, linewidth=0.7, linestyle=":")
    upper.set(ylim=(0, 104), ylabel=f"held at {100 * level:g} % (%)", xscale="log")
    upper.set_title("(c) largest stress", loc="left")
    upper.tick_params(labelbottom=False)
    where = {"interval": "weight_draws", "target": "maximum"}
    for name, colour, marker, label, above in (
        ("rms_error", BLACK, "o", "error", 5),
        ("mean_scale", ORANGE, "s", "spread of draws", -14),
    ):
        values = [float(np.mean([one[name].sel(where) for one in repeats])) for repeats in by_labels.values()]
        lower.plot(labels, values, color=colour, marker=marker, markersize=3)
        lower.annotate(
            label, (labels[0], values[0]), (0, above), textcoords="offset points", fontsize=6.5, color=colour
        )
        drawn[label] = plain(values)
    lower.set(xscale="log", yscale="log", xlabel="labelled patches", ylabel="patch scale")
    lower.set_xticks(labels, [str(count) for count in labels])
    lower.minorticks_off()
    lower.margins(y=0.5)
    return drawn


def draw_scores(
    axis: Axes,
    repeats: list[xr.Dataset],
    ensemble: list[xr.Dataset],
    ensemble_full: list[xr.Dataset],
    dropout: list[xr.Dataset],
) -> dict[str, Any]:
    """Interval score of maxima at the highest level as bars, the mean width as the dark part of each."""
    level = float(repeats[0]["level"][-1])
    rows = [(SHORT[kind], repeats, kind, STYLE[kind][1]) for kind in SHORT]
    rows += [
        ("dropout draws", dropout, "weight_draws", YELLOW),
        ("dropout, misfit, calibrated", dropout, "calibrated", YELLOW),
        ("ensemble, misfit, calibrated", ensemble, "calibrated", VERMILION),
        (f"{ensemble_full[0].attrs['draws']} whole fits, the same", ensemble_full, "calibrated", VERMILION),
    ]
    drawn = {}
    for place, (name, some, kind, colour) in enumerate(rows):
        score, low, high = summary(some, "score", kind, "maximum", level)
        width, *_ = summary(some, "width", kind, "maximum", level)
        error = [[score - low], [high - score]]
        axis.barh(place, score, 0.7, xerr=error, color=colour, alpha=0.45, error_kw={"linewidth": 0.8})
        axis.barh(place, width, 0.7, color=colour)
        drawn[name] = {"score": plain([score, low, high]), "width": plain(width)}
    axis.set_yticks(range(len(rows)), [name for name, *_ in rows])
    axis.invert_yaxis()
    axis.set(xlabel="interval score; dark: width\n(patch scale)")
    axis.set_title(f"(d) cost of {100 * level:g} % intervals", loc="left")
    return drawn


def draw_families(axis: Axes, families: list[xr.Dataset]) -> dict[str, Any]:
    """Coverage of maxima on each family by networks that learned from one of them."""
    pairs = list(dict.fromkeys((one.attrs["trained_on"], one.attrs["family"]) for one in families))
    homes = list(dict.fromkeys(home for home, _ in pairs))
    pairs.sort(key=lambda pair: (homes.index(pair[0]), pair[0] != pair[1]))  # at home first
    level = float(families[0]["level"][-1])
    drawn, seen = {}, set()
    for place, pair in enumerate(pairs):
        some = [one for one in families if (one.attrs["trained_on"], one.attrs["family"]) == pair]
        found = {}
        for kind in (*MAIN, "recalibrated"):
            if kind not in some[0]["interval"].values:
                continue
            label, colour, marker = STYLE[kind]
            mean, low, high = 100 * np.array(summary(some, "coverage", kind, "maximum", level))
            error = [[mean - low], [high - mean]]
            shift = 0.16 * ((*MAIN, "recalibrated").index(kind) - 1.5)
            label = "_" if kind in seen or kind in MAIN else label
            look: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 4, "linestyle": "none"}
            axis.errorbar(mean, place + shift, xerr=error, linewidth=0.8, label=label, **look)
            seen.add(kind)
            found[kind] = plain([mean, low, high])
        drawn[" -> ".join(pair)] = found
    axis.axvline(100 * level, color=BLACK, linewidth=0.7, linestyle=":")
    names = [f"{FAMILY[home]} →\n{FAMILY[scored]}" for home, scored in pairs]
    axis.set_yticks(range(len(pairs)), names, fontsize=6.5)
    axis.invert_yaxis()
    axis.set(xlim=(0, 102), xlabel=f"maxima held at {100 * level:g} % (%)")
    axis.set_title("(e) trained on → scored on", loc="left")
    return drawn


def draw_single(axis: Axes, calibration: xr.Dataset, seed: str) -> dict[str, Any]:
    """True against predicted maxima of some patches with calibrated intervals of the highest level."""
    level = float(calibration["level"][-1])
    factor = float(calibration["factor"].sel(interval="calibrated", target="maximum", level=level))
    rng = rng_from_name(seed, "intervals drawn")
    number = calibration.sizes["patch"]
    chosen = np.sort(rng.permutation(number)[:DRAWN_MAXIMA])
    true, centre, std = (calibration[name].values[chosen] for name in ("true_max", "max_centre", "max_std"))
    half = factor * std
    missed = np.abs(true - centre) > half
    look: dict[str, Any] = {"linestyle": "none", "marker": ".", "markersize": 3, "linewidth": 0.6}
    for where, colour, label in ((~missed, GREEN, "held"), (missed, VERMILION, "missed")):
        axis.errorbar(true[where], centre[where], half[where], color=colour, **look)
        axis.text(
            *(0.04, 0.96 if label == "held" else 0.88),
            f"{int(where.sum())} {label}",
            color=colour,
            transform=axis.transAxes,
            va="top",
        )
    top = 1.05 * float(max(true.max(), (centre + np.minimum(half, 10 * std)).max()))
    axis.plot([0, top], [0, top], color=BLACK, linewidth=0.7, linestyle=":")
    axis.set(xlim=(0, top), ylim=(0, top), aspect="equal", xlabel="true (patch scale)")
    axis.set_ylabel("predicted (patch scale)")
    axis.set_title(f"(f) {len(chosen)} maxima", loc="left")
    return {"true": plain(true), "centre": plain(centre), "half_width": plain(half), "factor": plain(factor)}


def plain(values: Any) -> Any:
    """Plain numbers of a result, None for what is not finite."""
    if isinstance(values, np.ndarray | list | tuple):
        return [plain(value) for value in values]
    return round(float(values), 5) if math.isfinite(values) else None


def _note(
    some: list[xr.Dataset], ensemble: list[xr.Dataset], ensemble_full: list[xr.Dataset], run: Run
) -> str:
    facts, costs = some[0].attrs, [one.attrs["fit_seconds"] for one in some]
    kind = "with a guarantee" if facts["guaranteed"] else "estimated"
    return (
        f"{run.label}: modern network; (a), (b), (d), (f) {facts['labels']} labels; repeats: {len(some)}; "
        f"{facts['steps']} steps, {facts['draws']} draws; {facts['patches']} patches of "
        f"{facts['scored_structures']} held-out structures; half widths {kind} from {facts['calibrated_on']} "
        f"of them, tested on the others, {facts['halvings']} halvings; bands: bootstrap over structures; "
        f"ensemble of {ensemble[0].attrs['draws']} networks with {ensemble[0].attrs['steps']} steps in all, "
        f"whole fits with {ensemble_full[0].attrs['steps']}; "
        f"one fit {np.mean(costs):.0f} s; (e) half widths from the home family; in (f) the half width comes "
        "from all held-out structures"
    )
