# SPDX-License-Identifier: GPL-3.0-or-later
"""How far mechanics leads without a label: largest stresses of regions of interest by five methods.

macro: macroscopic Tresca stress times one factor; superposition, pores, edges: with what the pores add (see
`mesobayes.analytic`), from the patch; whole: the same as edges, from the whole structure. The difference of
the last two is what a patch does not show, whoever looks at it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.analytic.alternating import PRIORS, Surroundings, pore_stress
from mesobayes.geometry.pores import FloatArray, pixel_points
from mesobayes.images.patches import PatchGeometry
from mesobayes.images.tensor import tresca
from mesobayes.metrics.baseline import tuned_baseline
from mesobayes.metrics.scores import accuracy_at
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.mechanics.channels import surroundings_of
from mesobayes.studies.stress.models.patch_data import blocks
from mesobayes.studies.stress.patches import TRAIN
from mesobayes.studies.stress.settings import MechanicsSettings
from mesobayes.studies.stress.stores import CHANNELS, MECHANICS, PATCHES, STRUCTURES

METHODS = ("macro", *PRIORS, "whole")
THRESHOLDS = (0.05, 0.10, 0.20)
_IMAGES = ("geometry", "coverage", "macro_stress", "micro_stress")
_TIMED = 200  # patches whose time is taken


def score_mechanics(
    patches: Path,
    structures: Path,
    channels: Path,
    store: Path,
    settings: MechanicsSettings,
    threshold: float,
    run: Run,
) -> None:
    """Write the largest stresses of all patches by all methods, their times, and accuracy against window."""
    scored = mechanics_of_patches(
        open_store(patches, PATCHES, variables=("origin", "structure", "split", "scale")),
        open_store(structures, STRUCTURES, variables=(*_IMAGES, "strain"), later=_IMAGES),
        open_store(
            channels, CHANNELS, later=("features", "normal", "macro_stress", "micro_deviator", *PRIORS)
        ),
        settings,
        threshold,
        run.seed,
    )
    for method in METHODS:
        found, true = scored["roi_max"].sel(mechanics=method).values, scored["true_max"].values
        shares = " ".join(f"{100 * accuracy_at(found, true, limit):5.1f}" for limit in THRESHOLDS)
        seconds = float(scored["seconds"].sel(mechanics=method))
        print(f"{method:14s} within 5, 10, 20 %: {shares}  {1e3 * seconds:.2f} ms a patch", flush=True)
    write_store(scored, store, MECHANICS, run)


def mechanics_of_patches(
    patches: xr.Dataset,
    structures: xr.Dataset,
    channels: xr.Dataset,
    settings: MechanicsSettings,
    threshold: float,
    study_seed: str,
) -> xr.Dataset:
    """Largest Tresca stress over the solid pixels of each region of interest, in units of the patch scale.

    Variables: roi_max (mechanics, patch), true_max (patch), seconds (mechanics) of CPU a patch, three loads;
    window_max (window, window_patch) by edges from windows of several widths around the ROI (the last is the
    whole structure), window_patch their patch numbers, and accuracy (window, threshold).
    """
    geometry = PatchGeometry(patches.attrs["pixels_per_radius"])
    factor, maxima, true = maxima_of_channels(channels, threshold)
    count = len(true)
    rng = rng_from_name(study_seed, "mechanics", "windows")
    few = np.sort(rng.permutation(count)[: settings.window_patches])
    timed = set(rng.permutation(count)[:_TIMED])
    width = structures.sizes["x"] / geometry.pixels_per_radius
    whole, windowed = np.zeros(count), np.zeros((len(settings.windows) + 1, len(few)))
    seconds = {method: np.full(count, np.nan) for method in METHODS}
    for number in np.unique(patches["structure"].values):
        structure = structures.isel(structure=int(number)).load()
        strain, solid = structure["strain"].values, structure["geometry"].values.astype(bool)
        around = surroundings_of(structure, geometry.pixels_per_radius)
        members = np.flatnonzero(patches["structure"].values == number)
        begin = time.process_time()
        image = np.zeros(solid.shape)
        rows, columns = np.nonzero(solid)
        image[rows, columns] = tresca(np.tensordot(strain, total_stress(around, rows, columns), axes=1))
        seconds["whole"][members] = (time.process_time() - begin) / len(members)
        for patch in members:
            scale = float(patches["scale"].values[patch])
            region = _region(solid, patches["origin"].values[patch] + geometry.margin, geometry.roi)
            whole[patch] = image[region.rows, region.columns].max() / scale
            if patch in timed:
                for method in METHODS[:-1]:
                    begin = time.process_time()
                    maximum_from_window(around, region, geometry.margin, strain, method)
                    seconds[method][patch] = time.process_time() - begin
            if patch in few:
                margins = [
                    round(0.5 * (w * geometry.pixels_per_radius - geometry.roi)) for w in settings.windows
                ]
                place = int(np.searchsorted(few, patch))
                seen = [maximum_from_window(around, region, margin, strain) / scale for margin in margins]
                windowed[:, place] = [*seen, whole[patch]]
    accuracy = [[accuracy_at(values, true[few], limit) for limit in THRESHOLDS] for values in windowed]
    unit = {"units": "patch scale"}
    return xr.Dataset(
        {
            "roi_max": (("mechanics", "patch"), np.concatenate([maxima, whole[None]]), unit),
            "true_max": ("patch", true, unit),
            "structure": ("patch", channels["structure"].values),
            "split": ("patch", channels["split"].values),
            "seconds": ("mechanics", [np.nanmean(seconds[method]) for method in METHODS], {"units": "s"}),
            "window_patch": ("window_patch", few),
            "window_max": (("window", "window_patch"), windowed, unit),
            "accuracy": (("window", "threshold"), accuracy),
        },
        {
            "mechanics": list(METHODS),
            "window": ("window", [*settings.windows, width], {"units": "R"}),
            "threshold": list(THRESHOLDS),
        },
        {"factor": factor, "pixels_per_radius": geometry.pixels_per_radius},
    )


def maxima_of_channels(channels: xr.Dataset, threshold: float) -> tuple[float, FloatArray, FloatArray]:
    """Factor of the macroscopic stress, maxima (method, patch) of all methods but `whole`, and true (patch,).

    The factor is tuned for the accuracy at the threshold on the training patches, on all where none is.
    """
    parts = [_maxima(channels.isel(patch=numbers)) for numbers in blocks(channels.sizes["patch"])]
    true, macro, *priors = np.concatenate(parts, axis=1)
    train = channels["split"].values == TRAIN
    if not train.any():
        train = np.ones(len(true), bool)
    factor = tuned_baseline(macro[train], true[train], threshold).factor
    return factor, np.stack([factor * macro, *priors]), true


def _maxima(channels: xr.Dataset) -> FloatArray:
    """Largest true stress, macroscopic stress, and the same with every prior (method, patch)."""
    strain, scale, solid = (channels[name].values for name in ("strain", "scale", "solid"))

    def superposed(name: str) -> FloatArray:
        return np.einsum("pyxlc,pl->cpyx", channels[name].values, strain, optimize=True)

    def largest(field: FloatArray) -> FloatArray:
        return np.where(solid, field, 0.0).max(axis=(1, 2)) / scale

    macro = superposed("macro_stress")
    true = largest(np.hypot(*superposed("micro_deviator")))
    priors = [largest(tresca(macro + superposed(prior))) for prior in PRIORS]
    return np.stack([true, largest(tresca(macro)), *priors])


@dataclass(frozen=True)
class Region:
    """A region of interest in a structure image: lower left pixel, size, and solid pixels (point,)."""

    row: int
    column: int
    size: int
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]


def _region(solid: NDArray, corner: NDArray, size: int) -> Region:
    row, column = (int(value) for value in corner)
    rows, columns = np.nonzero(solid[row : row + size, column : column + size])
    return Region(row, column, size, rows + row, columns + column)


def total_stress(around: Surroundings, rows: NDArray, columns: NDArray, method: str = "edges") -> FloatArray:
    """Macroscopic stress and what the pores add, (load, 3, point), at pixels of an image."""
    macro = around.macro_stress[:, :, rows, columns]
    return macro if method == "macro" else macro + pore_stress(around, pixel_points(rows, columns), method)


def maximum_from_window(
    around: Surroundings, region: Region, margin: int, strain: NDArray, method: str = "edges"
) -> float:
    """Largest Tresca stress of a region, from a window with a margin as far as the image reaches, in E."""
    height, width = around.large.shape
    top, left = max(region.row - margin, 0), max(region.column - margin, 0)
    bottom = min(region.row + region.size + margin, height)
    right = min(region.column + region.size + margin, width)
    view = around.window(top, left, bottom - top, right - left)
    stress = total_stress(view, region.rows - top, region.columns - left, method)
    return float(tresca(np.tensordot(strain, stress, axes=1)).max())
