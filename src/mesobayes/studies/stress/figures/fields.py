# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 4: the fields that go into the network and the field that it has to return."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from numpy.typing import NDArray

from mesobayes.drawing.bars import foot_note
from mesobayes.drawing.diagram import arrow
from mesobayes.drawing.drawing import Drawing
from mesobayes.drawing.style import FIELD_MAP, new_figure
from mesobayes.images.patches import PatchGeometry
from mesobayes.images.tensor import principal_sum
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.choice import first_good, telling_patch
from mesobayes.studies.stress.figures.parts import COMPONENTS, ROI, SIGNED_MAP, bare, frame
from mesobayes.studies.stress.patches import patches_of_structure


def cnn_input_output(structures: xr.Dataset, scale_floor: float, run: Run) -> Drawing:
    """Draw figure 4: the four channels of one patch, and the Tresca stress over the output scale.

    Args:
        structures: some structures, of which the first good one is cut into patches as for training.
        scale_floor: smallest output scale, in units of the patch scale.
        run: scale and seed.
    """
    structure = first_good(structures)
    geometry = PatchGeometry(structures.attrs["pixels_per_radius"])
    patches = patches_of_structure(structure, geometry)
    number = telling_patch(patches, geometry)
    patch = patches.isel(patch=number)
    inputs, solid = patch["input"].values, patch["input"].values[..., 3] > 0
    scale = np.maximum(principal_sum(inputs[..., :3], axis=-1), scale_floor)
    output = np.where(solid, patch["target"].values / scale, np.nan)
    figure = new_figure(1.0, 0.48)
    grid = figure.add_gridspec(2, 4, width_ratios=(1, 1, 0.3, 2))
    places = [figure.add_subplot(grid[row, column]) for row in range(2) for column in range(2)]
    for place, channel, title in zip(places, range(3), COMPONENTS, strict=False):
        signed = _show(place, inputs[..., channel], geometry, SIGNED_MAP, (-1.0, 1.0))
        place.set_title(title)
    _show(places[3], solid, geometry, "gray", (0.0, 1.0))
    places[3].set_title("geometry")
    figure.colorbar(
        signed,
        ax=places,
        location="left",
        shrink=0.6,
        label="macroscopic stress (patch scale)",
    )
    between = figure.add_subplot(grid[:, 2])
    between.set(xlim=(0, 1), ylim=(0, 4))
    between.set_axis_off()
    arrow(between, (0.0, 2.0), (1.0, 2.0), linewidth=1.4)
    between.text(0.5, 2.15, "network", ha="center", va="bottom")
    place = figure.add_subplot(grid[:, 3])
    shown = _show(place, output, geometry, FIELD_MAP, (0.0, float(np.nanmax(output))))
    place.set_title("microscopic Tresca stress")
    figure.colorbar(
        shown,
        ax=place,
        shrink=0.8,
        label=r"$\sigma_T\,/\,(|\sigma_1| + |\sigma_2|)$",
    )
    foot_note(
        figure,
        f"patch {number} of structure {int(structure['structure'])} of {structures.attrs['family']}; "
        f"frame: region of interest, where the network is trained; white on the right: void\n"
        r"$\sigma_T$: microscopic Tresca stress; $\sigma_1, \sigma_2$: macroscopic principal stresses; "
        f"{run.label}",
    )
    return Drawing(
        figure,
        drawn={
            "patch": number,
            "structure": int(structure["structure"]),
            "scale_E": float(patch["scale"]),
            "largest_output": float(np.nanmax(output)),
        },
    )


def _show(
    axes: Axes, image: NDArray, geometry: PatchGeometry, colours: str, limits: tuple[float, float]
) -> Any:
    """Show an image of one patch, lengths in R about its centre, with the region of interest."""
    half, roi = 0.5 * geometry.patch_radii, geometry.roi_radii
    shown = axes.imshow(
        image, cmap=colours, vmin=limits[0], vmax=limits[1], extent=(-half, half, -half, half)
    )
    bare(axes, geometry.patch_radii, frame=True)
    frame(axes, (-0.5 * roi, -0.5 * roi), roi, ROI, 1.6, rim=0.6)
    return shown
