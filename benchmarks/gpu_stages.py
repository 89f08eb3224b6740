# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages of all studies in small, for `gpu_check.py`: what they compute, and how fast.

Networks have the printed widths and small images, so that a stage takes seconds on a CPU and the device still
has something to do. Each stage names the largest deviation between two devices that is allowed, over the
largest magnitude of the same array:

- double precision: the tolerance of the solver, which both devices reach;
- float32, one pass: some hundred times the rounding error 6e-8, because sums are ordered differently;
- float32, many load steps: rounding grows along the path, and is measured well before anything fails;
- float32, training: Adam divides small gradients by their own size, so early steps enlarge rounding;
- TensorFloat-32 keeps ten bits of every factor, 5e-4: a pass through twenty layers adds up to a few times
  that (8e-4 was seen in the printed StressNet on an H100), and training enlarges it as before;
- TensorFloat-32, draws: the spread of the output comes from a spread of 2 % in the weights, beside which
  5e-4 is not small (1.7e-2 is found where factors are rounded to ten bits on a CPU).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from mesobayes.fem.bar.failure import fail_specimens
from mesobayes.fem.cell.homogenisation import homogenise_batch
from mesobayes.fem.plate.device import solve_on_device
from mesobayes.fem.plate.meshing import mesh_plate
from mesobayes.fem.plate.solution import solve_unit_strains
from mesobayes.geometry import Ellipse, Plate
from mesobayes.learning.fit import fit
from mesobayes.learning.gaussian_posterior import laplace_factor
from mesobayes.learning.linear_output import regress
from mesobayes.learning.predict import predict_draws, predict_mean_weights
from mesobayes.learning.settings import Precision
from mesobayes.learning.tempering import temper
from mesobayes.nets.build import Network, build_network
from mesobayes.nets.settings import (
    HeteroencoderSettings,
    PermeabilityNetworkSettings,
    StressNetworkSettings,
)
from mesobayes.studies.failure.fit_settings import DamageFitSettings
from mesobayes.studies.failure.loss_weights import WeightTable
from mesobayes.studies.failure.reference_problem import Problem, flat_network, flatten
from mesobayes.studies.failure.task import specimen_task
from mesobayes.studies.permeability.settings import CellFitSettings
from mesobayes.studies.permeability.task import LabelledImages, cell_task
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.models.symmetries import Batch
from mesobayes.studies.stress.task import patch_task

Arrays = list[np.ndarray]
COMPARED_STEPS = 8  # of training
_TIMED_STEPS = 50  # more, on a GPU
_DRAWS = 8
_GMSH = threading.Lock()  # it has one session a process


@dataclass(frozen=True)
class Work:
    """One stage, ready to run.

    Attributes:
        run: computes the arrays that are compared, and the items per second; None to time the call.
        items: that one call works through.
    """

    run: Callable[[], tuple[Arrays, float | None]]
    items: int = 1


@dataclass(frozen=True)
class Stage:
    """What is checked.

    Attributes:
        prepare: precision of the products -> work.
        items: name of what is counted.
        allowed: largest deviation for every precision that the stage can have; those without float32 products
            that may be rounded have one.
    """

    prepare: Callable[[Precision], Work]
    items: str
    allowed: Mapping[Precision, float]


# ---- simulation


def solve_stress(_: Precision) -> Work:
    """Stress images of a plate with an ellipse and three pores under the unit strains."""
    pores = tuple(Ellipse(x, y, 1.0, 1.0) for x, y in ((-7.0, 2.0), (6.0, 6.0), (5.5, -6.0)))
    plate = Plate(24.0, (Ellipse(0.0, 0.0, 5.0, 3.0, 30.0),), pores)

    def run() -> tuple[Arrays, None]:
        with _GMSH:
            return [solve_unit_strains(plate, pixels_per_radius=2)["stress"].values], None

    return Work(run)


def iterate_stress(_: Precision) -> Work:
    """Displacements of plates with different pores by conjugate gradients, all at once."""
    plates = [
        Plate(24.0, (Ellipse(0.0, 0.0, 5.0, 3.0, 30.0),), (Ellipse(x, 6.0, 1.0, 1.0),)) for x in (5, 6, 7)
    ]
    with _GMSH:
        meshes = [mesh_plate(plate) for plate in plates]

    def run() -> tuple[Arrays, None]:
        return [solution.checked(1e-9) for solution in solve_on_device(meshes, tolerance=1e-9)], None

    return Work(run, len(meshes))


def homogenise_cells(shape: tuple[int, ...], number: int, _: Precision) -> Work:
    """Permeabilities of random cells, all loads of an image and the first of a volume."""
    coarse = np.random.default_rng(0).random((number, *(-(-n // 4) for n in shape))) < 0.3
    for axis in range(1, coarse.ndim):
        coarse = np.repeat(coarse, 4, axis=axis)
    images = coarse[(slice(None), *map(slice, shape))]
    loads = None if len(shape) == 2 else (0,)

    def run() -> tuple[Arrays, None]:
        return [np.stack([cell.permeability for cell in homogenise_batch(images, loads=loads)])], None

    return Work(run, number)


def load_specimens(preset: str, history: bool, _: Precision) -> Work:
    """Damage of porous bars, or stress and largest damage on the way."""
    pores = np.random.default_rng(0).random((4, 8, 8, 16)) < 0.01

    def run() -> tuple[Arrays, None]:
        data = fail_specimens(pores, preset, history=history, maximum_strain=0.01)
        names = ("history_stress", "history_max_damage") if history else ("damage",)
        return [np.nan_to_num(data[name].values) for name in names], None

    return Work(run, len(pores))


# ---- networks

PATCHES = np.random.default_rng(1).uniform(-1.0, 1.0, (64, 36, 36, 5)).astype(np.float32)
PATCHES[..., 3:] = 1.0
SQUARES = (np.random.default_rng(2).random((64, 64, 64)) < 0.3).astype(np.uint8)
VOLUMES = (np.random.default_rng(3).random((16, 16, 16, 16)) < 0.3).astype(np.uint8)
BARS = (np.random.default_rng(4).random((32, 12, 12, 24)) < 0.01).astype(np.uint8)

NETWORKS: dict[str, tuple[Any, np.ndarray]] = {
    "stress printed": (StressNetworkSettings("printed", roi=16, estimator="shared"), PATCHES),
    "stress modern": (StressNetworkSettings("modern", roi=16, estimator="shared"), PATCHES),
    "permeability printed": (PermeabilityNetworkSettings("printed", side=64), SQUARES),
    "permeability modern": (PermeabilityNetworkSettings("modern", side=64), SQUARES),
    "permeability bayes": (PermeabilityNetworkSettings("modern", side=64, estimator="shared"), SQUARES),
    "permeability printed 3-D": (
        PermeabilityNetworkSettings("printed", side=16, dimension=3, outputs=1, width=0.5),
        VOLUMES,
    ),
    "permeability modern 3-D": (
        PermeabilityNetworkSettings("modern", side=16, dimension=3, outputs=1, stem=2),
        VOLUMES,
    ),
    "heteroencoder point": (HeteroencoderSettings(), BARS),
    "heteroencoder bayes": (HeteroencoderSettings(estimator="flipout"), BARS),
    "heteroencoder modern": (HeteroencoderSettings("modern"), BARS),
}


def answer(network: Network, inputs: jax.Array) -> Any:
    """What a network says of its inputs: one array, or mean and log spread, the examples first."""
    return network(inputs.astype(jnp.float32))


def forward(name: str, precision: Precision) -> Work:
    """Prediction by the mean weights."""
    settings, inputs = NETWORKS[name]
    network = build_network(settings, 1)

    def run() -> tuple[Arrays, None]:
        found = predict_mean_weights(network, inputs, forward=answer, precision=precision)
        return jax.tree.leaves(found), None

    return Work(run, len(inputs))


def draws(name: str, precision: Precision) -> Work:
    """Mean and spread over weight draws, the same draws on both."""
    settings, inputs = NETWORKS[name]
    network = build_network(settings, 1)

    def run() -> tuple[Arrays, None]:
        found = predict_draws(network, inputs, _DRAWS, 3, forward=answer, precision=precision)
        return jax.tree.leaves((found.mean, found.std)), None

    return Work(run, _DRAWS * len(inputs))


def train(name: str, precision: Precision) -> Work:
    """Losses and their terms in the first steps of the loop; the rate is that of later ones."""
    settings, inputs = NETWORKS[name]
    network = build_network(settings, 1)
    steps = COMPARED_STEPS if jax.default_backend() == "cpu" else COMPARED_STEPS + 2 * _TIMED_STEPS
    reports = steps if jax.default_backend() == "cpu" else 2
    task = task_of(network, inputs, steps=steps, batch=len(inputs) // 2, reports=reports, precision=precision)

    def run() -> tuple[Arrays, float]:
        times: list[tuple[int, float]] = []
        result = fit(
            task,
            network,
            task.settings,
            seed=2,
            report=lambda progress: times.append((progress.step, time.perf_counter())),
        )
        (first, begin), (last, end) = times[0], times[-1]
        rate = (last - first) * task.settings.batch / (end - begin)
        return list(result.history[:COMPARED_STEPS].T), rate

    return Work(run)


def task_of(network: Network, inputs: np.ndarray, **fit_settings: Any) -> Any:
    """A fit of the study that the network belongs to, to made-up labels."""
    rng = np.random.default_rng(5)
    if isinstance(network.settings, StressNetworkSettings):
        target = rng.uniform(0.0, 1.0, (len(inputs), 16, 16)).astype(np.float32)
        data = Batch(inputs, target, np.ones(target.shape, bool))
        return patch_task(network, PatchFitSettings(augment=True, **fit_settings), data)
    if isinstance(network.settings, PermeabilityNetworkSettings):
        labels = rng.uniform(0.0, 1.0, (len(inputs), network.settings.outputs)).astype(np.float32)
        cells = LabelledImages(inputs, labels)
        loss = "mse" if network.settings.estimator == "none" else "nll"
        settings = CellFitSettings(loss=loss, augment=True, **fit_settings)
        return cell_task(network, settings, cells, LabelledImages(inputs[:2], labels[:2]))
    target = rng.uniform(0.0, 1.0, inputs.shape).astype(np.float32)
    weights = WeightTable(np.ones((1, 1), np.float32))
    return specimen_task(network, DamageFitSettings(**fit_settings), inputs.astype(bool), target, weights)


# ---- reference posterior


def reference_problem(noise: float) -> tuple[Problem, jax.Array]:
    """A small problem of the reference posterior, and weights to begin at."""
    network = build_network(HeteroencoderSettings(filters=1), 1)
    target = np.random.default_rng(6).random((2, *BARS.shape[1:])).astype(np.float32)
    pores = jnp.asarray(BARS[:2], jnp.float32)
    return Problem(pores, jnp.asarray(target), flat_network(network), 0.27, noise), flatten(network)[0]


def gram_matrix(_: Precision) -> Work:
    """Posterior of a last convolution from the Gram matrix of its features."""
    rng = np.random.default_rng(7)
    columns, observed = (jnp.asarray(rng.random(shape), jnp.float32) for shape in ((109, 50_000), (50_000,)))
    posterior = jax.jit(partial(regress, noise=1.0, prior_std=1.0))

    def run() -> tuple[Arrays, None]:
        found = posterior(columns, observed)
        return [np.asarray(found.mean), np.asarray(found.precision_factor)], None

    return Work(run)


def laplace(_: Precision) -> Work:
    """Covariance of the linearised posterior."""
    problem, at = reference_problem(0.1)

    def run() -> tuple[Arrays, None]:
        with jax.default_matmul_precision("float32"):
            factor = np.asarray(laplace_factor(problem.error, at, problem.prior_std))
        return [factor @ factor.T], None

    return Work(run)


def move(_: Precision) -> Work:
    """One degree of tempering with one move: the noise is so large that λ rises to 1 at once."""
    problem, _ = reference_problem(30.0)
    log_evidence, particles = jax.jit(problem.log_evidence), 16
    size = problem.size - problem.last

    def run() -> tuple[Arrays, None]:
        with jax.default_matmul_precision("float32"):
            found = temper(log_evidence, size, problem.prior_std, particles, 1, 4, jax.random.key(0))
        return [np.asarray(found.particles), np.asarray([found.log_evidence])], None

    return Work(run, particles)


ONE_PASS: dict[Precision, float] = {"float32": 3e-5, "tensorfloat32": 5e-3}
MANY_PASSES: dict[Precision, float] = {"float32": 1e-4, "tensorfloat32": 5e-2}
TRAINING: dict[Precision, float] = {"float32": 1e-3, "tensorfloat32": 3e-2}

STAGES: dict[str, Stage] = {
    "solve stress": Stage(solve_stress, "plates", {"float32": 1e-8}),
    "solve stress on the device": Stage(iterate_stress, "plates", {"float32": 1e-8}),
    "homogenise 2-D": Stage(partial(homogenise_cells, (64, 64), 8), "cells", {"float32": 1e-8}),
    "homogenise 3-D": Stage(partial(homogenise_cells, (23, 23, 23), 2), "volumes", {"float32": 1e-8}),
    "specimens fast": Stage(partial(load_specimens, "fast", False), "specimens", {"float32": 1e-3}),
    "specimens printed": Stage(partial(load_specimens, "printed", False), "specimens", {"float32": 1e-3}),
    "histories": Stage(partial(load_specimens, "fast", True), "specimens", {"float32": 1e-3}),
    **{f"forward {name}": Stage(partial(forward, name), "examples", ONE_PASS) for name in NETWORKS},
    **{
        f"draws {name}": Stage(partial(draws, name), "passes", MANY_PASSES)
        for name, (settings, _) in NETWORKS.items()
        if settings.estimator != "none"
    },
    **{f"train {name}": Stage(partial(train, name), "examples", TRAINING) for name in NETWORKS},
    "gram matrix": Stage(gram_matrix, "matrices", {"float32": 1e-4}),
    "laplace": Stage(laplace, "matrices", {"float32": 1e-3}),
    "tempering move": Stage(move, "moves", {"float32": 1e-3}),
}
