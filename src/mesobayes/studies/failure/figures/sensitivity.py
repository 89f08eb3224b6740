# SPDX-License-Identifier: GPL-3.0-or-later
"""Figure 4 of Bridgman et al. 2022: how surely a specimen fails at one place."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.colors import Normalize
from numpy.typing import NDArray
from scipy import ndimage

from mesobayes.drawing.bars import foot_note
from mesobayes.drawing.drawing import Drawing, Number
from mesobayes.drawing.style import BLUE, new_figure
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.studies.failure.figures.labels import copies_of_realizations
from mesobayes.studies.failure.settings import LETTERS, FigureSettings

Places = NDArray[np.integer]
BoolArray = NDArray[np.bool_]
Interval = tuple[float, float]
_CUBE = np.ones((3, 3, 3))
_REDRAWN = 200  # times that the copies of a specimen are drawn again


def failure_sensitivity(
    specimens: xr.Dataset,
    perturbed: list[xr.Dataset],
    figures: FigureSettings,
    voxel_mm: float,
    run: Run,
) -> Drawing:
    """Figure 4: pores summed through the thickness, and where perturbed copies fail, as seen along y."""
    copies = copies_of_realizations(perturbed)
    rows = [int(one["row"][0]) for one in copies]
    pores, places = specimens["pores"].values[rows].astype(bool), specimens["failed_voxel"].values[rows]
    nx, nz = pores.shape[1], pores.shape[3]
    figure = new_figure(height=0.86)
    panels = figure.subplots(2, 6)
    norm = Normalize(0.0, 1.0)
    regions, stays = [], []
    for i, axes in enumerate(panels.ravel()):
        axes.imshow(
            pores[i].sum(axis=1).T, cmap="Greys", vmin=0, vmax=6, extent=(0, nx, 0, nz), aspect="equal"
        )
        failed = failed_places(copies[i])
        share = np.zeros((nx, nz))
        np.add.at(share, (failed[:, 0], failed[:, 2]), 1.0 / max(len(failed), 1))
        shown = np.ma.masked_equal(share.T, 0.0)
        axes.imshow(shown, cmap="plasma", norm=norm, extent=(0, nx, 0, nz), aspect="equal")
        x, _, z = places[i]
        axes.plot(x + 0.5, z + 0.5, "o", markersize=6, markerfacecolor="none", markeredgecolor=BLUE)
        axes.set_title(f"({LETTERS[i]})  {len(failed)}", loc="left")
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set_visible(True)
        if i == 0:
            axes.set(xlabel=f"{nx * voxel_mm:.3g} mm", ylabel=f"load along z, {nz * voxel_mm:.3g} mm")
        spots = failure_spots(copies[i], pores.shape[1:])
        regions.append(count_regions(spots))
        near = np.abs(failed - places[i]).max(axis=1) <= figures.same_place
        stays.append((int(near.sum()), len(failed)))
    figure.colorbar(
        mpl.cm.ScalarMappable(norm, "plasma"),
        ax=panels,
        label="share of the perturbed runs that fail here",
        shrink=0.5,
        pad=0.01,
    )
    foot_note(
        figure,
        "grey: void voxels along y; ring: failure without perturbation; above: perturbed copies that failed\n"
        f"{run.label}, {' × '.join(map(str, pores.shape[1:]))} voxels, preset fast (one point, m = 5)",
    )
    drawn = {
        "regions": regions,
        "runs": [runs for _, runs in stays],
        "runs_that_stay": [stay for stay, _ in stays],
        "places": {letter: failed_places(one) for letter, one in zip(LETTERS, copies, strict=True)},
    }
    redrawn = [
        redraw_regions(failed_places(one), pores.shape[1:], rng_from_name(run.seed, "regions", letter))
        for letter, one in zip(LETTERS, copies, strict=True)
    ]
    return Drawing(figure, _sensitivity_numbers(regions, redrawn, stays), drawn)


def count_regions(spots: BoolArray) -> int:
    """Number of groups of voxels (x, y, z) that stay apart when each grows by one voxel."""
    return int(ndimage.label(ndimage.binary_dilation(spots, _CUBE, 1))[1])


def redraw_regions(places: Places, shape: tuple[int, ...], rng: np.random.Generator) -> Interval:
    """95 % interval of the number of regions when the copies (copy, 3) are drawn again with replacement."""
    counts = []
    for _ in range(_REDRAWN):
        spots = np.zeros(shape, bool)
        spots[tuple(places[rng.integers(len(places), size=len(places))].T)] = True
        counts.append(count_regions(spots))
    low, high = np.quantile(counts, (0.025, 0.975))
    return float(low), float(high)


def _sensitivity_numbers(
    regions: list[int], redrawn: list[Interval], stays: list[tuple[int, int]]
) -> dict[str, Number]:
    """Shares of runs that stay and numbers of regions, of the specimens that stand for the paper's.

    The random fields are not the paper's, so its letters mean other specimens: the firmest three stand for
    the insensitive ones, the first three with more than one region for those with two or three.
    """
    firm = sorted(range(len(stays)), key=lambda i: -stays[i][0] / max(stays[i][1], 1))
    several = sorted((i for i, count in enumerate(regions) if count > 1), key=lambda i: regions[i])
    numbers = {}
    for place in range(3):
        i = firm[place]
        numbers[f"insensitive[{place}]"] = Number.share(*stays[i], f"({LETTERS[i]})")
        if place < len(several):
            i = several[place]
            low, high = (limit(regions[i], end) for limit, end in zip((min, max), redrawn[i], strict=True))
            number = Number(regions[i], low, high, stays[i][1], f"({LETTERS[i]})")
        else:
            number = Number(None, note=f"{len(several)} specimens have more than one region")
        numbers[f"two_or_three_regions[{place}]"] = number
    numbers["most_sensitive"] = Number.share(*stays[firm[-1]], f"({LETTERS[firm[-1]]})")
    return numbers


def failed_places(perturbed: xr.Dataset) -> Places:
    """Voxels (copy, 3) at which perturbed copies failed; copies that did not fail are left out."""
    return perturbed["failed_voxel"].values[perturbed["status"].values == 0]


def failure_spots(perturbed: xr.Dataset, shape: tuple[int, ...]) -> BoolArray:
    """Voxels (x, y, z) at which some perturbed copy failed."""
    spots = np.zeros(shape, bool)
    spots[tuple(failed_places(perturbed).T)] = True
    return spots
