# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 5: from a random set of discs to its label, each step under the name of what computes it."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm
from matplotlib.patches import Circle

from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import BLUE, SKY, new_figure
from mesobayes.fem.cell.magnetic_field import magnetic_field
from mesobayes.record.provenance import Run
from mesobayes.studies.permeability.figures.panels import cell_near
from mesobayes.studies.permeability.settings import Materials

_FRACTION = 0.3  # of the cell that is shown
_ELEMENTS = 16  # along an edge of the piece of the mesh that is shown
_STEPS = {  # title of a panel -> what computes it
    "random inclusions": "sample_cell",
    "pixel image": "InclusionCell.image",
    "finite elements": f"one element per pixel\n({_ELEMENTS} × {_ELEMENTS} shown)",
    "induction": "magnetic_field\n(mean H along x)",
    "label": "homogenise",
}


def magneto_workflow(cells: xr.Dataset, materials: Materials, run: Run) -> Drawing:
    """Inclusions, pixels, elements, |B| under a unit mean field along x, and the tensor of one cell."""
    cell = cell_near(cells, _FRACTION)
    image, side, tensor = cell["image"].values, cell.sizes["x"], cell["permeability"].values
    _, field = magnetic_field(image.astype(bool), 0, materials.matrix, materials.inclusion)
    induction = np.linalg.norm(field, axis=0)
    figure = new_figure(1.0, 0.34)
    axes = figure.subplots(1, len(_STEPS))
    for place, (title, below) in zip(axes, _STEPS.items(), strict=True):
        place.set(xlim=(0, side), ylim=(0, side), aspect="equal", xticks=[], yticks=[], title=title)
        place.set_xlabel(below)
        place.spines[["top", "right"]].set_visible(True)
    whole = (0, side, 0, side)
    parameters = cell["inclusion"].values
    for cx, cy, radius in parameters[np.isfinite(parameters[:, 0])]:
        for dx in (-side, 0, side):
            for dy in (-side, 0, side):
                centre = (cx + dx, cy + dy)
                axes[0].add_patch(Circle(centre, radius, facecolor=SKY, edgecolor="black", linewidth=0.4))
    axes[1].imshow(1 - image, cmap="gray", extent=whole)
    axes[2].imshow(1 - image[:_ELEMENTS, :_ELEMENTS], cmap="gray", extent=whole, alpha=0.5)
    for line in np.linspace(0, side, _ELEMENTS + 1):
        axes[2].plot([line, line], [0, side], color=BLUE, linewidth=0.4)
        axes[2].plot([0, side], [line, line], color=BLUE, linewidth=0.4)
    limits = np.percentile(induction, (1, 99))
    shown = axes[3].imshow(induction, cmap="viridis", norm=LogNorm(*limits), extent=whole)
    bar = figure.colorbar(shown, ax=axes[3], shrink=0.55, label="|B| / (μ0 |mean H|)")
    bar.set_ticks([0.5, 1, 2, 5], labels=["0.5", "1", "2", "5"])
    bar.minorticks_off()
    rows = "\n".join("  ".join(f"{value:6.3f}" for value in row) for row in tensor)
    axes[4].text(
        side / 2, side / 2, f"μ* =\n\n{rows}", ha="center", va="center", family="monospace", fontsize=7
    )
    figure.suptitle(
        f"rules generate_cells → merge_cells → fit_permeability\n{run.label}, one cell of "
        f"{cells.sizes['sample']}; relative permeability {materials.matrix:g} and {materials.inclusion:g}",
        fontsize=8,
    )
    drawn = {
        "sample": int(cell["sample"]),
        "volume_fraction": float(cell["volume_fraction"]),
        "permeability": tensor,
        "induction_percentiles": limits,
        "materials": {"matrix": materials.matrix, "inclusion": materials.inclusion},
    }
    return Drawing(figure, drawn=drawn)
