# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures 10 and 11: how large a patch has to be, and the buffer around the plate."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle, Polygon, Rectangle

from mesobayes.drawing.bars import foot_note
from mesobayes.drawing.diagram import arrow, length
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLACK, BLUE, GREY, PURPLE, new_figure
from mesobayes.fem.plate.meshing import Mesh, mesh_plate
from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.geometry import Plate, PlateFamily
from mesobayes.geometry.distance import gap
from mesobayes.images.patches import PatchGeometry
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.parts import (
    BUFFER,
    MATERIAL,
    PATCH,
    PORE,
    ROI,
    bare,
    colour_names,
    draw_plate,
    frame,
)
from mesobayes.studies.stress.plates import draw_structure

DETAIL = PURPLE
_STRUCTURE = 0
_STRETCH = 0.16  # of the drawn displacement
_DETAIL = 14.0  # edge of the detail of the mesh, in R


def kirsch_ratio(r: float | np.ndarray) -> float | np.ndarray:
    """Stress beside a round hole over the uniaxial stress far away, r radii from its centre across the load.

    Kirsch 1898, on the ligament (θ = 90°): σ/σ∞ = 1 + 1/(2 r²) + 3/(2 r⁴).
    """
    return 1.0 + 0.5 / r**2 + 1.5 / r**4


def patch_roi_sketch(pixels_per_radius: int, run: Run) -> Drawing:
    """Draw figure 10: patch, region of interest and pores in pore radii, and the stress beside a pore."""
    geometry = PatchGeometry(pixels_per_radius)
    patch, roi = geometry.patch_radii, geometry.roi_radii
    feature = 2.0  # a pore is two radii wide
    interaction = 0.5 * (patch - roi) - feature
    reach = interaction + 1.0  # from the centre of a pore
    figure = new_figure(1.0, 0.52)
    axes, curve = figure.subplots(1, 2, width_ratios=(1.15, 1.0))
    _sketch(axes, patch, roi, interaction, feature)
    r = np.linspace(1.0, 8.0, 200)
    curve.plot(r, kirsch_ratio(r), color=BLUE)
    curve.axhline(1.0, color=GREY, linewidth=0.8, linestyle=":")
    ratio = float(kirsch_ratio(reach))
    curve.plot([reach, reach], [0.9, ratio], color=GREY, linewidth=0.8, linestyle="--")
    curve.plot(reach, ratio, "o", color=BLUE, markersize=5)
    curve.annotate(
        f"{ratio:.4f} at r = {reach:g} R",
        (reach, ratio),
        (reach + 0.3, 1.5),
        arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.8},
    )
    curve.set(
        xlabel="distance from the centre of the pore, r (R)",
        ylabel=r"$\sigma_{\theta\theta}\,/\,\sigma_\infty$",
    )
    curve.set(xlim=(0.6, 8), ylim=(0.9, 3.1))
    curve.set_title("(b) stress beside a pore (Kirsch)", loc="left")
    axes.set_title("(a) patch and region of interest", loc="left")
    foot_note(
        figure,
        f"R: radius of a pore, {pixels_per_radius} pixels; dashed: {reach:g} R about a pore at the edge "
        f"of the patch; {run.label}",
    )
    numbers = {
        "patch_R": Number.exact(patch, "edge of a patch"),
        "roi_R": Number.exact(roi, "edge of a region of interest"),
        "interaction_R": Number.exact(interaction, "half of patch minus region of interest, minus a pore"),
        "feature_R": Number.exact(feature, "diameter of a pore"),
        "R_px": Number.exact(pixels_per_radius, "pixels in a pore radius"),
        "Kirsch_ratio_at_4R": Number.exact(ratio, f"closed form at {reach:g} R"),
    }
    sizes = {"patch_px": geometry.patch, "roi_px": geometry.roi, "reach_R": reach}
    return Drawing(figure, numbers, {"kirsch": {"r": r, "ratio": kirsch_ratio(r)}, **sizes})


def _sketch(axes: Axes, patch: float, roi: float, interaction: float, feature: float) -> None:
    """Patch about the origin, with pores that end at its edge and in its region of interest."""
    half, inner, radius = 0.5 * patch, 0.5 * roi, 0.5 * feature
    bare(axes, patch + 4.5)
    square = Rectangle((-half, -half), patch, patch, facecolor=MATERIAL, edgecolor=PATCH, linewidth=2)
    axes.add_patch(square)
    axes.add_patch(Rectangle((-inner, -inner), roi, roi, facecolor="white", edgecolor=ROI, linewidth=2))
    for centre in (
        (-half + radius, 0.0),
        (half - radius, 0.0),
        (-0.4 * inner, 0.5 * inner),
        (0.45 * inner, 0.0),
    ):
        axes.add_patch(Circle(centre, radius, facecolor=PORE, edgecolor="none"))
    for x in (-half + radius, half - radius):
        ring = Circle((x, 0.0), radius + interaction, facecolor="none", edgecolor=BLUE, linestyle="--")
        axes.add_patch(ring)
        ring.set_clip_path(square)
    low = -2.2 * radius
    axes.plot([-half + feature] * 2, [0.0, low - 0.3], color=GREY, linewidth=0.6)
    small = {"fontsize": 7.5}
    length(axes, (-half, low), (-half + feature, low), f"{feature:g} R", (0, 0.62), **small)
    length(axes, (-half + feature, low), (-inner, low), f"{interaction:g} R", (0, 0.62), **small)
    length(axes, (-inner, -0.7 * inner), (inner, -0.7 * inner), f"{roi:g} R", (0, 0.75))
    length(axes, (-half, -half - 0.9), (half, -half - 0.9), f"{patch:g} R", (0, -0.85))
    axes.text(0, inner + 0.35, "region of interest", ha="center", va="bottom", color=ROI)
    axes.text(0, half + 0.35, "patch", ha="center", va="bottom", color=PATCH)


def buffer_zone(family: PlateFamily, mesh: MeshSettings, run: Run) -> Drawing:
    """Draw figure 11: plate in its buffer with the displacement of the outer edge, and the mesh."""
    plate, strain = draw_structure(family, run.seed, _STRUCTURE)
    made = mesh_plate(plate, True, mesh)
    outer = mesh.domain_factor * plate.side
    figure = new_figure(1.0, 0.44)
    sketch, whole, detail = figure.subplots(1, 3)
    bare(sketch, 1.5 * outer)
    sketch.add_patch(Rectangle((-outer / 2, -outer / 2), outer, outer, facecolor=BUFFER, edgecolor=BLACK))
    draw_plate(sketch, plate)
    _draw_displacement(sketch, strain, outer)
    bare(sketch, 1.5 * outer)
    for edge, name in ((outer, "buffer"), (plate.side, "fine domain")):
        y = -0.5 * edge - 0.045 * outer if edge == plate.side else -0.66 * outer
        text = f"{name}, {edge:g} R"
        length(sketch, (-0.5 * edge, y), (0.5 * edge, y), text, (0, -0.06 * outer), fontsize=7.5)
    sketch.set_title("(a) plate in its buffer", loc="left")
    _draw_edges(whole, made, 1.02 * outer, (0.0, 0.0), 0.1)
    whole.set_title("(b) mesh", loc="left")
    centre = _nearest_pore(plate)
    _draw_edges(detail, made, _DETAIL, centre, 0.4)
    frame(whole, (centre[0] - 0.5 * _DETAIL, centre[1] - 0.5 * _DETAIL), _DETAIL, DETAIL, 1.2)
    detail.spines[:].set(visible=True, color=DETAIL, linewidth=1.2)
    detail.set_title(f"detail, {_DETAIL:g} R", loc="left", color=DETAIL)
    colour_names(figure, "macro", "pore", "material", "buffer")
    foot_note(
        figure,
        f"blue: displacement u = E · X of the outer edge, not to scale; {len(made.cells)} triangles; edges "
        f"R/{mesh.elements_per_radius:g} at pores, R/{mesh.ellipse_elements_per_radius:g} at large holes, "
        f"at most {mesh.far_size:g} R\nstructure {_STRUCTURE} of {family.name}; {run.label}",
    )
    counts = {"cells": len(made.cells), "nodes": len(made.points), "outer_nodes": len(made.outer)}
    return Drawing(figure, drawn={**counts, "strain": strain, "outer_R": outer, "seed": run.seed})


def _draw_displacement(axes: Axes, strain: np.ndarray, edge: float) -> None:
    """Arrows of the affine displacement u = E · X, E = (exx, eyy, exy), from points of the outer edge."""
    exx, eyy, exy = strain
    turn = np.linspace(0, 2 * np.pi, 9)[:-1]
    x = np.clip(np.sqrt(2) * np.stack([np.cos(turn), np.sin(turn)], axis=1), -1, 1) * 0.5 * edge
    u = x @ np.array([[exx, exy], [exy, eyy]])
    u *= _STRETCH * edge / np.linalg.norm(u, axis=1).max()
    axes.add_patch(Polygon((x + u)[1::2], facecolor="none", edgecolor=BLUE, linestyle="--", linewidth=0.9))
    for start, end in zip(x, x + u, strict=True):
        arrow(axes, (start[0], start[1]), (end[0], end[1]), colour=BLUE, linewidth=1.1, zorder=5)


def _draw_edges(axes: Axes, mesh: Mesh, size: float, centre: tuple[float, float], width: float) -> None:
    """Draw the edges of the triangles that reach into a square."""
    ends = np.sort(mesh.cells[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
    lines = mesh.points[np.unique(ends, axis=0)]  # (edge, end, 2)
    near = np.all(np.abs(lines - np.array(centre)) <= 0.5 * size, axis=2)  # (edge, end)
    axes.add_collection(LineCollection(list(lines[np.any(near, axis=1)]), colors=BLACK, linewidths=width))
    bare(axes, size, frame=False)
    axes.set(
        xlim=(centre[0] - size / 2, centre[0] + size / 2), ylim=(centre[1] - size / 2, centre[1] + size / 2)
    )


def _nearest_pore(plate: Plate) -> tuple[float, float]:
    """Centre of the pore that is nearest to a macroscopic hole."""
    gaps = [min(gap(ellipse, pore) for ellipse in plate.ellipses) for pore in plate.pores]
    pore = plate.pores[int(np.argmin(gaps))]
    return pore.cx, pore.cy
