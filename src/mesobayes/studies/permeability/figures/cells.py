# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 6, 7, 9 and 13: microstructures, how their volume fractions are drawn, feature maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes

from mesobayes.drawing.drawing import SHOWN, Drawing, Finding
from mesobayes.drawing.style import BLUE, ORANGE, new_figure
from mesobayes.geometry.inclusions import InclusionCell, InclusionFamily, sample_cell, sample_fractions
from mesobayes.record.seeds import rng_from_name

_PX = 256  # edge of the printed images
FAMILIES = (
    InclusionFamily("mono", _PX),
    InclusionFamily("poly", _PX, radius_min=4, radius_max=12, fraction_max=0.65),
    InclusionFamily("overlap", _PX, overlap=True, fraction_max=0.95),
    InclusionFamily("overlap_poly", _PX, radius_min=4, radius_max=12, overlap=True, fraction_max=0.95),
)
_TITLES = {
    "mono": "separate, one size",
    "poly": "separate, several sizes",
    "overlap": "overlapping, one size",
    "overlap_poly": "overlapping, several sizes",
}


def show_image(axes: Axes, image: np.ndarray) -> None:
    """Inclusions dark, as in the paper; the first row below."""
    axes.imshow(1 - image, cmap="gray", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[])
    axes.spines[["top", "right"]].set_visible(True)


def microstructure_families(seed: str) -> Drawing:
    """Three cells of each two-dimensional family at growing volume fraction."""
    figure = new_figure(0.95, 0.8)
    axes = figure.subplots(3, 4)
    drawn: dict[str, list[float]] = {}
    for column, family in enumerate(FAMILIES):
        span = family.fraction_max - family.fraction_min
        for row, share in enumerate((0.0, 0.5, 1.0)):
            target = family.fraction_min + share * span
            cell = sample_cell(family, rng_from_name(seed, "gallery", family.name, row), target)
            show_image(axes[row, column], cell.image())
            full = " (saturated)" if cell.saturated else ""
            axes[row, column].set_xlabel(f"volume fraction {cell.fraction:.2f}{full}")
            drawn.setdefault(family.name, []).append(cell.fraction)
        axes[0, column].set_title(_TITLES[family.name])
    figure.suptitle(
        f"{_PX} × {_PX} pixels, radius 8 or 4 to 12 pixels; separate discs of one size jam near 0.55",
        fontsize=8,
    )
    low, high = min(map(min, drawn.values())), max(map(max, drawn.values()))
    reason = "overlapping discs only: separate discs of one size saturate near 0.547"
    findings = {
        "vf_min": Finding(round(low, 4), SHOWN, "all families reach it, to half a disc"),
        "vf_max": Finding(round(high, 4), SHOWN, reason),
    }
    return Drawing(figure, findings, drawn)


def sample_size_distributions(seed: str, number: int = 5500) -> Drawing:
    """Histograms of volume fractions from the exponential and from the uniform sampler."""
    figure = new_figure(0.85, 0.36)
    axes = figure.subplots(1, 2, sharey=True)
    family, drawn = FAMILIES[0], {}
    bins = np.linspace(family.fraction_min, family.fraction_max, 19)
    for place, sampler, colour in zip(axes, ("exponential", "uniform"), (ORANGE, BLUE), strict=True):
        law = replace(family, sampler=sampler)
        fractions = sample_fractions(law, rng_from_name(seed, "histogram", sampler), number)
        counts, _, _ = place.hist(fractions, bins, color=colour, edgecolor="white", linewidth=0.5)
        place.set(xlabel="target volume fraction", title=f"{sampler} sampler, {number} cells")
        drawn[sampler] = counts
    axes[0].set_ylabel("number of cells")
    choice = Finding("uniform", SHOWN, "the sampler in use")
    return Drawing(figure, {"choice": choice}, {"bins": bins, **drawn})


def feature_maps(image: np.ndarray, maps: Sequence[np.ndarray], note: str) -> Drawing:
    """One image and the four filters of every layer that vary most over it."""
    figure = new_figure(0.95, 0.78)
    grid = figure.add_gridspec(4, 5)
    place = figure.add_subplot(grid[1:3, 0])
    show_image(place, image)
    place.set_title("image")
    drawn = {}
    for layer, values in enumerate(maps):
        chosen = np.argsort(-values.std(axis=(0, 1)), kind="stable")[:4]
        drawn[f"Conv{layer + 1}"] = {"shape": values.shape, "filters": chosen}
        for row, index in enumerate(chosen):
            place = figure.add_subplot(grid[row, layer + 1])
            place.imshow(values[..., index])
            place.set(xticks=[], yticks=[])
            place.set_xlabel(f"filter {index + 1}", labelpad=1)
            if row == 0:
                place.set_title(f"Conv{layer + 1}, {values.shape[0]} × {values.shape[1]}")
    figure.suptitle(note, fontsize=8)
    return Drawing(figure, drawn=drawn)


def microstructures_3d(seed: str, fractions: Sequence[float] = (0.05, 0.2, 0.33)) -> Drawing:
    """Cubes with separate spheres, cut at their faces like the periodic cell."""
    family = InclusionFamily("spheres", 101, 3, 5, 5, fraction_max=0.35)
    figure = new_figure(1.0, 0.38)
    drawn: Mapping[str, list[float]] = {"fraction": [], "spheres": []}
    for i, fraction in enumerate(fractions):
        cell = sample_cell(family, rng_from_name(seed, "gallery", "spheres", i), fraction)
        axes = figure.add_subplot(1, len(fractions), i + 1)
        _draw_cube(axes, cell)
        axes.set_title(f"volume fraction {cell.fraction:.2f}, {len(cell.radii)} spheres")
        drawn["fraction"].append(cell.fraction)
        drawn["spheres"].append(len(cell.radii))
    figure.suptitle("101 × 101 × 101 voxels, radius 5 voxels; three faces of each periodic cube", fontsize=8)
    return Drawing(figure, drawn=dict(drawn))


def _draw_cube(axes: Axes, cell: InclusionCell) -> None:
    """Three faces of the voxel image in an oblique projection, each shaded by its direction."""
    image, n = cell.image(), cell.side
    depth = np.array([0.42, 0.30])
    faces = (  # image (row, column), affine map of (column, row) to the page, brightness
        (image[0], np.array([[1, 0], [0, 1]]), np.zeros(2), 1.0),
        (image[:, -1, :], np.array([[1, depth[0]], [0, depth[1]]]), np.array([0, n]), 0.85),
        (image[:, :, -1].T, np.array([[depth[0], 0], [depth[1], 1]]), np.array([n, 0]), 0.7),
    )
    edge = np.arange(n + 1)
    for values, matrix, origin, shade in faces:
        column, row = np.meshgrid(edge, edge)
        x = origin[0] + matrix[0, 0] * column + matrix[0, 1] * row
        y = origin[1] + matrix[1, 0] * column + matrix[1, 1] * row
        axes.pcolormesh(x, y, shade * (1 - 0.8 * values), cmap="gray", vmin=0, vmax=1, rasterized=True)
    axes.set_aspect("equal")
    axes.set_axis_off()
