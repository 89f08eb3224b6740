# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 25 and 39: mean, finite elements, credible interval and error in six regions of interest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import SubFigure
from numpy.typing import NDArray

from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import new_figure
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.panels import (
    ERROR_MAP,
    ColourScale,
    colour_bar,
    draw_field,
    foot_note,
    on_material,
    stress_scale,
    subfigures,
)
from mesobayes.studies.stress.figures.shown import (
    THRESHOLD,
    Interval,
    drawn_among,
    maximum_interval,
    origin,
    relative_errors,
    repeats_of,
    shown_network,
    store_of,
)

_WIDTH = 1.96  # half width of a 95 % interval in standard deviations, as printed


def bnn_roi_examples(predictions: list[xr.Dataset], run: Run) -> Drawing:
    """Figure 25: interacting pores, pores near large holes, the widest interval, an easy case."""
    shown = shown_network(predictions)
    found = repeats_of(predictions, shown.network)
    first = found[0]
    chosen = bnn_examples(first, run.seed)
    rule = (
        "(a) to (d) are drawn at random among the patches whose largest stress is within 10 % and which "
        "hold interacting pores (a, b) or a pore near a large hole (c, d); (e) has the widest interval of "
        "the largest stress of all patches; (f) the narrowest for its stress among those that (a, b) are "
        "drawn from"
    )
    drawing = _six(first, chosen, f"{origin(run, first, shown)}, {first.sizes['draw']} draws. {rule}.", run)
    widest = [_widest(maximum_interval(repeat)) for repeat in found]
    numbers = {
        "case_e_error": Number.of([e for e, _ in widest], "error of the largest stress, widest interval"),
        "case_e_1p96std": Number.of([half for _, half in widest], "half width of the widest interval"),
    }
    return Drawing(drawing.figure, numbers, drawing.drawn)


def _widest(interval: Interval) -> tuple[float, float]:
    """Error and half width of the patch with the widest interval."""
    place = int(np.argmax(interval.half))
    return float(interval.error[place]), float(interval.half[place])


def ood_roi_examples(predictions: list[xr.Dataset], predictions_ood: list[xr.Dataset], run: Run) -> Drawing:
    """Figure 39: errors outside the interval, large errors inside it, and maxima predicted well."""
    shown = shown_network(predictions)
    first = store_of(predictions_ood, shown.network)
    chosen = ood_examples(first, run.seed)
    rule = (
        "Elliptical pores, which no fit has seen. (a) to (d) are drawn at random among the patches whose "
        "largest stress is missed by more than 10 % and lies outside its interval (a, b) or inside it (c, d; "
        "where none does, others nearest to theirs); (e) and (f) are within 10 %, and of these the two with "
        "at least half of the region solid where most pixels lie within 1.96 standard deviations"
    )
    return _six(first, chosen, f"{origin(run, first, shown)}, {first.sizes['draw']} draws. {rule}.", run)


def bnn_examples(prediction: xr.Dataset, study_seed: str) -> dict[str, tuple[str, int | None]]:
    """Title and place of the six patches of figure 25; None where no patch is of the kind."""
    interval = maximum_interval(prediction)
    good = relative_errors(prediction) < THRESHOLD
    pores, hole = (prediction[name].values.astype(bool) for name in ("pores_interact", "hole_interacts"))
    easy = good & pores & ~hole
    easy = easy if easy.any() else np.ones(len(pores), bool)
    named = {
        "ab": ("interacting pores", good & pores & ~hole),
        "cd": ("pore near a large hole", good & hole),
    }
    chosen = _drawn(named, study_seed, "bayes")
    relative = np.divide(
        interval.half, interval.centre, out=np.full(len(pores), np.inf), where=interval.centre > 0
    )
    chosen["e"] = ("widest interval", int(np.argmax(interval.half)))
    chosen["f"] = ("narrowest relative interval", int(np.argmin(np.where(easy, relative, np.inf))))
    return chosen


def ood_examples(prediction: xr.Dataset, study_seed: str) -> dict[str, tuple[str, int | None]]:
    """Title and place of the six patches of figure 39; None where no patch is of the kind."""
    interval = maximum_interval(prediction)
    missed = np.abs(interval.error) >= THRESHOLD * prediction["true_max"].values
    outside = interval.error > interval.half
    chosen = _drawn(
        {
            "ab": ("missed, outside interval", missed & outside),
            "cd": ("missed, inside interval", missed & ~outside),
        },
        study_seed,
        "unseen pores",
    )
    distance = np.divide(
        interval.error, interval.half, out=np.full(len(missed), np.inf), where=interval.half > 0
    )
    inside = int((missed & ~outside).sum())
    taken = np.isin(np.arange(len(missed)), [place for _, place in chosen.values() if place is not None])
    nearest = _best(-distance, missed & ~taken, 2)
    for letter in "cd"[inside:]:
        title = f"missed, nearest interval ({inside} of {len(missed)} inside)"
        chosen[letter] = (title, nearest.pop(0) if nearest else None)
    title = f"maximum within 10 % ({int((~missed).sum())} of {len(missed)})"
    best = _best(covered_share(prediction), ~missed & half_solid(prediction), 2)
    return chosen | {
        letter: (title, best[nth] if nth < len(best) else None) for nth, letter in enumerate("ef")
    }


def covered_share(prediction: xr.Dataset) -> NDArray[np.float64]:
    """Share (patch,) of the solid pixels whose truth lies within 1.96 standard deviations of the mean."""
    mask = prediction["mask"].values.astype(bool)
    gap = np.abs(prediction["mean"].values - prediction["truth"].values)
    inside = (gap <= _WIDTH * prediction["std"].values) & mask
    return np.asarray(inside.sum(axis=(1, 2)) / np.maximum(mask.sum(axis=(1, 2)), 1))


def half_solid(prediction: xr.Dataset) -> NDArray[np.bool_]:
    """Whether at least half of each region of interest is material."""
    return np.asarray(prediction["mask"].values.mean(axis=(1, 2)) >= 0.5)


def _best(value: NDArray, member: NDArray, number: int) -> list[int]:
    """Places of the members with the largest values, at most so many of them."""
    order = np.argsort(-value, kind="stable")
    return [int(place) for place in order[member[order]][:number]]


def _drawn(
    named: Mapping[str, tuple[str, NDArray]], study_seed: str, figure: str
) -> dict[str, tuple[str, int | None]]:
    """Two random members for each pair of letters, or None; titles count the members."""
    chosen: dict[str, tuple[str, int | None]] = {}
    for letters, (title, member) in named.items():
        places = drawn_among(member, len(letters), study_seed, figure, letters)
        for nth, letter in enumerate(letters):
            counted = f"{title} ({int(member.sum())} of {len(member)})"
            chosen[letter] = (counted, places[nth] if nth < len(places) else None)
    return chosen


def _six(
    prediction: xr.Dataset, chosen: Mapping[str, tuple[str, int | None]], note: str, run: Run
) -> Drawing:
    figure = new_figure(1.0, 0.76)
    panels = subfigures(figure, 2, 3)
    interval = maximum_interval(prediction)
    drawn: dict[str, Any] = {}
    for panel, (letter, (title, place)) in zip(panels, chosen.items(), strict=True):
        panel.suptitle(f"({letter}) {title}", fontsize=7.5)
        if place is None:
            panel.text(0.5, 0.5, "no such patch", ha="center", fontsize=8)
            drawn[letter] = None
            continue
        drawn[letter] = _draw_roi(panel, prediction.isel(patch=place), interval, place)
    foot_note(figure, note)
    return Drawing(
        figure,
        drawn={
            **{"network": prediction.attrs["network"], "patches": prediction.sizes["patch"]},
            **{"panels": drawn, "seed": run.seed},
        },
    )


def _draw_roi(panel: SubFigure, patch: xr.Dataset, interval: Interval, place: int) -> dict[str, Any]:
    """Mean and truth on one scale; below 1.96 standard deviations and absolute error on another."""
    solid = patch["mask"].values.astype(bool)
    mean, truth, std = (on_material(patch[name].values, solid) for name in ("mean", "truth", "std"))
    axes = panel.subplots(2, 2)
    scale = stress_scale([truth], [mean])
    for axis, field, name in zip(axes[0], (mean, truth), ("mean", "FE"), strict=True):
        image = draw_field(axis, field, solid, scale)
        axis.set_title(f"{name}, max {np.nanmax(field):.3g}", fontsize=6.5, pad=3)
    colour_bar(panel, image, scale, axes[0], "patch scale")
    half, error = _WIDTH * std, np.abs(mean - truth)
    gap = ColourScale(0.0, max(float(np.nanmax(half)), float(np.nanmax(error)), 1e-12))
    for axis, field, name in zip(axes[1], (half, error), ("1.96 σ", "|error|"), strict=True):
        image = draw_field(axis, field, solid, gap, ERROR_MAP)
        axis.set_title(f"{name}, max {np.nanmax(field):.2g}", fontsize=6.5, pad=3)
    colour_bar(panel, image, gap, axes[1], "patch scale")
    panel.supxlabel(
        f"largest stress {interval.centre[place]:.3g} ± {interval.half[place]:.3g}, "
        f"error {interval.error[place]:.3g}",
        fontsize=6.5,
    )
    return {
        **{"patch": int(patch["patch"]), "structure": int(patch["structure"])},
        **{"mean_max": float(np.nanmax(mean)), "fe_max": float(np.nanmax(truth))},
        **{"centre": float(interval.centre[place]), "half_width": float(interval.half[place])},
        **{"error": float(interval.error[place]), "scale": [scale.low, scale.high]},
    }
