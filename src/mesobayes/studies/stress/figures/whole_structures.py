# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 15, 22, 31 and 32: whole structures put together from windows, and windows that overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import ORANGE, new_figure
from mesobayes.images.patches import PatchGeometry
from mesobayes.images.stitching import tile_origins
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
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
    subfigures,
)
from mesobayes.studies.stress.figures.parts import PATCH, ROI
from mesobayes.studies.stress.figures.shown import (
    Shown,
    Stores,
    origin,
    repeats_of,
    shown_network,
    store_of,
)


def full_structure_1ellipse(predictions: list[xr.Dataset], stitched: list[xr.Dataset], run: Run) -> Drawing:
    """Figure 15: finite elements, the prediction put together, and their difference; below, `local` alike."""
    of_images = [store for store in predictions if store.attrs["network"] != "local"]
    shown = shown_network(of_images or predictions, stitched)
    further = [store for store in stitched if store.attrs["network"] == "local" != shown.network]
    rows = [store_of(stitched, shown.network), *further]
    figure = new_figure(1.0, 0.1 + 0.4 * len(rows))
    grid = np.reshape(figure.subplots(len(rows), 3), (len(rows), 3))
    drawn = [_draw_structure(figure, list(axes), store) for axes, store in zip(grid, rows, strict=True)]
    note = _note(run, rows[0], shown)
    if further:
        note += (
            f" Lower row: network local, pixel by pixel, fitted to {further[0].attrs['labels']} patches "
            f"in {further[0].attrs['steps']} steps."
        )
    foot_note(figure, note)
    networks = {store.attrs["network"]: found for store, found in zip(rows[1:], drawn[1:], strict=True)}
    return Drawing(figure, drawn=drawn[0] | {"network": shown.network, "seed": run.seed} | networks)


def full_structure_nonlinear_1(
    predictions: list[xr.Dataset], stitched: list[xr.Dataset], run: Run
) -> Drawing:
    """Figure 31: finite elements above the prediction put together, for the strip."""
    drawing = _strip(predictions, stitched, run)
    error = drawing.drawn["relative_error_of_max"]
    note = "relative error of the largest stress where windows reach"
    return Drawing(drawing.figure, {"rel_error_of_max": Number(error, note=note)}, drawing.drawn)


def full_structure_nonlinear_2(
    predictions: list[xr.Dataset], stitched: list[xr.Dataset], run: Run
) -> Drawing:
    """Figure 32: the same for another strip."""
    return _strip(predictions, stitched, run)


def _strip(predictions: Stores, stitched: Stores, run: Run) -> Drawing:
    shown = shown_network(predictions, stitched)
    store = store_of(stitched, shown.network)
    figure = new_figure(1.0, 0.74)
    drawn = _draw_structure(figure, list(figure.subplots(3, 1)), store)
    foot_note(figure, _note(run, store, shown))
    return Drawing(figure, drawn=drawn | {"network": shown.network, "seed": run.seed})


def _draw_structure(figure: Figure, axes: list[Axes], store: xr.Dataset) -> dict[str, Any]:
    """Truth, prediction and absolute difference; edges of the image in pore radii."""
    solid = store["solid"].values.astype(bool)
    truth = on_material(store["truth"].values, solid)
    mean = on_material(store["mean"].values, solid)
    reached = np.where(np.isnan(mean), np.nan, truth)  # what windows do not reach is not compared
    pixel = 1.0 / store.attrs["pixels_per_radius"]
    scale = stress_scale([truth], [mean])
    gap = np.abs(mean - truth)
    top = ColourScale(0.0, float(np.nanmax(gap)))
    network = f"network {store.attrs['network']}"
    for place, field, name in zip(axes[:2], (truth, mean), ("finite elements", network), strict=True):
        image = draw_field(place, field, solid, scale, pixel=pixel)
        where = "max" if name == network or np.nanmax(truth) <= np.nanmax(reached) else "max where reached"
        place.set_title(f"{name}, {where} {np.nanmax(np.where(np.isnan(mean), np.nan, field)):.3g}")
    last = draw_field(axes[2], gap, solid, top, ERROR_MAP, pixel=pixel)
    axes[2].set_title(f"|difference|, max {np.nanmax(gap):.3g}")
    across = axes[0].get_gridspec().ncols > 1  # type: ignore[union-attr]
    colour_bar(figure, image, scale, axes[:2], "Tresca stress (E)", below=across)
    colour_bar(figure, last, top, axes[2:], "|difference| (E)", below=across)
    for place in axes:
        for axis, size in zip((place.yaxis, place.xaxis), solid.shape, strict=True):
            axis.set_ticks(np.arange(0, size * pixel + 1e-9, 10.0 if size * pixel <= 60 else 50.0))
    axes[0].set_ylabel("y (R)")
    (axes[1] if across else axes[2]).set_xlabel("x (R)")
    largest, true = float(np.nanmax(mean)), float(np.nanmax(reached))
    return {
        **{"structure": store.attrs["structure"], "fe_max": true, "network_max": largest},
        "relative_error_of_max": abs(largest / true - 1),
        "mean_difference": float(np.nanmean(gap)),
        "fe_mean": float(np.nanmean(reached)),
        **{"scale": [scale.low, scale.high], "beyond": scale.extend},
    }


def _note(run: Run, store: xr.Dataset, shown: Shown) -> str:
    geometry = PatchGeometry(store.attrs["pixels_per_radius"])
    rows, columns = store["solid"].shape
    windows = len(tile_origins((rows, columns), geometry))
    return (
        f"{origin(run, store, shown)}. Structure {store.attrs['structure']}, held out of the fit and taken "
        f"from a random order of those; put together from {windows} regions of interest side by side. "
        "Hatched: no region of interest reaches it, so nothing is predicted there."
    )


def overlap_consistency(predictions: list[xr.Dataset], stitched: list[xr.Dataset], run: Run) -> Drawing:
    """Figure 22: two windows shifted by half a region of interest agree where both predict."""
    shown = shown_network(predictions, stitched)
    store = store_of(stitched, shown.network)
    geometry = PatchGeometry(store.attrs["pixels_per_radius"])
    pair = window_pair(store, geometry, run.seed)
    figure = new_figure(1.0, 0.6)
    left, right = subfigures(figure, 1, 2, width_ratios=(0.8, 1.2))
    _draw_windows(left.subplots(), store, pair, geometry)
    drawn = _draw_pair(right, store, pair, geometry)
    by_repeat = [overlap_differences(p, geometry) for p in repeats_of(predictions, shown.network)]
    means = [float(np.mean(found)) if len(found) else np.nan for found in by_repeat]
    rule = (
        f"Structure {store.attrs['structure']}, the first held out in a random order; the pair is drawn at "
        "random among horizontal neighbours with a void in their common area. Outside the region of "
        "interest (dashed white) a fit asks the network for nothing. The mean difference in the common area "
        f"is {100 * drawn['mean_difference']:.1f} % of the largest stress there; over all "
        f"{len(by_repeat[0])} such pairs of predicted patches it is {100 * means[0]:.1f} %"
    )
    foot_note(figure, f"{origin(run, store, shown)}. {rule}.")
    note = "mean difference in the common area over the largest stress there, mean over all pairs, by seed"
    return Drawing(
        figure,
        {"claim": Number.of(means, note)},
        drawn | {"network": shown.network, "pairs": [len(f) for f in by_repeat], "seed": run.seed},
    )


def window_pair(store: xr.Dataset, geometry: PatchGeometry, study_seed: str) -> tuple[int, int]:
    """Two windows (left, right) half a region of interest apart, drawn at random among those sharing a void.

    Where no pair shares one, among all pairs.
    """
    places = {tuple(corner): number for number, corner in enumerate(store["origin"].values.tolist())}
    pairs = [
        (number, places[row, column + geometry.stride])
        for (row, column), number in places.items()
        if (row, column + geometry.stride) in places
    ]
    solid = store["solid"].values.astype(bool)
    common = [_common(solid, store["origin"].values[right], geometry) for _, right in pairs]
    featured = [pair for pair, area in zip(pairs, common, strict=True) if area.any() and not area.all()]
    order = rng_from_name(study_seed, "examples", "overlap", store.attrs["family"])
    return order.permutation(np.array(featured or pairs))[0].tolist()


def _common(image: NDArray, right: NDArray, geometry: PatchGeometry) -> NDArray:
    """Part of a whole image that the right window shares with its left neighbour: half a ROI."""
    row, column = np.asarray(right) + geometry.margin
    return image[row : row + geometry.roi, column : column + geometry.roi - geometry.stride]


def overlap_differences(prediction: xr.Dataset, geometry: PatchGeometry) -> NDArray[np.float64]:
    """Mean difference over the largest true stress in the common area of every pair of neighbours.

    Neighbours are patches of one structure shifted by half a region of interest along x.
    """
    stored = zip(prediction["structure"].values, *prediction["origin"].values.T, strict=True)
    places = {tuple(int(v) for v in key): number for number, key in enumerate(stored)}
    scale = prediction["scale"].values
    mean, truth, mask = (prediction[name].values for name in ("mean", "truth", "mask"))
    found = []
    for (structure, row, column), left in places.items():
        right = places.get((structure, row, column + geometry.stride))
        if right is None:
            continue
        a = mean[left][:, geometry.stride :] * scale[left]
        b = mean[right][:, : geometry.roi - geometry.stride] * scale[right]
        solid = mask[left][:, geometry.stride :].astype(bool)
        largest = np.max(truth[left][:, geometry.stride :] * scale[left], where=solid, initial=0.0)
        if largest > 0:
            found.append(float(np.mean(np.abs(a - b)[solid]) / largest))
    return np.array(found)


def _draw_windows(axes: Axes, store: xr.Dataset, pair: tuple[int, int], geometry: PatchGeometry) -> None:
    """The structure with the left window, its region of interest, and the common area."""
    solid = store["solid"].values.astype(bool)
    pixel = 1.0 / geometry.pixels_per_radius
    draw_field(axes, np.where(solid, 0.3, np.nan), solid, ColourScale(0.0, 1.0), GREYS, pixel=pixel)
    row, column = store["origin"].values[pair[0]] * pixel
    margin, roi, stride = (pixel * size for size in (geometry.margin, geometry.roi, geometry.stride))
    box(axes, row, column, pixel * geometry.patch, edgecolor=PATCH, linestyle="-", linewidth=1.6)
    box(axes, row + margin, column + margin, roi, edgecolor=ROI, linestyle="-", linewidth=1.6)
    box(axes, row + margin, column + margin + stride, roi - stride, roi, edgecolor=ORANGE, linewidth=1.4)
    axes.set_title("left window: patch (red), ROI (green),\ncommon area (orange)", fontsize=7.5)


def _draw_pair(
    panel: Any, store: xr.Dataset, pair: tuple[int, int], geometry: PatchGeometry
) -> dict[str, Any]:
    """Predictions of both windows on the patch (top) and on the ROI (bottom), on one scale each."""
    axes = panel.subplots(2, 2)
    roi, margin, stride = geometry.roi, geometry.margin, geometry.stride
    inside = geometry.roi_slice()
    whole = [_window(store, number, geometry) for number in pair]
    rois = [
        (mean[inside, inside], truth[inside, inside], solid[inside, inside]) for mean, truth, solid in whole
    ]
    for row, (images, name) in enumerate(((whole, "patch"), (rois, "ROI"))):
        scale = stress_scale([mean for mean, _, _ in images])
        for place, (mean, _, solid), title in zip(axes[row], images, ("left", "right"), strict=True):
            image = draw_field(place, mean, solid, scale)
            place.set_title(f"{title} window, max {np.nanmax(mean):.3g}", fontsize=7.5, pad=3)
        axes[row, 0].set_ylabel(f"network, {name}")
        colour_bar(panel, image, scale, axes[row], "Tresca stress (E)")
    for place, shift in zip(axes[1], (stride, 0), strict=True):
        box(place, 0, shift, roi - stride, roi, edgecolor=ORANGE, linewidth=1.8)
    for place, shift in zip(axes[0], (stride, 0), strict=True):
        box(place, margin, margin, roi)
        box(place, margin, margin + shift, roi - stride, roi, edgecolor=ORANGE, linewidth=1.4)
    parts = [rois[0][0][:, stride:], rois[1][0][:, : roi - stride]]
    gap = np.abs(parts[0] - parts[1])
    largest = float(np.nanmax(rois[0][1][:, stride:]))
    return {
        **{"structure": store.attrs["structure"], "windows": list(pair), "largest": largest},
        "mean_difference": float(np.nanmean(gap)) / largest,
        "largest_difference": float(np.nanmax(gap)) / largest,
    }


def _window(store: xr.Dataset, number: int, geometry: PatchGeometry) -> tuple[NDArray, NDArray, NDArray]:
    """Prediction, truth and material of one window on its patch."""
    row, column = store["origin"].values[number]
    part = (slice(row, row + geometry.patch), slice(column, column + geometry.patch))
    solid = store["solid"].values[part].astype(bool)
    return (
        on_material(store["window_mean"].values[number], solid),
        on_material(store["truth"].values[part], solid),
        solid,
    )
