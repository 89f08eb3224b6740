# SPDX-License-Identifier: GPL-3.0-or-later
"""What mechanics tells of a cell before anything is learned: graph, dipoles, bounds of a stopped solver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import xarray as xr

from mesobayes.fem.cell.energies import StoppedBounds, stopped_bounds
from mesobayes.geometry.settings import InclusionFamily
from mesobayes.images.balls import Balls, find_balls
from mesobayes.nets.contacts import ContactGraphs
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.permeability.contact_graphs import CellGraph, cell_graph, empty_graph, stacked
from mesobayes.studies.permeability.settings import CellMechanicsSettings, Materials
from mesobayes.studies.permeability.stores import CELLS, MECHANICS

_DIMENSIONS = {
    "ends": ("sample", "pair", "end"),
    "vector": ("sample", "pair", "axis"),
    "features": ("sample", "pair", "feature"),
    "pair": ("sample", "pair"),
    "size": ("sample", "ball"),
    "fraction": ("sample",),
    "log_dipoles": ("sample", "axis"),
    "volume": ("sample",),
}


def cell_mechanics(
    cells: Path,
    store: Path,
    family: InclusionFamily,
    materials: Materials,
    settings: CellMechanicsSettings,
    run: Run,
) -> None:
    """Write graphs, dipoles and bounds of all cells of a family."""
    found = describe_cells(open_store(cells, CELLS), family, materials, settings)
    print(
        f"{int(found['found'].sum())} of {found.sizes['sample']} cells show separate inclusions", flush=True
    )
    write_store(found, store, MECHANICS, run)


def describe_cells(
    cells: xr.Dataset, family: InclusionFamily, materials: Materials, settings: CellMechanicsSettings
) -> xr.Dataset:
    """Return what mechanics tells of labelled cells, from their images alone.

    Returns:
        `ContactGraphs`, `found (sample)` 1 where inclusions could be told apart (else the graph is empty),
        `misfit (sample)`, and `log_energy`, `log_radau`, `log_lower (sample, i, step)`, logarithms of the
        bounds after so many steps.
    """
    images = cells["image"].values.astype(bool)
    loads, graphs, misfit, bounds = cells.sizes["i"], [], [], []
    for image in images:
        graph, error = graph_of(image, family, materials, settings)
        graphs.append(graph)
        misfit.append(error)
        bounds.append(log_bounds(image, materials, settings.steps, loads))
    arrays = stacked(graphs)
    variables: dict[str, Any] = {
        f"graph_{name}": (_DIMENSIONS[name], getattr(arrays, name)) for name in arrays._fields
    }
    variables |= {
        "found": ("sample", (np.array(misfit) <= settings.misfit_max).astype(np.uint8)),
        "misfit": ("sample", np.array(misfit)),
    }
    variables |= {
        f"log_{name}": (("sample", "i", "step"), np.stack([getattr(found, name) for found in bounds]))
        for name in StoppedBounds._fields
    }
    return xr.Dataset(
        variables,
        {"sample": cells["sample"].values, "i": cells["i"].values, "step": np.arange(1, settings.steps + 1)},
        {"family": cells.attrs["family"]},
    )


def graph_of(
    image: np.ndarray, family: InclusionFamily, materials: Materials, settings: CellMechanicsSettings
) -> tuple[CellGraph, float]:
    """Graph of one image, and the share of pixels that its inclusions do not explain; empty if too many."""
    balls = find_balls(image, family.radius_min, family.radius_max)
    if balls.misfit > settings.misfit_max:
        return empty_graph(image), balls.misfit
    return graph_of_balls(image, balls, family, materials, settings), balls.misfit


def graph_of_balls(
    image: np.ndarray,
    balls: Balls,
    family: InclusionFamily,
    materials: Materials,
    settings: CellMechanicsSettings,
) -> CellGraph:
    """Graph of an image whose inclusions are known."""
    radius = 0.5 * (family.radius_min + family.radius_max)
    gap = settings.gap if image.ndim == 2 else settings.gap_volume
    return cell_graph(image, balls, radius, gap, materials.matrix, materials.inclusion)


def log_bounds(image: np.ndarray, materials: Materials, steps: int, loads: int) -> StoppedBounds:
    """Logarithms of the bounds, each (load, step)."""
    found = stopped_bounds(image, steps, materials.matrix, materials.inclusion, loads)
    return StoppedBounds(*map(np.log, found))


def graphs_in(store: xr.Dataset) -> ContactGraphs:
    """The graphs of a store."""
    return ContactGraphs(*(store[f"graph_{name}"].values for name in ContactGraphs._fields))


def some_graphs(graphs: ContactGraphs, rows: np.ndarray) -> ContactGraphs:
    """The graphs with some numbers."""
    chosen: ContactGraphs = jax.tree.map(lambda array: array[rows], graphs)
    return chosen
