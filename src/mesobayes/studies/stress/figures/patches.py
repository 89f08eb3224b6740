# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 14, 21 and 29: finite elements beside the network, on patches and their regions of interest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.figure import SubFigure

from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import new_figure
from mesobayes.images.patches import PatchGeometry
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.panels import (
    box,
    colour_bar,
    draw_field,
    foot_note,
    on_material,
    stress_scale,
    subfigures,
)
from mesobayes.studies.stress.figures.shown import (
    Stores,
    origin,
    relative_errors,
    repeats_of,
    shown_network,
    store_of,
)

_WORDS = {
    "random": "random patch",
    "hole": "pore near a large hole",
    "pores": "interacting pores",
}


def patches_1ellipse(predictions: list[xr.Dataset], shown: list[xr.Dataset], run: Run) -> Drawing:
    """Figure 14: two random patches."""
    return _patches(predictions, shown, ("random", "random"), run)


def patches_rot6(predictions: list[xr.Dataset], shown: list[xr.Dataset], run: Run) -> Drawing:
    """Figure 21: pores near large holes in (a), (c) and (d), interacting pores in (b)."""
    return _patches(predictions, shown, ("hole", "pores", "hole", "hole"), run)


def patches_nonlinear(predictions: list[xr.Dataset], shown: list[xr.Dataset], run: Run) -> Drawing:
    """Figure 29: pores near the slot in (a) and (b), interacting pores in (c) and (d)."""
    drawing = _patches(predictions, shown, ("hole", "hole", "pores", "pores"), run, unit="E")
    numbers = drawing.drawn["patches"]
    found = repeats_of(predictions, drawing.drawn["network"])
    largest = [
        float(relative_errors(repeat)[np.isin(repeat["patch"].values, numbers)].max()) for repeat in found
    ]
    note = "largest relative error of the largest stress in the four patches, by seed"
    return Drawing(drawing.figure, {"max_rel_error": Number.of(largest, note)}, drawing.drawn)


def _patches(
    predictions: Stores, shown: Stores, kinds: Sequence[str], run: Run, unit: str = "patch scale"
) -> Drawing:
    network = shown_network(predictions, shown)
    store = store_of(shown, network.network)
    found = store["kind"].values.astype(str)
    places = places_of(found, kinds)
    others = [int(place) for place in np.flatnonzero(found == "random")]
    columns = 2
    figure = new_figure(1.0, 0.49 * (len(kinds) // columns) + 0.07)
    panels = subfigures(figure, len(kinds) // columns, columns)
    drawn: list[dict[str, Any]] = []
    for letter, panel, kind, place in zip("abcd", panels, kinds, places, strict=False):
        title = f"({letter}) {_WORDS[kind]}"
        if place is None and kind != "random" and others:
            title, place = f"({letter}) random patch, no further {_WORDS[kind]}", others.pop(0)
        if place is None:
            panel.suptitle(f"{title}: none among those predicted", fontsize=8)
            continue
        panel.suptitle(title, fontsize=8)
        drawn.append({"kind": kind} | draw_patch(panel, store.isel(patch=place), store.attrs, unit))
    rule = (
        "Patches are the first of their kind in a random order of those predicted, whatever their error. "
        "Top: the whole patch, 18 R wide, as the network gives it, though a fit asks it only for the region "
        "of interest (ROI, 8 R: dashed, and below)."
    )
    foot_note(figure, f"{origin(run, store, network)}. {rule}")
    numbers = [entry["number"] for entry in drawn]
    return Drawing(
        figure, drawn={"network": network.network, "patches": numbers, "panels": drawn, "seed": run.seed}
    )


def places_of(found: np.ndarray, wanted: Sequence[str]) -> list[int | None]:
    """Place of the first patch of each wanted kind, of the next where it is wanted again; None without."""
    return [
        int(np.flatnonzero(found == kind)[nth]) if nth < np.sum(found == kind) else None
        for nth, kind in ((wanted[:i].count(kind), kind) for i, kind in enumerate(wanted))
    ]


def draw_patch(panel: SubFigure, patch: xr.Dataset, attributes: dict[str, Any], unit: str) -> dict[str, Any]:
    """Draw one patch: finite elements beside the network, the whole patch above its region of interest.

    unit: "E", or "patch scale" for fields as they are stored.
    """
    geometry = PatchGeometry(attributes["pixels_per_radius"])
    axes = panel.subplots(2, 2)
    roi, whole = geometry.roi_slice(), slice(None)
    factor = float(patch["scale"]) if unit == "E" else 1.0
    record: dict[str, Any] = {name: int(patch[name]) for name in ("number", "structure")}
    for row, (part, name) in enumerate(((whole, "patch"), (roi, "ROI"))):
        solid = patch["solid"].values[part, part]
        truth, mean = (
            on_material(factor * patch[key].values[part, part], solid) for key in ("truth", "mean")
        )
        scale = stress_scale([truth], [mean])
        for place, field, title in zip(axes[row], (truth, mean), ("FE", "network"), strict=True):
            image = draw_field(place, field, solid, scale)
            place.set_title(f"{title}, max {np.nanmax(field):.3g}", fontsize=7.5, pad=3)
        axes[row, 0].set_ylabel(name)
        colour_bar(panel, image, scale, axes[row], f"Tresca stress ({unit})")
        record[name] = {"fe_max": float(np.nanmax(truth)), "network_max": float(np.nanmax(mean))}
        record[name] |= {"scale": [scale.low, scale.high], "beyond": scale.extend}
    for place in axes[0]:
        box(place, geometry.margin, geometry.margin, geometry.roi)
    return record
