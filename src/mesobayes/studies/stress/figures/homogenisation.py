# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 41 and 42: what a network loses that sees only the average of the macroscopic stress."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import new_figure
from mesobayes.images.patches import PatchGeometry
from mesobayes.metrics.scores import accuracy_at
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.panels import (
    ERROR_MAP,
    ColourScale,
    box,
    colour_bar,
    draw_field,
    foot_note,
    on_material,
    stress_scale,
)
from mesobayes.studies.stress.figures.parts import SIGNED_MAP
from mesobayes.studies.stress.figures.shown import Stores, origin, shown_network, store_of
from mesobayes.studies.stress.models.patch_traits import extreme_patches

_KIND = {"varying": "most", "constant": "least"}


def homogenisation_varying_patch(
    predictions_full: list[xr.Dataset],
    predictions_average: list[xr.Dataset],
    shown_full: list[xr.Dataset],
    shown_average: list[xr.Dataset],
    run: Run,
) -> Drawing:
    """Figure 41: a patch over which the macroscopic stress varies."""
    return _nine_panels("varying", predictions_full, predictions_average, shown_full, shown_average, run)


def homogenisation_constant_patch(
    predictions_full: list[xr.Dataset],
    predictions_average: list[xr.Dataset],
    shown_full: list[xr.Dataset],
    shown_average: list[xr.Dataset],
    run: Run,
) -> Drawing:
    """Figure 42: a patch over which the macroscopic stress hardly changes."""
    return _nine_panels("constant", predictions_full, predictions_average, shown_full, shown_average, run)


def _nine_panels(
    kind: str,
    predictions_full: Stores,
    predictions_average: Stores,
    shown_full: Stores,
    shown_average: Stores,
    run: Run,
) -> Drawing:
    """Predictions and truth, their differences, the macroscopic stress."""
    network = shown_network(predictions_full, shown_average)
    stores = {"full input": store_of(shown_full, network.network)}
    stores["averaged input"] = store_of(shown_average, network.network)
    place = int(np.flatnonzero(stores["full input"]["kind"].values.astype(str) == kind)[0])
    full, average = (stores[name].isel(patch=place) for name in ("full input", "averaged input"))
    if int(full["number"]) != int(average["number"]):
        raise ValueError("the two networks were shown different patches: run both predictions again")
    geometry = PatchGeometry(stores["full input"].attrs["pixels_per_radius"])
    figure = new_figure(0.9, 0.93)
    axes = figure.subplots(3, 3)
    drawn = _draw_rois(figure, axes[:2], full, average, geometry)
    _draw_macro(figure, axes[2], full, geometry)
    shares = {
        name: _accuracy_of_kind(store_of(store, network.network), kind)
        for name, store in (("full", predictions_full), ("averaged", predictions_average))
    }
    rule = (
        f"The first patch, in a random order, of the tenth with the {_KIND[kind]} varying macroscopic stress "
        "among those with a pore in the region of interest (ROI; dashed). Within 10 % lie the largest "
        f"stresses of {100 * shares['full']:.0f} % of that tenth with the full input, of "
        f"{100 * shares['averaged']:.0f} % with its average. The macroscopic stress knows no pores."
    )
    foot_note(figure, f"{origin(run, stores['full input'], network)}. {rule}", 112)
    return Drawing(
        figure,
        drawn={
            **{"network": network.network, "patch": int(full["number"]), "kind": kind, "accuracy": shares},
            **{"panels": drawn, "seed": run.seed},
        },
    )


def _accuracy_of_kind(prediction: xr.Dataset, kind: str) -> float:
    """Accuracy over the tenth of the patches, of those with a pore, with the most or least varying stress."""
    member = extreme_patches(prediction["pore"].values.astype(bool), prediction["variation"].values)[kind]
    some = prediction.isel(patch=np.flatnonzero(member))
    return accuracy_at(some["mean_max"].values, some["true_max"].values)


def _draw_rois(
    figure: Any, axes: NDArray, full: xr.Dataset, average: xr.Dataset, geometry: PatchGeometry
) -> dict[str, Any]:
    roi = geometry.roi_slice()
    solid = full["solid"].values[roi, roi]
    truth, ours, homogenised = (
        on_material(field.values[roi, roi], solid) for field in (full["truth"], full["mean"], average["mean"])
    )
    fields = {"averaged input": homogenised, "full input": ours, "finite elements": truth}
    scale = stress_scale([truth], [ours, homogenised])
    for place, (name, field) in zip(axes[0], fields.items(), strict=True):
        image = draw_field(place, field, solid, scale)
        place.set_title(f"{name}, max {np.nanmax(field):.3g}", fontsize=7.5)
    gaps = {
        "|averaged − FE|": np.abs(homogenised - truth),
        "|full − FE|": np.abs(ours - truth),
        "|averaged − full|": np.abs(homogenised - ours),
    }
    top = ColourScale(0.0, max(float(np.nanmax(gap)) for gap in gaps.values()))
    for place, (name, gap) in zip(axes[1], gaps.items(), strict=True):
        last = draw_field(place, gap, solid, top, ERROR_MAP)
        place.set_title(f"{name}, max {np.nanmax(gap):.3g}", fontsize=7.5)
    axes[0, 0].set_ylabel("Tresca stress, ROI")
    axes[1, 0].set_ylabel("|difference|, ROI")
    colour_bar(figure, image, scale, axes[0], "patch scale")
    colour_bar(figure, last, top, axes[1], "patch scale")
    return {"max": {name: float(np.nanmax(field)) for name, field in fields.items()}} | {
        "difference_max": {name: float(np.nanmax(gap)) for name, gap in gaps.items()},
        "scale": [scale.low, scale.high],
    }


def _draw_macro(figure: Any, axes: NDArray, patch: xr.Dataset, geometry: PatchGeometry) -> None:
    """The three components of the macroscopic stress on the whole patch, on one signed scale."""
    stress = patch["stress"].values
    plate = np.any(stress != 0, axis=-1)
    scale = ColourScale(-1.0, 1.0)  # the patch scale is the largest component
    for place, component, name in zip(axes, (0, 2, 1), ("xx", "xy", "yy"), strict=True):
        image = draw_field(place, stress[..., component], plate, scale, mpl.colormaps[SIGNED_MAP])
        place.set_title(f"macro $\\sigma_{{{name}}}$", fontsize=7.5)
        box(place, geometry.margin, geometry.margin, geometry.roi, edgecolor="black")
    axes[0].set_ylabel("macro stress, patch")
    colour_bar(figure, image, scale, axes, "patch scale")
