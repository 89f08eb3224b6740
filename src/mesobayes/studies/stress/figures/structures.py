# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 2, 3, 12, 16 and 18: random plates, and the windows on them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mesobayes.drawing.bars import foot_note
from mesobayes.drawing.diagram import arrow
from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import new_figure
from mesobayes.geometry import Plate, PlateFamily
from mesobayes.images.patches import PatchGeometry, cut_windows, patch_origins
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.choice import FIRST, inner, interest, one_in_each_quarter, solid_pixels
from mesobayes.studies.stress.figures.parts import (
    PATCH,
    bare,
    colour_names,
    corner_of,
    draw_plate,
    draw_window,
    frame,
)
from mesobayes.studies.stress.figures.parts import ROI as ROI_COLOUR
from mesobayes.studies.stress.plates import draw_structure

_GALLERY = 9


def examples_1ellipse(family: PlateFamily, run: Run) -> Drawing:
    """Draw figure 12: the first nine plates of the family with one ellipse."""
    return _gallery(family, run)


def examples_3ellipses(family: PlateFamily, run: Run) -> Drawing:
    """Draw figure 18: the first nine plates of the family with three ellipses."""
    return _gallery(family, run)


def porous_structure_patch(family: PlateFamily, pixels_per_radius: int, run: Run) -> Drawing:
    """Draw figure 2: a plate, and the window whose region of interest holds most void of pores."""
    plate, _ = draw_structure(family, run.seed, FIRST)
    geometry = PatchGeometry(pixels_per_radius)
    origins = patch_origins(solid_pixels(plate, geometry).shape, geometry)
    origin = origins[int(np.argmax(np.where(inner(origins), interest(plate, origins, geometry), -1.0)))]
    figure = new_figure(0.62, 0.68)
    axes = figure.subplots()
    draw_plate(axes, plate)
    corner = corner_of(origin, plate.side, geometry)
    draw_window(axes, corner, geometry, 2.2)
    colour_names(figure, "macro", "pore", "patch", "roi")
    foot_note(
        figure,
        f"patch {geometry.patch_radii} R, region of interest {geometry.roi_radii} R; R: radius of a pore\n"
        f"structure {FIRST} of {family.name}; {run.label}",
    )
    return Drawing(
        figure, drawn={"structure": FIRST, "holes": _holes(plate), "corner_R": corner, "seed": run.seed}
    )


def patch_extraction(family: PlateFamily, pixels_per_radius: int, run: Run) -> Drawing:
    """Draw figure 3: four windows, one in each quarter, and what the network sees there."""
    plate, _ = draw_structure(family, run.seed, FIRST)
    geometry = PatchGeometry(pixels_per_radius)
    solid = solid_pixels(plate, geometry)
    chosen = one_in_each_quarter(plate, patch_origins(solid.shape, geometry), geometry)
    windows = cut_windows(solid, chosen, geometry.patch)
    figure = new_figure(0.96, 0.55)
    grid = figure.add_gridspec(2, 4)
    axes = figure.add_subplot(grid[:, :2])
    draw_plate(axes, plate)
    for number, (origin, window) in enumerate(zip(chosen, windows, strict=True), 1):
        x, y = corner_of(origin, plate.side, geometry)
        draw_window(axes, (x, y), geometry)
        name: dict[str, Any] = {
            "ha": "left",
            "va": "top",
            "fontsize": 9,
            "fontweight": "bold",
            "color": PATCH,
            "zorder": 5,
        }
        axes.text(x + 0.6, y + geometry.patch_radii - 0.5, str(number), **name, bbox=_PLAIN)
        place = figure.add_subplot(grid[(number - 1) // 2, 2 + (number - 1) % 2])
        half = 0.5 * geometry.patch_radii
        place.imshow(window, cmap="gray", vmin=0, vmax=1, extent=(-half, half, -half, half))
        bare(place, geometry.patch_radii, frame=True)
        place.spines[:].set(color=PATCH, linewidth=1.6)
        frame(place, (-geometry.roi_radii / 2,) * 2, geometry.roi_radii, ROI_COLOUR)
        place.set_title(f"patch {number}", color=PATCH)
    colour_names(figure, "macro", "pore", "patch", "roi")
    foot_note(
        figure,
        f"right: the channel of the geometry, void black; {geometry.patch} × {geometry.patch} pixels, "
        f"{pixels_per_radius} to a pore radius. Structure {FIRST} of {family.name}; {run.label}",
    )
    return Drawing(
        figure,
        drawn={"structure": FIRST, "origins": chosen, "patch_px": geometry.patch, "seed": run.seed},
    )


def full_image_tiling(family: PlateFamily, pixels_per_radius: int, run: Run) -> Drawing:
    """Draw figure 16: windows that step by one region of interest from the top right corner, in order."""
    plate, _ = draw_structure(family, run.seed, FIRST)
    geometry = PatchGeometry(pixels_per_radius)
    origins = patch_origins(solid_pixels(plate, geometry).shape, geometry, stride=geometry.roi)
    corners = [corner_of(origin, plate.side, geometry) for origin in origins]
    figure = new_figure(0.62, 0.68)
    axes = figure.subplots()
    draw_plate(axes, plate)
    margin, roi = 0.5 * (geometry.patch_radii - geometry.roi_radii), geometry.roi_radii
    name: dict[str, Any] = {"ha": "right", "va": "top", "fontsize": 7, "zorder": 5, "color": ROI_COLOUR}
    for number, (x, y) in enumerate(corners, 1):
        frame(axes, (x + margin, y + margin), roi, ROI_COLOUR, 1.2)
        axes.text(x + margin + roi - 0.5, y + margin + roi - 0.5, str(number), **name, bbox=_PLAIN)
    frame(axes, corners[0], geometry.patch_radii, PATCH, 2.2)
    frame(axes, corners[1], geometry.patch_radii, PATCH, 1.1)
    start, end = ((x + margin + 0.5 * roi, y + margin + 0.5 * roi) for x, y in corners[:2])
    arrow(axes, start, end, colour=PATCH, linewidth=1.6, zorder=6)
    colour_names(figure, "macro", "pore", "patch", "roi")
    foot_note(
        figure,
        f"windows from the top right corner in steps of {geometry.roi_radii} R ({geometry.roi} pixels);\n"
        f"{len(origins)} regions of interest tile the central {plate.side - 2 * margin:g} R. "
        f"Structure {FIRST} of {family.name}; {run.label}",
    )
    return Drawing(
        figure,
        drawn={"structure": FIRST, "origins": origins, "stride_px": geometry.roi, "seed": run.seed},
    )


_PLAIN: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "pad": 1.0, "alpha": 0.85}


def _gallery(family: PlateFamily, run: Run) -> Drawing:
    plates = [draw_structure(family, run.seed, index)[0] for index in range(_GALLERY)]
    figure = new_figure(0.86, 0.92)
    for place, plate in zip(figure.subplots(3, 3).ravel(), plates, strict=True):
        draw_plate(place, plate)
    colour_names(figure, "macro", "pore")
    pores = [len(plate.pores) for plate in plates]
    foot_note(
        figure,
        f"structures 0 to {_GALLERY - 1} of {family.name}: plates of {family.side:g} R with {min(pores)} to "
        f"{max(pores)} pores of radius R; {run.label}",
    )
    return Drawing(figure, drawn={"holes": [_holes(plate) for plate in plates], "seed": run.seed})


def _holes(plate: Plate) -> dict[str, list[tuple[float, ...]]]:
    """Parameters [cx, cy, a, b, angle] of all holes, in R and degrees."""
    return {
        "ellipses": [hole.parameters for hole in plate.ellipses],
        "pores": [hole.parameters for hole in plate.pores],
    }
