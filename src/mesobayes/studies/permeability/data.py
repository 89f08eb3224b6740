# SPDX-License-Identifier: GPL-3.0-or-later
"""Labelled periodic cells: images of random inclusions and their apparent permeability."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import jax
import numpy as np
import xarray as xr

from mesobayes.fem.cell.homogenisation import Homogenised, homogenise_batch
from mesobayes.geometry.inclusions import InclusionCell, InclusionFamily, sample_cell
from mesobayes.record.seeds import rng_from_name

_AXES = "xyz"
_BLOCK = {"cpu": 16}  # cells solved together; elsewhere more, ordered by volume fraction
_BLOCK_ELSEWHERE = 256
Report = Callable[[int, int], None]


def generate_cells(
    family: InclusionFamily,
    indices: Sequence[int],
    study_seed: str,
    matrix: float,
    inclusion: float,
    tolerance: float,
    components: int,
    report: Report | None = None,
) -> xr.Dataset:
    """Cells with the given numbers, each a function of study seed, family and number alone.

    Args:
        components: solve for the mean fields along the first so many axes, from x on; the label is the
        tensor of
            these components.

    Returns:
        `image (sample, [z,] y, x)` uint8, `permeability (sample, i, j)` float64, `volume_fraction` of the
        pixels, `target_fraction`, `saturated`, `inclusion (sample, number, [x, y[, z], radius])` in pixels
        padded with NaN, `residual (sample, i)`, `iterations (sample, i)`, `solve_seconds (sample)`.
    """
    generators = [rng_from_name(study_seed, "cell", family.name, int(index)) for index in indices]
    cells = [sample_cell(family, rng) for rng in generators]
    images = np.stack([cell.image() for cell in cells])
    labels, seconds = _solve_in_blocks(images, matrix, inclusion, tolerance, components, report)
    space = list(reversed(_AXES[: family.dimension]))
    names = list(_AXES[:components])
    return xr.Dataset(
        {
            "image": (("sample", *space), images.astype(np.uint8), _units("1 in the inclusions", "1")),
            "permeability": (
                ("sample", "i", "j"),
                np.stack([label.permeability for label in labels]),
                _units("apparent relative permeability", "1"),
            ),
            "volume_fraction": (
                "sample",
                images.reshape(len(images), -1).mean(axis=1),
                _units("share of inclusion pixels", "1"),
            ),
            "target_fraction": (
                "sample",
                np.array([cell.target_fraction for cell in cells]),
                _units("volume fraction asked for", "1"),
            ),
            "saturated": (
                "sample",
                np.array([cell.saturated for cell in cells], np.uint8),
                _units("1 where no further inclusion found room", "1"),
            ),
            "inclusion": (
                ("sample", "number", "parameter"),
                _parameters(cells),
                _units("centre and radius of every inclusion", "pixel"),
            ),
            "residual": (
                ("sample", "i"),
                np.stack([label.residual for label in labels]),
                _units("relative residual of the finite-element solution", "1"),
            ),
            "iterations": (
                ("sample", "i"),
                np.stack([label.iterations for label in labels]),
                _units("iterations of the solver", "1"),
            ),
            "solve_seconds": ("sample", seconds, _units("wall time of the solution", "s")),
        },
        coords={
            "sample": np.asarray(indices, np.int64),
            "i": names,
            "j": names,
            "parameter": [*_AXES[: family.dimension], "radius"],
        },
        attrs={
            "family": family.name,
            "matrix": matrix,
            "inclusion_permeability": inclusion,
            "tolerance": tolerance,
            "n_saturated": int(sum(cell.saturated for cell in cells)),
        },
    )


def _solve_in_blocks(
    images: np.ndarray,
    matrix: float,
    inclusion: float,
    tolerance: float,
    components: int,
    report: Report | None,
) -> tuple[list[Homogenised], np.ndarray]:
    """Labels in the order of the images, and seconds; a block holds cells of similar volume fraction."""
    block = _BLOCK.get(jax.default_backend(), _BLOCK_ELSEWHERE)
    order = np.argsort(images.reshape(len(images), -1).mean(axis=1), kind="stable")
    labels: list[Homogenised | None] = [None] * len(images)
    seconds = np.empty(len(images))
    for start in range(0, len(order), block):
        rows = order[start : start + block]
        begin = time.perf_counter()
        solved = homogenise_batch(images[rows], matrix, inclusion, tolerance, tuple(range(components)))
        seconds[rows] = (time.perf_counter() - begin) / len(rows)
        for row, label in zip(rows, solved, strict=True):
            labels[row] = label
        if report is not None:
            report(min(start + block, len(order)), len(order))
    return [label for label in labels if label is not None], seconds


def _parameters(cells: Sequence[InclusionCell]) -> np.ndarray:
    """(sample, number, d + 1) centres and radii, padded with NaN."""
    most = max(1, max(len(cell.radii) for cell in cells))
    table = np.full((len(cells), most, cells[0].centres.shape[1] + 1), np.nan)
    for row, cell in zip(table, cells, strict=True):
        row[: len(cell.radii)] = np.column_stack([cell.centres, cell.radii])
    return table


def _units(long_name: str, units: str) -> dict[str, str]:
    return {"long_name": long_name, "units": units}
