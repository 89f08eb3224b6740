# SPDX-License-Identifier: GPL-3.0-or-later
"""What a stage costs against the size of what it is given; writes a record a series.

    python benchmarks/scaling.py --series pixels [--sizes 64 128 256 512] [--rounds 3]

Series: structures and unknowns of plates, pixels and voxels of cells, posterior draws of a network, processes
on the cores of the machine. Compilation is done before the clock starts. Set OMP_NUM_THREADS=1 PJRT_NPROC=1.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from fem_solve import FAMILY, factor_operations, in_processes
from floors import copy_rate, product_rate
from stopwatch import Stopwatch

from mesobayes.fem.cell.homogenisation import homogenise
from mesobayes.fem.plate.meshing import mesh_plate
from mesobayes.fem.plate.settings import DEFAULT_MESH, PlateSolver
from mesobayes.fem.plate.solution import displacements
from mesobayes.geometry.inclusions import sample_cell
from mesobayes.geometry.settings import InclusionFamily
from mesobayes.learning.predict import predict_draws
from mesobayes.nets.build import build_network
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.studies.stress.data import simulate_batch
from mesobayes.studies.stress.plates import draw_structure
from record import RECORDS, circumstances, write_json

TOLERANCE = 1e-8
PATCHES, ROI = 32, 16


class Point(NamedTuple):
    """One size of a series: what it counts, seconds of every round, floor in seconds of a core."""

    size: float
    seconds: list[float]
    floor: float | None


class Series(NamedTuple):
    """What a series is: words of its figure, usual sizes, how one size is timed."""

    title: str
    quantity: str
    because: str
    sizes: tuple[int, ...]
    measure: Callable[[int, int], Point]


def timed(call: Callable[[], object], rounds: int) -> list[float]:
    """CPU seconds of every round, after one that is not counted."""
    call()
    seconds = []
    for _ in range(rounds):
        with Stopwatch() as watch:
            call()
        seconds.append(watch.cpu)
    return seconds


def structures(count: int, rounds: int) -> Point:
    """Plates from geometry to images, macro and micro problem."""
    seconds = timed(
        lambda: simulate_batch(FAMILY, range(count), "scaling", solver=PlateSolver("cholespy")), rounds
    )
    plates = [draw_structure(FAMILY, "scaling", index)[0] for index in range(count)]
    work = sum(factor_operations(mesh_plate(plate, pores)) for plate in plates for pores in (True, False))
    return Point(count, seconds, work / product_rate(np.float64))


def unknowns(percent: int, rounds: int) -> Point:
    """Assembly and solution of one plate on meshes refined by a factor, in percent."""
    plate = draw_structure(FAMILY, "scaling", 0)[0]
    mesh = mesh_plate(plate, True, DEFAULT_MESH.refined(percent / 100.0))
    seconds = timed(lambda: displacements(mesh, solver="cholespy"), rounds)
    return Point(2 * len(mesh.points), seconds, factor_operations(mesh) / product_rate(np.float64))


def pixels(side: int, rounds: int) -> Point:
    """Permeability of square cells with discs, both loads."""
    return _cell(InclusionFamily("mono", side), 8, rounds)


def voxels(edge: int, rounds: int) -> Point:
    """Permeability of cubes with spheres, one load."""
    return _cell(InclusionFamily("spheres", edge, 3, 5, 5, fraction_max=0.35), 4, rounds)


def _cell(family: InclusionFamily, bytes_each: int, rounds: int) -> Point:
    image = sample_cell(family, np.random.default_rng(1), 0.3).image()
    loads = None if image.ndim == 2 else (0,)
    iterations = int(homogenise(image, tolerance=TOLERANCE, loads=loads).iterations.sum())
    seconds = timed(lambda: homogenise(image, tolerance=TOLERANCE, loads=loads), rounds)
    return Point(image.size, seconds, 3.0 * bytes_each * image.size * iterations / copy_rate())


def draws(count: int, rounds: int) -> Point:
    """Posterior draws of the modern stress network for some patches."""
    import jax

    settings = StressNetworkSettings("modern", ROI, estimator="shared", norm="none")
    network = build_network(settings, 0)
    size = 18 * ROI // 8
    inputs = np.random.default_rng(0).standard_normal((PATCHES, size, size, 5)).astype(np.float32)
    counted = jax.jit(lambda x: network(x)).lower(inputs).cost_analysis()
    seconds = timed(lambda: predict_draws(network, inputs, count, 0), rounds)
    return Point(count, seconds, count * float(counted["flops"]) / product_rate(np.float32))


def cores(count: int, rounds: int) -> Point:
    """Wall seconds a structure of so many processes at once."""
    seconds = []
    for _ in range(rounds):
        rate = sum(1.0 / process["wall"] for process in in_processes(count, 4))
        seconds.append(1.0 / rate)
    return Point(count, seconds, None)


SERIES = {
    "structures": Series("plates", "structures", "operations of factorisations", (1, 2, 4, 8), structures),
    "unknowns": Series(
        "one plate", "unknowns", "operations of factorisations", (70, 100, 150, 220), unknowns
    ),
    "pixels": Series("cells", "pixels", "bytes of the operator's fields", (64, 128, 256, 512), pixels),
    "voxels": Series("cells in 3-D", "voxels", "bytes of the operator's fields", (17, 33, 65, 101), voxels),
    "draws": Series("posterior draws", "draws", "operations of the network", (2, 5, 10, 20, 50), draws),
    "cores": Series(
        "processes at once",
        "processes",
        "the first divided by the processes",
        tuple(2**k for k in range((os.cpu_count() or 1).bit_length())),
        cores,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--series", choices=list(SERIES), required=True)
    parser.add_argument("--sizes", type=int, nargs="+", help="by default those of the series")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--records", type=Path, default=RECORDS)
    arguments = parser.parse_args()
    series = SERIES[arguments.series]
    points = []
    for size in arguments.sizes or series.sizes:
        points.append(series.measure(size, arguments.rounds))
        print(f"{points[-1].size:g} {series.quantity}: {np.median(points[-1].seconds):.3g} s", flush=True)
    floors = [point.floor for point in points]
    if arguments.series == "cores":
        floors = [float(np.median(points[0].seconds)) * points[0].size / point.size for point in points]
    content = {
        **{"series": arguments.series, "title": series.title, "quantity": series.quantity},
        "clock": "wall" if arguments.series == "cores" else "cpu",
        "size": [point.size for point in points],
        "seconds": [point.seconds for point in points],
        **{"floor": floors, "because": series.because},
        **circumstances({}),
    }
    write_json(arguments.records / f"scaling_{arguments.series}.json", content)


if __name__ == "__main__":
    main()
