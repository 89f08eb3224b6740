# SPDX-License-Identifier: GPL-3.0-or-later
"""How soon the place of first failure is found, and at what cost: learned models beside simulations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter, ScalarFormatter
from numpy.typing import NDArray

from mesobayes.drawing.bars import foot_note, line_key
from mesobayes.drawing.drawing import Drawing, Number, Table
from mesobayes.drawing.style import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    new_figure,
)
from mesobayes.metrics.clusters import mean_reciprocal_rank, top_recall
from mesobayes.record.provenance import Run

ALL = 0  # label of the fit to all training specimens of a fold
FULL = "simulation"  # the simulation whose place of failure is sought
_BINS = 8  # of the probability of the first candidate
_FEWEST = 5  # specimens of a bin
SCORES = ("peaks", "first", "three", "searched", "voxels", "cluster_rank", "same_voxel")
_NAMES: dict[str, tuple[str, dict[str, Any]]] = {
    "baseline_t_uniform": ("regression of the damage on the pores around", {"color": PURPLE, "marker": "P"}),
    "point_t_IHpr": ("heteroencoder as printed", {"color": BLUE, "marker": "s"}),
    "modern_t_IHpr": ("the same with skips", {"color": SKY, "marker": "D"}),
    "ranker_base": ("ranking by the pores around", {"color": ORANGE, "marker": "v"}),
    "ranker_elastic": ("ranking by pores and elastic stress", {"color": GREEN, "marker": "o"}),
}
_COARSE: tuple[str, dict[str, Any]] = (
    "simulation in coarse steps, no learning",
    {"color": VERMILION, "marker": "^", "linestyle": "--"},
)
_FULL = ("the simulation itself", {"color": BLACK, "marker": "*", "markersize": 9})
_PRINTED = ("the same bars by eight-point elements", {"color": GREY, "marker": "X"})


def failure_ranking_cost(places: list[xr.Dataset], times: xr.Dataset, run: Run) -> Drawing:
    """Rank of the true place and voxels searched by CPU time, rank by training specimens, reliability."""
    rows = summarise_places(places, times)
    figure = new_figure(height=0.78)
    (ranks, voxels), (labels, said) = figure.subplots(2, 2)
    for axes, score in ((ranks, "peaks"), (voxels, "voxels")):
        _draw_costs(axes, rows, score)
    _draw_labels(labels, rows)
    reliability = _draw_reliability(said, places)
    ranks.set(ylabel="mean reciprocal rank of the place", ylim=(0, 1.03))
    voxels.set(ylabel="voxels searched until the place", yscale="log")
    voxels.set_yticks([1, 2, 5, 10])
    voxels.yaxis.set_major_formatter(ScalarFormatter())
    voxels.yaxis.set_minor_formatter(NullFormatter())
    voxels.axhline(1.0, color=GREY, linestyle=":", linewidth=0.8)
    titles = ("(a) rank by cost", "(b) search by cost", "(c) rank by data", "(d) probability of failure")
    for axes, title in zip((ranks, voxels, labels, said), titles, strict=True):
        axes.set_title(title, loc="left")
    shown = {str(row["model"]) for row in rows}
    entries = [_NAMES[name] for name in _NAMES if name in shown]
    entries += [_COARSE, _FULL] + ([_PRINTED] if any(n.startswith("printed") for n in shown) else [])
    line_key(figure, [(name, {"linestyle": "", **style}) for name, style in entries], columns=2)
    foot_note(figure, _note(rows, times, run))
    return Drawing(
        figure, drawn={"rows": rows, "reliability": reliability, "machine": times.attrs["machine"]}
    )


def failure_ranking(places: list[xr.Dataset], times: xr.Dataset, other: xr.Dataset, run: Run) -> Table:
    """Scores of all models, means and standard deviations over the folds, and CPU time of a specimen.

    The last rows are of the rankers on bars of another size, as they were fitted to those of the study.
    """
    rows = summarise_places(places, times) + summarise_other_size(other)
    heading = ["model", "training specimens", "specimens", "folds", "CPU ms a specimen"]
    heading += [name for score in SCORES for name in (score, f"{score} sd")]
    body = [
        [
            *(row["model"], row["trained"], row["specimens"], row["folds"], _rounded(row["cpu_ms"])),
            *(_rounded(value) for score in SCORES for value in (row[score], row[f"{score}_sd"])),
        ]
        for row in rows
    ]
    return Table([heading, *body], drawn={"machine": times.attrs["machine"]})


def summarise_places(places: Sequence[xr.Dataset], times: xr.Dataset) -> list[dict[str, Any]]:
    """One row for every model and number of training specimens, the simulation itself the last."""
    rows = []
    for data in places:
        name = str(data.attrs["model"])
        parts = [data] if "labels" not in data.dims else [data.sel(labels=n) for n in data["labels"].values]
        for part in parts:
            labels = int(part["labels"]) if "labels" in part.coords else ALL
            row = {"model": name, "labels": labels, "trained": _trained(part), "cpu_ms": _cpu(times, name)}
            rows.append({**row, **_scores_of(part)})
    perfect = {"peaks": 1.0, "first": 1.0, "three": 1.0, "voxels": 1.0, "same_voxel": 1.0}
    scores = {key: perfect.get(key, np.nan) for key in SCORES}
    spread = {f"{key}_sd": np.nan for key in SCORES}
    full = {
        "model": FULL,
        "labels": ALL,
        "trained": 0,
        "cpu_ms": _cpu(times, FULL),
        "specimens": 0,
        "folds": 0,
    }
    return [*rows, {**full, **scores, **spread}]


def summarise_other_size(other: xr.Dataset) -> list[dict[str, Any]]:
    """One row for every ranker on bars of another size."""
    size = " × ".join(str(n) for n in other.attrs["shape"])
    rows = []
    for name in other["ranker"].values:
        row = {"model": f"{name} on {size}", "labels": ALL, "trained": None, "cpu_ms": np.nan}
        rows.append({**row, **_scores_of(other.sel(ranker=name))})
    return rows


def _scores_of(part: xr.Dataset) -> dict[str, Any]:
    """Means of the scores over the folds, and their standard deviations."""
    folds = np.unique(part["fold"].values)
    found: dict[str, list[float]] = {score: [] for score in SCORES}
    for fold in folds:
        data = part.isel(specimen=np.flatnonzero(part["fold"].values == fold))
        ranks = data["peak_rank"].values
        found["peaks"].append(mean_reciprocal_rank(ranks))
        found["first"].append(top_recall(ranks, 1))
        found["three"].append(top_recall(ranks, 3))
        found["searched"].append(float(data["searched"].mean()))
        found["voxels"].append(float(data["voxels"].mean()))
        clusters = data["cluster_rank"].values if "cluster_rank" in data else None
        found["cluster_rank"].append(np.nan if clusters is None else mean_reciprocal_rank(clusters))
        found["same_voxel"].append(float((data["distance"] == 0).mean()))
    means = {score: float(np.mean(values)) for score, values in found.items()}
    spread = {
        f"{score}_sd": float(np.std(values, ddof=1)) if len(folds) > 1 else np.nan
        for score, values in found.items()
    }
    return {"specimens": part.sizes["specimen"], "folds": len(folds), **means, **spread}


def _trained(part: xr.Dataset) -> int:
    """Training specimens of a fold, 0 where nothing is learned."""
    if "trained" in part:
        return round(float(part["trained"].mean()))
    return int(part.attrs.get("n_train", 0))


def _cpu(times: xr.Dataset, model: str) -> float:
    """CPU milliseconds of a specimen, the least of the repeats; NaN for a model that was not timed."""
    if model not in times["model"].values:
        return np.nan
    return float(times["cpu_ms"].sel(model=model).min())


def _draw_costs(axes: Axes, rows: Sequence[Mapping[str, Any]], score: str) -> None:
    whole = [row for row in rows if row["labels"] == ALL]
    coarse = sorted((r for r in whole if str(r["model"]).startswith("fast_")), key=lambda r: r["cpu_ms"])
    _draw_points(axes, coarse, score, _COARSE[1])
    for row in whole:
        name = str(row["model"])
        if name in _NAMES:
            _draw_points(axes, [row], score, _NAMES[name][1])
        elif name == FULL:
            _draw_points(axes, [row], score, _FULL[1])
        elif name.startswith("printed"):
            _draw_points(axes, [row], score, _PRINTED[1])
    axes.set(xscale="log", xlabel="CPU time of a specimen (ms)")
    axes.xaxis.set_major_formatter(ScalarFormatter())


def _draw_points(axes: Axes, rows: Sequence[Mapping[str, Any]], score: str, style: Mapping[str, Any]) -> None:
    x = [row["cpu_ms"] for row in rows]
    y, spread = _values(rows, score), _values(rows, f"{score}_sd")
    axes.errorbar(x, y, yerr=np.nan_to_num(spread), **{"linestyle": "", "capsize": 2, **style})


def _values(rows: Sequence[Mapping[str, Any]], key: str) -> NDArray[np.floating]:
    return np.array([row[key] for row in rows], float)


def _draw_labels(axes: Axes, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rank against training specimens: curves of the rankings, points of what is fitted to all."""
    for name, (_, style) in _NAMES.items():
        some = sorted((row for row in rows if row["model"] == name), key=lambda row: row["trained"])
        if some:
            x, y = [row["trained"] for row in some], _values(some, "peaks")
            spread = np.nan_to_num(_values(some, "peaks_sd"))
            axes.errorbar(x, y, yerr=spread, **{"linestyle": "-", "capsize": 2, **style})
    axes.set(xscale="log", xlabel="training specimens", ylim=(0, 1.03))
    axes.xaxis.set_major_formatter(ScalarFormatter())


def _draw_reliability(axes: Axes, places: Sequence[xr.Dataset]) -> dict[str, list[dict[str, Any]]]:
    """How often the first candidate is the place, against the probability that the ranking gives it."""
    axes.plot([0, 1], [0, 1], color=GREY, linestyle=":")
    drawn = {}
    for data in places:
        if "probability" not in data:
            continue
        name, part = str(data.attrs["model"]), data.sel(labels=ALL)
        points = reliability_of(part["probability"].values, part["distance"].values == 0)
        x, y = (np.array([point[key] for point in points]) for key in ("probability", "share"))
        ends = np.array([[point["low"], point["high"]] for point in points]).T
        axes.errorbar(x, y, yerr=np.abs(ends - y), **{"linestyle": "-", "capsize": 2, **_NAMES[name][1]})
        drawn[name] = points
    axes.set(xlabel="probability of the first candidate", ylabel="share that fails there first")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    return drawn


def reliability_of(probability: NDArray[np.floating], hit: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """Mean probability and observed share with its 95 % Wilson interval in bins that hold some specimens."""
    index = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    points = []
    for place in np.unique(index):
        inside = index == place
        if inside.sum() < _FEWEST:
            continue
        share = Number.share(int(hit[inside].sum()), int(inside.sum()))
        point = {"probability": float(probability[inside].mean()), "specimens": share.n}
        points.append({**point, "share": share.value, "low": share.low, "high": share.high})
    return points


def _rounded(value: float) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None


def _note(rows: Sequence[Mapping[str, Any]], times: xr.Dataset, run: Run) -> str:
    learned = [row for row in rows if str(row["model"]).startswith("ranker") and row["labels"] == ALL]
    printed = [row for row in rows if str(row["model"]).startswith("printed")]
    counts = f"{learned[0]['specimens']} test specimens in {learned[0]['folds']} folds"
    others = f", eight-point elements on {printed[0]['specimens']}" if printed else ""
    clock = f"time on {times.attrs['machine']}, {times.attrs['specimens']} specimens"
    bars = "bars: one deviation over the folds, in (d) 95 % intervals; a place is found within one voxel"
    return f"{run.label}: {counts}{others}\n{bars}\n{clock}"
