# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages that ``gpu_check.py`` compares: small inputs that do not depend on the platform.

Networks use the plain convolutions everywhere, so that sums have the same terms. What is allowed is the
largest deviation over the largest magnitude.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

Call = Callable[[], np.ndarray]
DOUBLE = {"float32": 1e-7}  # solved in double precision, to a residual of 1e-8
SINGLE = {"float32": 1e-3}  # explicit steps and sums of single precision
NETWORK = {"float32": 1e-4, "tensorfloat32": 1e-2}  # one pass; ten bits of mantissa are 1e-3 a product
TRAINING = {"float32": 5e-3}  # losses of ten steps


@dataclass(frozen=True)
class Stage:
    """What to run, how many items one call handles, and what may differ by precision of the products."""

    prepare: Callable[[str], Call]
    items: int
    allowed: Mapping[str, float]


def plate(precision: str) -> Call:
    """Stress images (load, component, y, x) of a plate with an ellipse and three pores."""
    from mesobayes.fem.plate.solution import solve_unit_strains
    from mesobayes.geometry import Ellipse, Plate

    pores = tuple(Ellipse(x, y, 1.0, 1.0) for x, y in ((-7.0, 2.0), (6.0, 6.0), (5.5, -6.0)))
    whole = Plate(24.0, (Ellipse(0.0, 0.0, 5.0, 3.0, 30.0),), pores)
    return lambda: solve_unit_strains(whole, pixels_per_radius=2)["stress"].values


def cells(shape: tuple[int, ...], precision: str) -> Call:
    """Apparent permeability of random images."""
    from mesobayes.fem.cell.homogenisation import homogenise_batch

    images = np.random.default_rng(0).random((8, *shape)) < 0.3
    loads = tuple(range(2 if len(shape) == 2 else 1))
    return lambda: np.stack(
        [found.permeability for found in homogenise_batch(images, 1.0, 250.0, 1e-8, loads=loads)]
    )


def specimens(preset: str, count: int, precision: str) -> Call:
    """Damage of bars at their first failure."""
    from mesobayes.fem.bar.failure import fail_specimens

    pores = np.random.default_rng(1).random((count, 8, 8, 16)) < 0.01
    return lambda: fail_specimens(pores, preset, maximum_strain=0.02)["damage"].values


def stress_network(name: str, estimator: str):
    """Network and a task on random patches of 36 × 36 pixels."""
    from mesobayes.nets.build import build_network
    from mesobayes.nets.settings import StressNetworkSettings
    from mesobayes.studies.stress.patch_data import PatchData
    from mesobayes.studies.stress.settings import PatchFitSettings
    from mesobayes.studies.stress.task import patch_task

    rng = np.random.default_rng(0)
    inputs = np.ones((32, 36, 36, 5), np.float32)
    inputs[..., :3] = rng.uniform(-1.0, 1.0, (32, 36, 36, 3))
    data = PatchData(
        inputs, rng.uniform(0.0, 1.0, (32, 16, 16)).astype(np.float32), np.ones((32, 16, 16), bool)
    )
    settings = StressNetworkSettings(
        name, roi=16, width=0.25, norm="none", estimator=estimator, convolution="plain"
    )
    network = build_network(settings, seed=1)
    fit = partial(PatchFitSettings, steps=10, batch=16, reports=1)
    return network, inputs, fit, partial(patch_task, network, patches=data)


def cell_network(name: str, estimator: str, dimension: int):
    """Network and a task on random images of 32 × 32 pixels or 16 × 16 × 16 voxels."""
    from mesobayes.nets.build import build_network
    from mesobayes.nets.settings import PermeabilityNetworkSettings
    from mesobayes.studies.permeability.settings import CellFitSettings
    from mesobayes.studies.permeability.task import LabelledImages, cell_task

    side, outputs = (32, 2) if dimension == 2 else (16, 1)
    rng = np.random.default_rng(0)
    images = (rng.random((32, *(side,) * dimension)) < 0.3).astype(np.uint8)
    data = LabelledImages(images, rng.normal(0.5, 0.1, (32, outputs)).astype(np.float32))
    settings = PermeabilityNetworkSettings(
        name,
        side=side,
        dimension=dimension,
        outputs=outputs,
        width=0.5,
        levels=2,
        stem=2,
        estimator=estimator,
    )
    network = build_network(settings, seed=1)
    fit = partial(CellFitSettings, steps=10, batch=16, reports=1, loss="nll", augment=True)
    return network, images, fit, partial(cell_task, network, cells=data, validation=data)


def damage_network(name: str, estimator: str):
    """Heteroencoder and a task on random pores of 8 × 8 × 16 voxels."""
    from mesobayes.nets.build import build_network
    from mesobayes.nets.settings import HeteroencoderSettings
    from mesobayes.studies.failure.loss_weights import WeightTable
    from mesobayes.studies.failure.settings import DamageFitSettings
    from mesobayes.studies.failure.task import specimen_task

    rng = np.random.default_rng(0)
    pores = rng.random((32, 8, 8, 16)) < 0.05
    target = rng.random(pores.shape).astype(np.float32)
    settings = HeteroencoderSettings(name, estimator=estimator, convolution="plain")
    network = build_network(settings, seed=1)
    task = partial(
        specimen_task, network, pores=pores, target=target, weights=WeightTable(np.ones((1, 1), np.float32))
    )
    return network, pores.astype(np.uint8), partial(DamageFitSettings, steps=10, batch=16, reports=1), task


def losses(build: Callable, precision: str) -> Call:
    """Losses of ten training steps."""
    from mesobayes.learning.fit import fit

    network, _, settings, task = build()
    chosen = settings(precision=precision)
    return lambda: fit(task(settings=chosen), network, chosen, seed=2).history[:, 0]


def draws(build: Callable, precision: str) -> Call:
    """Mean and spread of predictions by eight draws; a network with point weights needs one pass."""
    import jax

    from mesobayes.learning.predict import predict_draws

    network, inputs, _, _ = build()

    def call() -> np.ndarray:
        found = predict_draws(network, inputs, 8, seed=3, batch=16, precision=precision)
        return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves((found.mean, found.std))])

    return call


def last_layer(precision: str) -> Call:
    """Evidence and mean of the integrated last convolution: a Gram matrix and its factor."""
    import jax.numpy as jnp

    from mesobayes.learning.linear_output import regress

    rng = np.random.default_rng(0)
    columns = jnp.asarray(rng.normal(size=(28, 4096)), jnp.float32)
    observed = jnp.asarray(rng.normal(size=4096), jnp.float32)

    def call() -> np.ndarray:
        found = regress(columns, observed, 0.5, 0.3)
        return np.append(np.asarray(found.mean), float(found.log_evidence) / 1e3)

    return call


def tempering(precision: str) -> Call:
    """Log evidence of a Gaussian likelihood by tempered sequential Monte Carlo."""
    import jax
    import jax.numpy as jnp

    from mesobayes.learning.tempering import temper

    def log_likelihood(weights: jax.Array) -> jax.Array:
        return -0.5 * jnp.sum((weights - 0.5) ** 2) / 0.2**2

    run = partial(temper, log_likelihood, 8, 1.0, 64, 2, 8)
    return lambda: np.array([run(jax.random.key(0)).log_evidence])


_NETWORKS = {
    "stress printed, Bayesian": partial(stress_network, "printed", "shared"),
    "stress modern, Bayesian": partial(stress_network, "modern", "shared"),
    "cells printed": partial(cell_network, "printed", "none", 2),
    "cells modern, Bayesian": partial(cell_network, "modern", "shared", 2),
    "volumes modern": partial(cell_network, "modern", "none", 3),
    "heteroencoder": partial(damage_network, "printed", "none"),
    "heteroencoder, Bayesian": partial(damage_network, "printed", "flipout"),
    "heteroencoder modern": partial(damage_network, "modern", "none"),
}
STAGES = {
    "solve plate": Stage(plate, 1, DOUBLE),
    "solve cells": Stage(partial(cells, (64, 64)), 8, DOUBLE),
    "solve volumes": Stage(partial(cells, (16, 16, 16)), 8, DOUBLE),
    "solve specimens, fast": Stage(partial(specimens, "fast", 8), 8, SINGLE),
    "solve specimens, printed": Stage(partial(specimens, "printed", 2), 2, SINGLE),
    **{f"fit {name}": Stage(partial(losses, build), 160, TRAINING) for name, build in _NETWORKS.items()},
    **{f"draw {name}": Stage(partial(draws, build), 32, NETWORK) for name, build in _NETWORKS.items()},
    "reference last layer": Stage(last_layer, 1, {"float32": 1e-4}),
    "reference tempering": Stage(tempering, 64, {"float32": 1e-1}),
}
