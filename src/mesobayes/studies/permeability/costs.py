# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU time of a label and of everything that replaces it, on the same images."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import xarray as xr

from mesobayes.fem.cell.energies import stopped_bounds
from mesobayes.fem.cell.homogenisation import homogenise
from mesobayes.geometry.settings import InclusionFamily
from mesobayes.images.balls import find_balls
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.permeability.contact_graphs import dipoles_of, stacked
from mesobayes.studies.permeability.contact_task import predict_contacts
from mesobayes.studies.permeability.contacts import load_contact_network
from mesobayes.studies.permeability.curve import STEPS
from mesobayes.studies.permeability.mechanics import graph_of
from mesobayes.studies.permeability.predict import load_permeability_network, predict_mean
from mesobayes.studies.permeability.settings import CellMechanicsSettings, Materials, Timing
from mesobayes.studies.permeability.stores import CELLS, COSTS

SOLVE = "finite elements"


def time_mechanics(
    cells: Path,
    contacts: Path,
    printed: Path,
    modern: Path,
    store: Path,
    family: InclusionFamily,
    materials: Materials,
    tolerance: float,
    mechanics: CellMechanicsSettings,
    settings: Timing,
    run: Run,
) -> None:
    """Write the CPU milliseconds per cell, all its components, of every method and repeat.

    The methods take turns, so that a repeat of all of them shares the state of the machine; the first round,
    which compiles, is left out.

    Args:
        contacts, printed, modern: weights of the three networks.
    """
    count = settings.images if family.dimension == 2 else settings.volumes
    opened = open_store(cells, CELLS, variables=["image", "permeability"])
    images, loads = opened["image"].values[:count].astype(bool), opened.sizes["i"]
    network = load_contact_network(contacts)

    def each(function: Callable[[np.ndarray], object]) -> None:
        for image in images:
            function(image)

    def by_contacts() -> None:
        graphs = [graph_of(image, family, materials, mechanics)[0] for image in images]
        predict_contacts(network, stacked(graphs))

    def by_dipoles(image: np.ndarray) -> None:
        dipoles_of(
            image,
            find_balls(image, family.radius_min, family.radius_max),
            materials.matrix,
            materials.inclusion,
        )

    m, i = materials.matrix, materials.inclusion
    solve = partial(homogenise, matrix=m, inclusion=i, tolerance=tolerance, loads=tuple(range(loads)))
    calls: dict[str, Callable[[], object]] = {
        SOLVE: partial(each, solve),
        "dipoles": partial(each, by_dipoles),
        "contacts": by_contacts,
        "printed": partial(predict_mean, load_permeability_network(printed), images),
        "modern": partial(predict_mean, load_permeability_network(modern), images),
    }
    for steps in (steps for steps in STEPS if steps <= mechanics.steps):
        calls[f"stopped {steps}"] = partial(
            each, partial(stopped_bounds, steps=steps, matrix=m, inclusion=i, loads=loads)
        )
    for call in calls.values():
        call()
    spent = np.array([[_cpu_seconds(call) for call in calls.values()] for _ in range(settings.repeats)])
    text = {"long_name": "CPU time of a cell, all components", "units": "ms"}
    costs = xr.Dataset(
        {"milliseconds": (("repeat", "method"), 1e3 * spent / len(images), text)},
        {"method": list(calls)},
        {"family": family.name, "images": len(images), "components": loads, "side": images.shape[-1]},
    )
    write_store(costs, store, COSTS, run)


def _cpu_seconds(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return time.process_time() - begin
