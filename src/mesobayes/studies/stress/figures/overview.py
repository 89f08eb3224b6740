# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 1: from the macroscopic stress of a structure, window by window, to the microscopic one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_rgba
from matplotlib.patches import Polygon
from numpy.typing import NDArray

from mesobayes.drawing.bars import foot_note
from mesobayes.drawing.diagram import arrow, canvas
from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import BLACK, FIELD_MAP, GREY
from mesobayes.geometry import Plate
from mesobayes.images.patches import PatchGeometry, cut_windows, patch_origins
from mesobayes.images.tensor import tresca
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.choice import first_good, inner, interest, solid_pixels
from mesobayes.studies.stress.figures.parts import COMPONENTS, PATCH, ROI, SIGNED_MAP, frame
from mesobayes.studies.stress.plates import stored_plate


def method_overview(structures: xr.Dataset, run: Run) -> Drawing:
    """Draw figure 1: from the macroscopic stress of a structure, window by window, to the microscopic one."""
    structure = first_good(structures)
    geometry = PatchGeometry(structures.attrs["pixels_per_radius"])
    plate = stored_plate(structure)
    solid = structure["geometry"].values.astype(bool)
    strain = structure["strain"].values
    macro = np.tensordot(strain, structure["macro_stress"].values, axes=1)
    macro[:, ~solid_pixels(Plate(plate.side, plate.ellipses), geometry)] = np.nan
    micro = np.where(solid, tresca(np.tensordot(strain, structure["micro_stress"].values, axes=1)), np.nan)
    origins = patch_origins(solid.shape, geometry, stride=geometry.roi)
    origin = origins[int(np.argmax(np.where(inner(origins), interest(plate, origins, geometry), -1.0)))]
    figure, axes = canvas(1.0, 0.45, 100, 41)
    signed: dict[str, Any] = {"cmap": SIGNED_MAP, "norm": Normalize(-_largest(macro), _largest(macro))}
    positive: dict[str, Any] = {"cmap": FIELD_MAP, "norm": Normalize(0.0, _largest(micro))}
    left, right = (0.0, 9.0, 26.0), (74.0, 9.0, 26.0)  # lower left corners and edges of the two structures
    _place(axes, macro[0], left, signed)
    _place(axes, micro, right, positive)
    (window,), (pores,) = (cut_windows(image, origin[None], geometry.patch) for image in (macro, solid))
    (roi,) = cut_windows(micro, origin[None], geometry.roi, geometry.margin)
    for row, (image, name) in enumerate(zip((*window, pores), (*COMPONENTS, "geometry"), strict=True)):
        corner = (33.0, 30.6 - 9.2 * row)
        _place(axes, image, (*corner, 8.4), signed if row < 3 else {"cmap": "gray", "vmin": 0, "vmax": 1})
        frame(axes, corner, 8.4, PATCH, 1.2)
        axes.text(corner[0] + 9.0, corner[1] + 4.2, name, ha="left", va="center", fontsize=8.5)
    _place(axes, roi, (61.0, 17.0, 8.4), positive)
    frame(axes, (61.0, 17.0), 8.4, ROI, 1.2)
    unit = left[2] / solid.shape[0]  # of the page to a pixel
    for x, y in origins[:, ::-1] * unit:
        offset = geometry.margin * unit
        frame(axes, (right[0] + x + offset, right[1] + y + offset), geometry.roi * unit, ROI, 0.3)
    x, y = left[0] + origin[1] * unit, left[1] + origin[0] * unit
    edge, margin = geometry.patch * unit, geometry.margin * unit
    frame(axes, (x, y), edge, PATCH, 1.4, rim=0.5)
    _funnel(axes, (x + edge, y, y + edge), (33.0, 3.0, 39.0), PATCH)
    x, y, edge = x - left[0] + right[0] + margin, y + margin, geometry.roi * unit
    frame(axes, (x, y), edge, ROI, 1.4, rim=0.5)
    _funnel(axes, (69.4, 17.0, 25.4), (x, y, y + edge), ROI)
    _hourglass(axes, (46.5, 21.2), 9.0)
    arrow(axes, (56.2, 21.2), (60.4, 21.2), linewidth=1.2)
    axes.text(65.2, 16.2, "region of\ninterest", ha="center", va="top", fontsize=7.5, color=ROI)
    axes.text(left[0], 36.0, f"macroscopic stress, {COMPONENTS[0]} shown", va="bottom")
    axes.text(right[0], 36.0, "microscopic Tresca stress", va="bottom")
    for (x, _, edge), look in ((left, signed), (right, positive)):
        bar = axes.inset_axes((x + 0.1 * edge, 6.6, 0.8 * edge, 1.1), transform=axes.transData)
        figure.colorbar(
            ScalarMappable(look["norm"], look["cmap"]), cax=bar, orientation="horizontal", label="stress (E)"
        )
        bar.tick_params(labelsize=6.5, pad=1, length=2)
    foot_note(
        figure,
        "all fields by finite elements, those on the right are what the network learns; E: Young's modulus\n"
        f"structure {int(structure['structure'])} of {structures.attrs['family']}; {run.label}",
    )
    drawn = {"structure": int(structure["structure"]), "origin": origin, "strain": strain}
    return Drawing(figure, drawn=drawn)


def _largest(image: NDArray) -> float:
    """Where the colours end: a bound that one pixel in two hundred exceeds."""
    return float(np.nanpercentile(np.abs(image), 99.5))


def _place(axes: Axes, image: NDArray, place: tuple[float, float, float], look: Mapping[str, Any]) -> None:
    """Show an image on a canvas: lower left corner and edge on the page."""
    x, y, edge = place
    limits = axes.axis()
    axes.imshow(image, extent=(x, x + edge, y, y + edge), **look)
    axes.axis(limits)
    frame(axes, (x, y), edge, BLACK, 0.5)


def _funnel(axes: Axes, start: tuple[float, ...], end: tuple[float, ...], colour: str) -> None:
    """Join two ranges of y, each (x, low, high), by two lines."""
    for edge in (1, 2):
        ends = [start[0], end[0]], [start[edge], end[edge]]
        axes.plot(*ends, color=colour, linewidth=0.8, linestyle=(0, (4, 2)), zorder=3)


def _hourglass(axes: Axes, corner: tuple[float, float], wide: float) -> None:
    """An encoder and a decoder, from the middle of the left edge."""
    x, y = corner
    outline = [
        (x, y - 7),
        (x + wide / 2, y - 3),
        (x + wide, y - 7),
        (x + wide, y + 7),
        (x + wide / 2, y + 3),
        (x, y + 7),
    ]
    axes.add_patch(Polygon(outline, facecolor=to_rgba(GREY, 0.25), edgecolor=BLACK, linewidth=0.8))
    axes.text(x + wide / 2, y, "CNN", ha="center", va="center", fontsize=9)
