# SPDX-License-Identifier: GPL-3.0-or-later
"""What mean field loses: three posteriors of one small heteroencoder.

Mean field, the best Gaussian with any covariance, and sequential Monte Carlo (SMC) see the same specimens,
the same fixed noise and the same prior, so the only difference is the family of the posterior. SMC moves over
the weights before the last convolution; that one is linear and is integrated out
(`mesobayes.learning.linear_output`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from numpy.typing import NDArray

from mesobayes.learning.fit import FitResult, fit
from mesobayes.learning.gaussian_posterior import (
    GaussianPosterior,
    evidence_bound,
    fit_gaussian,
    laplace_factor,
)
from mesobayes.learning.linear_output import LinearPosterior, draw_output, neighbourhoods, regress
from mesobayes.learning.settings import Precision
from mesobayes.learning.tempering import temper
from mesobayes.metrics.convergence import diagnose
from mesobayes.nets.build import build_network
from mesobayes.nets.heteroencoder import Heteroencoder
from mesobayes.nets.keys import random_key
from mesobayes.nets.posterior import warm_start
from mesobayes.nets.posterior import weights as posterior_weights
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.nets.state import Structure, merge_network, split_network
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import seed_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.folds import split_specimens
from mesobayes.studies.failure.loss_weights import WeightTable
from mesobayes.studies.failure.settings import (
    DamageFitSettings,
    ReferenceSettings,
    SplitSettings,
    TransformSettings,
)
from mesobayes.studies.failure.stores import REFERENCE, SPECIMENS
from mesobayes.studies.failure.target import transform_damage
from mesobayes.studies.failure.task import specimen_task

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]
POSTERIORS = ("mean field", "full covariance", "SMC")
_PRECISION: Precision = "float32"  # of all products: a posterior is compared to a part of its log density
_UNIFORM = WeightTable(np.ones((1, 1), np.float32))


@dataclass(frozen=True)
class FlatNetwork:
    """A network with point weights as a function of one vector (n,), kernel before bias, layer by layer."""

    structure: Structure
    shapes: tuple[tuple[str, tuple[int, ...]], ...]

    def unflatten(self, vector: jax.Array) -> Heteroencoder:
        """The network with these weights."""
        parameters, begin = {}, 0
        for name, shape in self.shapes:
            end = begin + math.prod(shape)
            parameters[name] = vector[begin:end].reshape(shape)
            begin = end
        network: Heteroencoder = merge_network(self.structure, parameters, {})
        return network


def flat_network(network: Heteroencoder) -> FlatNetwork:
    """Structure and order of the weights of a network with point weights."""
    structure, parameters, _ = split_network(network)
    names = [f"layers.{i}.{part}.mu" for i in range(len(network.layers)) for part in ("kernel", "bias")]
    return FlatNetwork(structure, tuple((name, parameters[name].shape) for name in names))


def flatten(network: Heteroencoder) -> tuple[jax.Array, jax.Array]:
    """Means and deviations (n,) of all weights in the order of `FlatNetwork`."""
    every = posterior_weights(network)
    return (
        jnp.concatenate([weight.mu[...].ravel() for weight in every]),
        jnp.concatenate([weight.sigma.ravel() for weight in every]),
    )


class Problem(NamedTuple):
    """What all posteriors share.

    Attributes:
        pores, target: training set (n, x, y, z), float32.
        flat: the network.
        prior_std: of every weight.
        noise: deviation of an independent observation.
    """

    pores: jax.Array
    target: jax.Array
    flat: FlatNetwork
    prior_std: float
    noise: float

    def error(self, weights: jax.Array) -> jax.Array:
        """Prediction minus target in units of the noise, 0 in voids."""
        pores, target = self.data()
        return (self.predict(weights, pores) - target) * (1.0 - pores) / self.noise

    def predict(self, weights: jax.Array, pores: jax.Array) -> jax.Array:
        """Damage (n, x, y, z) by the weights (n,)."""
        return self.flat.unflatten(weights)(pores)

    def potential(self, weights: jax.Array) -> jax.Array:
        """Minus the log posterior of all weights (n,)."""
        prior = jnp.sum(weights**2) / self.prior_std**2
        return 0.5 * jnp.sum(self.error(weights) ** 2) + 0.5 * prior

    def log_evidence(self, hidden: jax.Array) -> jax.Array:
        """Log evidence of the weights before the last convolution, up to the constant of the likelihood."""
        return self.last_layer(hidden).log_evidence

    def complete(self, hidden: jax.Array, key: jax.Array) -> jax.Array:
        """All weights, the last convolution drawn from its posterior given the others."""
        return jnp.concatenate([hidden, draw_output(self.last_layer(hidden), key)])

    def last_layer(self, hidden: jax.Array) -> LinearPosterior:
        """Posterior of the last convolution given all weights before it."""
        pores, target = self.data()
        return regress(self.columns(hidden, pores), target.ravel(), self.noise, self.prior_std)

    def columns(self, hidden: jax.Array, pores: jax.Array) -> jax.Array:
        """What the last convolution sees, one row for each of its weights."""
        network = self.flat.unflatten(jnp.concatenate([hidden, jnp.zeros(self.last, hidden.dtype)]))
        return neighbourhoods(network.last_features(pores), 1.0 - pores)

    def data(self) -> tuple[jax.Array, jax.Array]:
        """Training set as the compiler may not see it."""
        return jax.lax.optimization_barrier((self.pores, self.target))  # else folded for minutes

    @property
    def size(self) -> int:
        """Number of all weights."""
        return sum(math.prod(shape) for _, shape in self.flat.shapes)

    @property
    def last(self) -> int:
        """Number of weights of the last convolution; they come last."""
        return sum(math.prod(shape) for _, shape in self.flat.shapes[-2:])


class Runs(NamedTuple):
    """Weights (run, particle, n), log evidence of each run (run,), and the most degrees of a run."""

    weights: FloatArray
    log_evidence: FloatArray
    degrees: int


def sample_reference(
    specimens: Path,
    reference: Path,
    split: SplitSettings,
    transform: TransformSettings,
    settings: ReferenceSettings,
    run: Run,
) -> None:
    """Write all posteriors of a small heteroencoder on test specimens of fold 0."""
    data = open_store(specimens, SPECIMENS, finite=("damage",), sample_id="specimen")
    rows = split_specimens(data, 0, split, run.seed)
    pores = data["pores"].values.astype(bool)
    target = transform_damage(data["damage"].values, ~pores, "t", transform)
    test = rows.test[: settings.test_specimens]
    result = compare_posteriors(
        pores[rows.train],
        target[rows.train],
        pores[test],
        target[test],
        settings,
        run.seed,
        run.checkpoint,
        report=_print,
    )
    write_store(result, reference, REFERENCE, run)


def _print(line: str) -> None:
    print(line, flush=True)


@jax.default_matmul_precision(_PRECISION)
def compare_posteriors(
    pores: BoolArray,
    target: FloatArray,
    test_pores: BoolArray,
    test_target: FloatArray,
    settings: ReferenceSettings,
    seed: str,
    checkpoint: Path | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> xr.Dataset:
    """Mean and spread of the damage of test specimens under each posterior, and diagnostics of the runs.

    The noise is that of the best deterministic fit to the same specimens. Both Gaussians start from that fit:
    mean field as in the study, the full one from its Laplace approximation; from mean field it would stay at
    the prior where mean field has returned to it. Products are float32 on a GPU too. `report` is told of
    every posterior and every run. Fits go on from checkpoints beside the given one, if they are there, and leave
    none behind.
    """
    seed_of = partial(seed_from_name, seed, "reference")
    train, truth = pores[: settings.specimens], target[: settings.specimens]
    network = HeteroencoderSettings(filters=settings.filters, prior_std=settings.prior_std)
    point = best_fit(network, train, truth, settings, seed, checkpoint)
    noise = float(np.sqrt(point.history[-1, 0]))
    problem = Problem(
        jnp.asarray(train, jnp.float32),
        jnp.asarray(truth, jnp.float32),
        flat_network(point.network),
        settings.prior_std,
        noise / math.sqrt(settings.evidence),
    )
    report(f"deterministic fit: deviation {noise:.4f}")
    seconds = [time.process_time()]
    field = fit_mean_field(point.network, train, truth, settings, noise, seed, checkpoint)
    seconds.append(time.process_time())
    report(f"mean field: {seconds[-1] - seconds[-2]:.0f} CPU s")
    at = flatten(point.network)[0]
    laplace = GaussianPosterior(at, laplace_factor(problem.error, at, settings.prior_std))
    key = random_key(seed_of("full covariance"))
    full = fit_gaussian(problem.potential, laplace, settings.gaussian_steps, key, settings.gaussian_rate)
    seconds.append(time.process_time())
    report(f"full covariance: {seconds[-1] - seconds[-2]:.0f} CPU s")
    runs = sample_runs(problem, settings, seed, report)
    seconds.append(time.process_time())
    number = settings.runs * settings.particles
    draws: dict[str, FloatArray | jax.Array] = {
        "mean field": field.draw(number, random_key(seed_of("draws", "mean field"))),
        "full covariance": full.draw(number, random_key(seed_of("draws", "full covariance"))),
        "SMC": runs.weights.reshape(number, -1),
    }
    widths = np.stack([field.std, full.std, runs.weights.std(axis=(0, 1))])
    bounds = {
        name: evidence_bound(
            problem.potential,
            gaussian,
            settings.prior_std,
            settings.bound_draws,
            random_key(seed_of("bound", name)),
        )
        for name, gaussian in zip(POSTERIORS, (field, full), strict=False)
    }
    for path in _checkpoints(checkpoint, settings):
        path.unlink(missing_ok=True)
    result = describe(problem, draws, test_pores, test_target, settings)
    return result.assign(weight_std=(("posterior", "weight"), widths)).assign_attrs(
        noise_std=noise,
        evidence=settings.evidence,
        precision=_PRECISION,
        degrees=runs.degrees,
        evidence_bound=bounds,
        log_evidence=runs.log_evidence.round(2).tolist(),
        seconds=dict(zip(POSTERIORS, np.diff(seconds).round(1).tolist(), strict=True)),
    )


def best_fit(
    network: HeteroencoderSettings,
    pores: BoolArray,
    target: FloatArray,
    settings: ReferenceSettings,
    seed: str,
    checkpoint: Path | None = None,
) -> FitResult[Heteroencoder]:
    """The best of some deterministic fits from different initial weights."""
    fits = []
    for i in range(settings.fits):
        start = build_network(network, seed_from_name(seed, "reference", "network", i))
        task = specimen_task(start, _schedule(settings, settings.learning_rate), pores, target, _UNIFORM)
        number = seed_from_name(seed, "reference", "fit", i)
        fits.append(fit(task, start, task.settings, number, _checkpoint(checkpoint, f"fit{i}")))
    return min(fits, key=lambda result: result.history[-1, 0])


def fit_mean_field(
    point: Heteroencoder,
    pores: BoolArray,
    target: FloatArray,
    settings: ReferenceSettings,
    noise: float,
    seed: str,
    checkpoint: Path | None = None,
) -> GaussianPosterior:
    """The variational posterior of the study, by Flipout from a deterministic fit, the noise held."""
    seed_of = partial(seed_from_name, seed, "reference", "mean field")
    network = replace(point.settings, estimator="flipout")
    start = warm_start(build_network(network, seed_of("network")), point)
    assert start.log_noise is not None
    start.log_noise[...] = jnp.float32(math.log(noise))
    schedule = _schedule(settings, settings.mean_field_rate)
    task = specimen_task(start, schedule, pores, target, _UNIFORM, learn_noise=False)
    fitted = fit(task, start, schedule, seed_of("fit"), _checkpoint(checkpoint, "mean_field"))
    mean, std = flatten(fitted.network)
    return GaussianPosterior(mean, jnp.diag(std))


def _schedule(settings: ReferenceSettings, rate: float) -> DamageFitSettings:
    return DamageFitSettings(
        steps=settings.steps,
        batch=settings.specimens,
        learning_rate=rate,
        schedule="cosine",
        evidence=settings.evidence,
        reports=1,
        precision=_PRECISION,
        symmetries="none",
    )


def _checkpoint(path: Path | None, name: str) -> Path | None:
    """Where one of several fits keeps its checkpoint."""
    return None if path is None else path.with_name(f"{path.stem}.{name}{path.suffix}")


def _checkpoints(path: Path | None, settings: ReferenceSettings) -> list[Path]:
    names = [f"fit{i}" for i in range(settings.fits)] + ["mean_field"]
    return [found for name in names if (found := _checkpoint(path, name)) is not None]


def sample_runs(
    problem: Problem, settings: ReferenceSettings, seed: str, report: Callable[[str], None]
) -> Runs:
    """Weights by independent runs of SMC, the particles of each in random order."""
    size = problem.size - problem.last
    complete, log_evidence = jax.jit(problem.complete), jax.jit(problem.log_evidence)
    weights, evidence, degrees = [], [], 0
    for number in range(settings.runs):
        walk, mix, last = jax.random.split(random_key(seed_from_name(seed, "reference", "run", number)), 3)
        run = temper(
            log_evidence,
            size,
            problem.prior_std,
            settings.particles,
            settings.moves,
            settings.leapfrogs,
            walk,
        )
        evidence.append(run.log_evidence)
        degrees = max(degrees, len(run.degrees))
        report(
            f"run {number + 1} of {settings.runs}: log evidence {run.log_evidence:.1f}, "
            f"{len(run.degrees)} degrees, {100 * run.acceptance:.0f} % of the last moves accepted"
        )
        keys = jax.random.split(last, settings.particles)
        hidden = jax.random.permutation(mix, run.particles)
        weights.append(
            np.stack([np.asarray(complete(row, key)) for row, key in zip(hidden, keys, strict=True)])
        )
    return Runs(np.stack(weights), np.asarray(evidence), degrees)


def describe(
    problem: Problem,
    draws: Mapping[str, FloatArray | jax.Array],
    pores: BoolArray,
    target: FloatArray,
    settings: ReferenceSettings,
) -> xr.Dataset:
    """Fields and maxima of every posterior, and how well its mean agrees with the damage `target`.

    R-hat and effective sample size of the runs of SMC are among them.
    """
    forward = jax.jit(partial(problem.predict, pores=jnp.asarray(pores, jnp.float32)))
    means, stds, maxima = [], [], []
    for weights in draws.values():
        fields = np.stack([np.asarray(forward(row)) for row in weights])  # (draw, specimen, x, y, z)
        means.append(fields.mean(axis=0))
        stds.append(fields.std(axis=0))
        maxima.append(np.where(pores, -np.inf, fields).max(axis=(2, 3, 4)))
    solid = fields[:, ~pores]  # of the last, SMC
    watched = {
        "prediction": solid[:, :: max(1, solid.shape[1] // settings.watched)],
        "maximum": maxima[-1],
        "weight": np.asarray(draws["SMC"]),
    }
    diagnoses = {name: diagnose(v.reshape(settings.runs, -1, v.shape[-1])) for name, v in watched.items()}
    field = ("posterior", "specimen", "x", "y", "z")
    return xr.Dataset(
        {
            "mean": (field, np.stack(means).astype(np.float32)),
            "std": (field, np.stack(stds).astype(np.float32)),
            "maximum": (("posterior", "draw", "specimen"), np.stack(maxima).astype(np.float32)),
            "correlation": (field[:2], np.array([correlate(mean, target, pores) for mean in means])),
            "true_maximum": ("specimen", target.max(axis=(1, 2, 3)).astype(np.float32)),
            "pores": (field[1:], pores.astype(np.uint8)),
            **{f"rhat_{name}": (f"watched_{name}", d.rhat) for name, d in diagnoses.items()},
            **{f"ess_{name}": (f"watched_{name}", d.ess) for name, d in diagnoses.items()},
        },
        {"posterior": list(draws)},
        {"runs": settings.runs},
    )


def correlate(mean: FloatArray, target: FloatArray, pores: BoolArray) -> FloatArray:
    """Correlation of prediction and truth over the solid voxels of each specimen; 0 for a uniform field."""
    values = []
    for predicted, truth, void in zip(mean, target, pores, strict=True):
        deviations = predicted[~void].std() * truth[~void].std()
        covariance = np.mean(predicted[~void] * truth[~void]) - predicted[~void].mean() * truth[~void].mean()
        values.append(covariance / deviations if deviations > 0 else 0.0)
    return np.asarray(values)
