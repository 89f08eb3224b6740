# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 17 and 20: one region of interest predicted after training on more and more patches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLACK, BLUE, GREY, new_figure
from mesobayes.images.patches import PatchGeometry
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store
from mesobayes.studies.stress.figures.panels import (
    ERROR_MAP,
    GREYS,
    ColourScale,
    box,
    colour_bar,
    draw_field,
    foot_note,
    on_material,
    stress_scale,
)
from mesobayes.studies.stress.figures.parts import PATCH, ROI
from mesobayes.studies.stress.figures.shown import (
    accuracies,
    drawn_among,
    origin,
    relative_errors,
    repeats_of,
    same_patches,
    shown_network,
)
from mesobayes.studies.stress.stores import STRUCTURES

_PLAIN = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}  # keeps a number off a line


def train_size_example(
    predictions_part: list[xr.Dataset], predictions_full: list[xr.Dataset], run: Run
) -> Drawing:
    """Figure 17: one region of interest after training with fewer and with more patches."""
    shown = shown_network(predictions_full, predictions_part)
    part, full = (repeats_of(stores, shown.network) for stores in (predictions_part, predictions_full))
    first = {"part": part[0], "full": full[0]}
    same_patches(first)
    within = {name: relative_errors(store) < 0.1 for name, store in first.items()}
    gained = within["full"] & ~within["part"]
    lost = within["part"] & ~within["full"]
    place = _one(gained, run, "train size", full[0])
    names = {
        f"(a) {part[0].attrs['labels']} patches": part[0],
        f"(b) {full[0].attrs['labels']} patches": full[0],
    }
    figure = new_figure(1.0, 0.68)
    axes = figure.subplots(2, 3)
    drawn = _predictions(figure, axes, names, place)
    _accuracy_bars(
        axes[1, 0],
        {name[:-8]: accuracies(store) for name, store in zip(names, (part, full), strict=True)},
        full[0].attrs["baseline_accuracy"],
        "training patches",
    )
    rule = (
        f"Drawn at random among the {int(gained.sum())} of {len(gained)} patches whose largest stress is "
        f"within 10 % with more training patches only; the reverse holds for {int(lost.sum())}"
    )
    foot_note(figure, f"{origin(run, full[0], shown)}. {_rule(gained, rule)}")
    many, few = accuracies(full), accuracies(part)
    numbers = {
        "accuracy_gain_at_10pct": Number.difference(many, few, "accuracy with more patches minus with fewer"),
        "mispredicted_28k": Number.of([1 - share for share in many], _missed(full[0])),
        "mispredicted_10k": Number.of([1 - share for share in few], _missed(part[0])),
    }
    return Drawing(
        figure,
        numbers,
        {
            **{"network": shown.network, "gained": int(gained.sum()), "lost": int(lost.sum())},
            **{"patch": int(full[0]["patch"][place]), "panels": drawn, "seed": run.seed},
        },
    )


def rotation_example(
    predictions0: list[xr.Dataset],
    predictions6: list[xr.Dataset],
    predictions12: list[xr.Dataset],
    structures: Path,
    pixels_per_radius: int,
    run: Run,
) -> Drawing:
    """Figure 20: a marked patch, its finite-element stress, and predictions after 0, 6 and 12 rotations."""
    shown = shown_network(predictions12)
    found = [repeats_of(stores, shown.network) for stores in (predictions0, predictions6, predictions12)]
    names = {f"{store[0].attrs['rotations']} rotations": store[0] for store in found}
    same_patches(names)
    errors = np.stack([relative_errors(store) for store in names.values()])  # (model, patch)
    falling = np.all(np.diff(errors, axis=0) < 0, axis=0)
    place = _one(falling, run, "rotations", found[0][0])
    figure = new_figure(1.0, 0.86)
    grid = figure.add_gridspec(2, 3)
    top = [figure.add_subplot(grid[0, column]) for column in range(3)]
    bottom = [figure.add_subplot(grid[1, column]) for column in range(3)]
    geometry = PatchGeometry(pixels_per_radius)
    patch = found[0][0].isel(patch=place)
    solid = open_store(structures, STRUCTURES, variables=("geometry",))["geometry"]
    _mark_patch(top[0], solid.values[int(patch["structure"])].astype(bool), patch["origin"].values, geometry)
    top[0].set_title(f"structure {int(patch['structure'])}, \npatch (red), ROI (green)", fontsize=7.5)
    drawn = _row(figure, top[1], bottom, names, place)
    _accuracy_bars(
        top[2],
        {str(store[0].attrs["rotations"]): accuracies(store) for store in found},
        found[0][0].attrs["baseline_accuracy"],
        "rotations",
    )
    top[2].yaxis.tick_right()
    top[2].yaxis.set_label_position("right")
    top[2].spines["left"].set_visible(False)
    top[2].spines["right"].set_visible(True)
    rule = (
        f"Drawn at random among the {int(falling.sum())} of {len(falling)} patches whose error falls with "
        "every step in rotations; without any effect one in six would"
    )
    foot_note(figure, f"{origin(run, found[-1][0], shown)}. {_rule(falling, rule)}")
    return Drawing(
        figure,
        drawn={
            **{"network": shown.network, "falling": int(falling.sum()), "patches": len(falling)},
            **{"patch": int(patch["patch"]), "panels": drawn, "seed": run.seed},
        },
    )


def _one(member: NDArray, run: Run, name: str, store: xr.Dataset) -> int:
    """Place of one random member; of any patch where there is none."""
    among = member if member.any() else np.ones(len(member), bool)
    return drawn_among(among, 1, run.seed, name, str(store.attrs["family"]))[0]


def _rule(member: NDArray, rule: str) -> str:
    return f"{rule}." if member.any() else f"{rule}: so this is any patch, drawn at random."


def _missed(store: xr.Dataset) -> str:
    return f"share of largest stresses not within 10 % after training with {store.attrs['labels']} patches"


def _fields(stores: Mapping[str, xr.Dataset], place: int) -> tuple[NDArray, NDArray, dict[str, NDArray]]:
    """Solid mask, truth and predictions of one region of interest, NaN in voids."""
    first = next(iter(stores.values())).isel(patch=place)
    solid = first["mask"].values.astype(bool)
    means = {name: on_material(store["mean"].values[place], solid) for name, store in stores.items()}
    return solid, on_material(first["truth"].values, solid), means


def _title(axes: Axes, name: str, field: NDArray, truth: NDArray) -> dict[str, float]:
    largest, true = float(np.nanmax(field)), float(np.nanmax(truth))
    axes.set_title(f"{name}\nmax {largest:.3g} ({_signed(100 * (largest / true - 1))} %)", fontsize=7.5)
    return {"max": largest, "relative_error": abs(largest / true - 1)}


def _signed(value: float) -> str:
    return f"{value:+.0f}".replace("-", "−")


def _predictions(
    figure: Figure, axes: NDArray, stores: Mapping[str, xr.Dataset], place: int
) -> dict[str, Any]:
    """Truth and predictions in the first row, absolute errors of these below them."""
    solid, truth, means = _fields(stores, place)
    scale = stress_scale([truth], list(means.values()))
    image = draw_field(axes[0, 0], truth, solid, scale)
    axes[0, 0].set_title(f"finite elements\nmax {np.nanmax(truth):.3g}", fontsize=7.5)
    record: dict[str, Any] = {"fe_max": float(np.nanmax(truth)), "scale": [scale.low, scale.high]}
    errors = {name: np.abs(mean - truth) for name, mean in means.items()}
    gap = ColourScale(0.0, max(float(np.nanmax(error)) for error in errors.values()))
    for column, (name, mean) in enumerate(means.items(), start=1):
        draw_field(axes[0, column], mean, solid, scale)
        record[name] = _title(axes[0, column], name, mean, truth)
        last = draw_field(axes[1, column], errors[name], solid, gap, ERROR_MAP)
        axes[1, column].set_title(f"|difference|, max {np.nanmax(errors[name]):.3g}", fontsize=7.5)
    colour_bar(figure, image, scale, axes[0], "Tresca stress (patch scale)")
    colour_bar(figure, last, gap, axes[1], "|difference| (patch scale)")
    return record


def _row(
    figure: Figure, first: Axes, axes: list[Axes], stores: Mapping[str, xr.Dataset], place: int
) -> dict[str, Any]:
    """Truth in the first axes, predictions in the others, all on one scale."""
    solid, truth, means = _fields(stores, place)
    scale = stress_scale([truth], list(means.values()))
    image = draw_field(first, truth, solid, scale)
    first.set_title(f"finite elements\nmax {np.nanmax(truth):.3g}", fontsize=7.5)
    record: dict[str, Any] = {"fe_max": float(np.nanmax(truth)), "scale": [scale.low, scale.high]}
    for place_, (name, mean) in zip(axes, means.items(), strict=True):
        draw_field(place_, mean, solid, scale)
        record[name] = _title(place_, name, mean, truth)
    colour_bar(figure, image, scale, axes, "Tresca stress in the ROI (patch scale)", below=True)
    return record


def _mark_patch(axes: Axes, solid: NDArray, corner: NDArray, geometry: PatchGeometry) -> None:
    """The structure in grey with the patch and its region of interest."""
    draw_field(axes, np.where(solid, 0.25, np.nan), solid, ColourScale(0.0, 1.0), GREYS)
    row, column = (int(start) for start in corner)
    box(axes, row, column, geometry.patch, edgecolor=PATCH, linestyle="-", linewidth=1.6)
    margin = geometry.margin
    box(axes, row + margin, column + margin, geometry.roi, edgecolor=ROI, linestyle="-", linewidth=1.6)


def _accuracy_bars(axes: Axes, shares: Mapping[str, list[float]], baseline: float, label: str) -> None:
    """Accuracy over all patches by repeat, beside the one that needs no learning."""
    axes.bar(list(shares), [100 * np.mean(values) for values in shares.values()], width=0.55, color=BLUE)
    for place, values in enumerate(shares.values()):
        axes.plot([place] * len(values), 100 * np.array(values), ".", color=BLACK, markersize=3)
        mean = 100 * float(np.mean(values))
        axes.text(place, mean + 2, f"{mean:.0f} %", ha="center", fontsize=7, bbox=_PLAIN)
    axes.axhline(100 * baseline, color=GREY, linestyle=":", label=f"no learning: {100 * baseline:.0f} %")
    axes.legend(loc="upper left", fontsize=6.5, borderpad=0.1)
    axes.set(xlabel=label, ylabel="maxima within 10 % (%)", ylim=(0, 118), yticks=range(0, 101, 25))
