# SPDX-License-Identifier: GPL-3.0-or-later
"""Labelled periodic cells: images of random inclusions and their apparent permeability."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import numpy as np
import xarray as xr

from mesobayes.fem.cell.homogenisation import Homogenised, homogenise_batch
from mesobayes.geometry.inclusions import InclusionCell, sample_cell
from mesobayes.geometry.settings import InclusionFamily
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import rng_from_name
from mesobayes.record.store import write_store
from mesobayes.studies.permeability.settings import Materials
from mesobayes.studies.permeability.stores import CELLS

_AXES = "xyz"
_BLOCK = {"cpu": 16}  # cells solved together; elsewhere more, ordered by volume fraction
_BLOCK_ELSEWHERE = 256
Report = Callable[[str], None]


def generate_cells(
    store: Path,
    family: InclusionFamily,
    indices: tuple[int, ...],
    materials: Materials,
    tolerance: float,
    components: int,
    run: Run,
) -> None:
    """Write the cells of a family with the given numbers; say which were saturated before their target."""
    cells = label_cells(family, indices, run.seed, materials, tolerance, components, _print)
    for sample in cells["sample"].values[cells["saturated"].values == 1]:
        cell = cells.sel(sample=sample)
        _print(
            f"cell {sample} is saturated at a volume fraction of {float(cell['volume_fraction']):.3f}, "
            f"{float(cell['target_fraction']):.3f} was asked for"
        )
    write_store(cells, store, CELLS, run)


def label_cells(
    family: InclusionFamily,
    indices: Sequence[int],
    study_seed: str,
    materials: Materials,
    tolerance: float,
    components: int,
    report: Report | None = None,
) -> xr.Dataset:
    """Draw the cells with the given numbers and compute their labels.

    A cell is a function of study seed, family and number alone.

    Args:
        components: solve for the mean fields along the first so many axes, from x on; the label is the tensor
            of these components.

    Returns:
        `image (sample, [z,] y, x)` uint8, `permeability (sample, i, j)` float64, `volume_fraction` of the
        pixels, `target_fraction`, `saturated`, `inclusion (sample, number, [x, y[, z], radius])` in pixels
        padded with NaN, `residual (sample, i)`, `iterations (sample, i)`, `solve_seconds (sample)`.
    """
    generators = [rng_from_name(study_seed, "cell", family.name, int(index)) for index in indices]
    cells = [sample_cell(family, rng) for rng in generators]
    images = np.stack([cell.image() for cell in cells])
    labels, seconds = _solve_in_blocks(images, materials, tolerance, components, report)
    space, axes = list(reversed(_AXES[: family.dimension])), list(_AXES[:components])
    tensor, per_load = ("sample", "i", "j"), ("sample", "i")
    variables = {
        "image": (("sample", *space), images.astype(np.uint8), "1 in the inclusions", "1"),
        "permeability": (
            tensor,
            np.stack([label.permeability for label in labels]),
            "apparent relative permeability",
            "1",
        ),
        "volume_fraction": (
            "sample",
            images.reshape(len(images), -1).mean(axis=1),
            "share of inclusion pixels",
            "1",
        ),
        "target_fraction": (
            "sample",
            np.array([cell.target_fraction for cell in cells]),
            "volume fraction asked for",
            "1",
        ),
        "saturated": (
            "sample",
            np.array([cell.saturated for cell in cells], np.uint8),
            "1 where no further inclusion found room",
            "1",
        ),
        "inclusion": (
            ("sample", "number", "parameter"),
            _parameters(cells),
            "centre and radius of every inclusion",
            "pixel",
        ),
        "residual": (
            per_load,
            np.stack([label.residual for label in labels]),
            "relative residual of the finite-element solution",
            "1",
        ),
        "iterations": (
            per_load,
            np.stack([label.iterations for label in labels]),
            "iterations of the solver",
            "1",
        ),
        "solve_seconds": ("sample", seconds, "wall time of the solution", "s"),
    }
    return xr.Dataset(
        {
            key: (dims, values, {"long_name": text, "units": units})
            for key, (dims, values, text, units) in variables.items()
        },
        coords={
            "sample": np.asarray(indices, np.int64),
            "i": axes,
            "j": axes,
            "parameter": [*_AXES[: family.dimension], "radius"],
        },
        attrs={
            "family": family.name,
            "matrix": materials.matrix,
            "inclusion_permeability": materials.inclusion,
            "tolerance": tolerance,
            "n_saturated": int(sum(cell.saturated for cell in cells)),
        },
    )


def _solve_in_blocks(
    images: np.ndarray, materials: Materials, tolerance: float, components: int, report: Report | None
) -> tuple[list[Homogenised], np.ndarray]:
    """Labels in the order of the images, and seconds; a block holds cells of similar volume fraction."""
    block = _BLOCK.get(jax.default_backend(), _BLOCK_ELSEWHERE)
    order = np.argsort(images.reshape(len(images), -1).mean(axis=1), kind="stable")
    loads = tuple(range(components))
    labels: dict[int, Homogenised] = {}
    seconds = np.empty(len(images))
    for start in range(0, len(order), block):
        rows = order[start : start + block]
        begin = time.perf_counter()
        solved = homogenise_batch(images[rows], materials.matrix, materials.inclusion, tolerance, loads)
        seconds[rows] = (time.perf_counter() - begin) / len(rows)
        labels.update(zip(rows.tolist(), solved, strict=True))
        if report is not None:
            report(f"{len(labels)}/{len(order)}")
    return [labels[row] for row in range(len(images))], seconds


def _parameters(cells: Sequence[InclusionCell]) -> np.ndarray:
    """(sample, number, d + 1) centres and radii, padded with NaN."""
    most = max(1, max(len(cell.radii) for cell in cells))
    table = np.full((len(cells), most, cells[0].centres.shape[1] + 1), np.nan)
    for row, cell in zip(table, cells, strict=True):
        row[: len(cell.radii)] = np.column_stack([cell.centres, cell.radii])
    return table


def _print(line: str) -> None:
    print(line, flush=True)
