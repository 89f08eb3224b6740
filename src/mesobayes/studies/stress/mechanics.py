# SPDX-License-Identifier: GPL-3.0-or-later
"""How far mechanics leads without a label: the largest stress of every region of interest by five methods.

macro: macroscopic Tresca stress times one factor; superposition, pores, edges: with what the pores add (see
`mesobayes.analytic`), from the patch; whole: the same as edges, from the whole structure. The difference of
the last two is what a patch does not show, whoever looks at it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.analytic.alternating import PRIORS, Surroundings, pore_stress
from mesobayes.images.patches import PatchGeometry
from mesobayes.images.tensor import tresca
from mesobayes.metrics.baseline import tuned_baseline
from mesobayes.metrics.scores import accuracy_at
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.channels import surroundings_of
from mesobayes.studies.stress.patches import TRAIN
from mesobayes.studies.stress.settings import MechanicsSettings
from mesobayes.studies.stress.stores import CHANNELS, MECHANICS, PATCHES, STRUCTURES

METHODS = ("macro", *PRIORS, "whole")
THRESHOLDS = (0.05, 0.10, 0.20)
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
        open_store(
            structures, STRUCTURES, variables=("geometry", "coverage", "macro_stress", "micro_stress", "strain")
        ),
        open_store(channels, CHANNELS),
        settings,
        threshold,
        run.seed,
    )
    for method in METHODS:
        found, true = scored["roi_max"].sel(method=method).values, scored["true_max"].values
        shares = " ".join(f"{100 * accuracy_at(found, true, limit):5.1f}" for limit in THRESHOLDS)
        seconds = float(scored["seconds"].sel(method=method))
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

    Variables: roi_max (method, patch), true_max (patch), seconds (method) of CPU a patch, for three loads;
    window_max (window, window_patch) by edges from windows of several widths around the ROI (the last is the
    whole structure), window_patch their patch numbers, and accuracy (window, threshold).
    """
    strain, scale = channels["strain"].values, channels["scale"].values
    solid = channels["solid"].values
    macro = _tensor(channels["macro_stress"].values, strain)

    def maximum(stress: NDArray) -> NDArray:
        """(patch, y, x, frame) -> (patch,)."""
        return np.where(solid, tresca(stress, axis=-1), 0.0).max(axis=(1, 2)) / scale

    deviator = _tensor(channels["micro_deviator"].values, strain)
    true = np.where(solid, np.hypot(deviator[..., 0], deviator[..., 1]), 0.0).max(axis=(1, 2)) / scale
    train = channels["split"].values == TRAIN
    macro_max = maximum(macro)
    factor = tuned_baseline(macro_max[train], true[train], threshold).factor
    found = [factor * macro_max]
    found += [maximum(macro + _tensor(channels[prior].values, strain)) for prior in PRIORS]

    geometry = PatchGeometry(patches.attrs["pixels_per_radius"])
    rng = rng_from_name(study_seed, "mechanics", "windows")
    few = np.sort(rng.permutation(len(true))[: settings.window_patches])
    timed = rng.permutation(len(true))[:_TIMED]
    whole = np.zeros(len(true))
    widths = (*settings.windows, structures.sizes["x"] / geometry.pixels_per_radius)
    windowed = np.zeros((len(widths), len(few)))
    spent = dict.fromkeys(METHODS, 0.0)
    spent["macro"] = _seconds(lambda: maximum(macro)) / len(true)
    for number in np.unique(patches["structure"].values):
        structure = structures.isel(structure=int(number))
        load = structure["strain"].values
        around = surroundings_of(structure, geometry.pixels_per_radius)
        rows, columns = np.nonzero(structure["geometry"].values)
        image = np.zeros(around.large.shape)

        def solve(around: Surroundings = around, rows: NDArray = rows, columns: NDArray = columns) -> NDArray:
            added = pore_stress(around, columns + 1j * rows, "edges")
            return around.macro_stress[:, :, rows, columns] + added

        members = np.flatnonzero(patches["structure"].values == number)
        begin = time.process_time()
        stress = solve()
        spent["whole"] += (time.process_time() - begin) / len(true)
        image[rows, columns] = tresca(np.tensordot(load, stress, axes=1))
        for patch in members:
            row, column = (int(corner) + geometry.margin for corner in patches["origin"].values[patch])
            here = image[row : row + geometry.roi, column : column + geometry.roi]
            whole[patch] = here.max() / scale[patch]
            y, x = np.nonzero(solid[patch])
            if patch in timed:
                view, points = _window(around, row, column, geometry.roi, geometry.margin), x + row * 0j
                points = (x + geometry.margin) + 1j * (y + geometry.margin)
                for prior in PRIORS:
                    spent[prior] += _seconds(lambda: pore_stress(view, points, prior)) / len(timed)
            if patch in few:
                place = int(np.searchsorted(few, patch))
                windowed[-1, place] = whole[patch]
                for k, width in enumerate(settings.windows):
                    margin = round(0.5 * (width * geometry.pixels_per_radius - geometry.roi))
                    first_row, first_column = max(row - margin, 0), max(column - margin, 0)
                    view = _window(around, row, column, geometry.roi, margin)
                    points = (x + column - first_column) + 1j * (y + row - first_row)
                    total = pore_stress(view, points, "edges")
                    total = total + around.macro_stress[:, :, y + row, x + column]
                    windowed[k, place] = tresca(np.tensordot(load, total, axes=1)).max() / scale[patch]
    found.append(whole)
    accuracy = [[accuracy_at(values, true[few], limit) for limit in THRESHOLDS] for values in windowed]
    unit = {"units": "patch scale"}
    return xr.Dataset(
        {
            "roi_max": (("method", "patch"), np.stack(found), unit),
            "true_max": ("patch", true, unit),
            "structure": ("patch", channels["structure"].values),
            "split": ("patch", channels["split"].values),
            "seconds": ("method", [spent[method] for method in METHODS], {"units": "s"}),
            "window_patch": ("window_patch", few),
            "window_max": (("window", "window_patch"), windowed, unit),
            "accuracy": (("window", "threshold"), accuracy),
        },
        {
            "method": list(METHODS),
            "window": ("window", list(widths), {"units": "R"}),
            "threshold": list(THRESHOLDS),
        },
        {"factor": factor, "pixels_per_radius": geometry.pixels_per_radius},
    )


def _tensor(unit_loads: NDArray, strain: NDArray) -> NDArray:
    """Superpose unit loads (patch, y, x, load, c) with strains (patch, load) to (patch, y, x, c)."""
    return np.einsum("pyxlc,pl->pyxc", unit_loads, strain)


def _window(around: Surroundings, row: int, column: int, roi: int, margin: int) -> Surroundings:
    """The region of interest at (row, column) with a margin of pixels, as far as the image reaches."""
    top, left = max(row - margin, 0), max(column - margin, 0)
    height, width = around.large.shape
    bottom, right = min(row + roi + margin, height), min(column + roi + margin, width)
    return around.window(top, left, bottom - top, right - left)


def _seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin
