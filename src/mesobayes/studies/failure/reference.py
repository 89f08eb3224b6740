# SPDX-License-Identifier: GPL-3.0-or-later
"""What mean field loses: three posteriors of one small heteroencoder.

Mean field, the best Gaussian with any covariance, and sequential Monte Carlo (SMC) see the same specimens,
the same fixed noise and the same prior, so the only difference is the family of the posterior. SMC moves over
the weights before the last convolution; that one is linear and is integrated out
(`mesobayes.learning.linear_output`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from mesobayes.learning.gaussian_posterior import (
    GaussianPosterior,
    evidence_bound,
    fit_gaussian,
    laplace_factor,
)
from mesobayes.learning.linear_output import LinearPosterior, draw_output, neighbourhoods, regress
from mesobayes.learning.tempering import temper
from mesobayes.metrics.convergence import diagnose
from mesobayes.nets.functional_heteroencoder import (
    Parameters,
    build_heteroencoder,
    last_features,
    predict_damage,
    warm_start,
)
from mesobayes.nets.keys import random_key
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import seed_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.damage_fit import DamageData, fit_damage
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

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]
POSTERIORS = ("mean field", "full covariance", "SMC")


class Problem(NamedTuple):
    """Training set (n, x, y, z), network with a fitted start, and deviation of an independent observation."""

    pores: jax.Array
    target: jax.Array
    start: Parameters
    network: HeteroencoderSettings
    noise: float

    def error(self, weights: jax.Array) -> jax.Array:
        """Prediction minus target in units of the noise, 0 in voids."""
        pores, target = self.data()
        return (self.predict(weights, pores) - target) * (1.0 - pores) / self.noise

    def predict(self, weights: jax.Array, pores: jax.Array) -> jax.Array:
        return predict_damage(self.start._replace(layers=self.unravel(weights)), pores, self.network)

    def potential(self, weights: jax.Array) -> jax.Array:
        """Minus the log posterior of all weights (n,)."""
        prior = jnp.sum(weights**2) / self.network.prior_std**2
        return 0.5 * jnp.sum(self.error(weights) ** 2) + 0.5 * prior

    def log_evidence(self, hidden: jax.Array) -> jax.Array:
        """Log evidence of the weights before the last convolution, up to the constant of the likelihood."""
        return self.last_layer(hidden).log_evidence

    def complete(self, hidden: jax.Array, key: jax.Array) -> jax.Array:
        """All weights, the last convolution drawn from its posterior given the others."""
        return jnp.concatenate([hidden, draw_output(self.last_layer(hidden), key)])

    def last_layer(self, hidden: jax.Array) -> LinearPosterior:
        pores, target = self.data()
        return regress(self.columns(hidden, pores), target.ravel(), self.noise, self.network.prior_std)

    def columns(self, hidden: jax.Array, pores: jax.Array) -> jax.Array:
        weights = jnp.concatenate([hidden, jnp.zeros(self.last, hidden.dtype)])
        parameters = self.start._replace(layers=self.unravel(weights))
        return neighbourhoods(last_features(parameters, pores, self.network), 1.0 - pores)

    def data(self) -> tuple[jax.Array, jax.Array]:
        return jax.lax.optimization_barrier((self.pores, self.target))  # else folded for minutes

    @property
    def last(self) -> int:
        """Number of weights of the last convolution; they come last, kernel before bias."""
        return 27 * self.network.filters + 1

    @property
    def unravel(self) -> Callable[[jax.Array], tuple]:
        return ravel_pytree(self.start.layers)[1]


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
        report=_print,
    )
    write_store(result, reference, REFERENCE, run)


def _print(line: str) -> None:
    print(line, flush=True)


def compare_posteriors(
    pores: BoolArray,
    target: FloatArray,
    test_pores: BoolArray,
    test_target: FloatArray,
    settings: ReferenceSettings,
    seed: str,
    report: Callable[[str], None] = lambda _: None,
) -> xr.Dataset:
    """Mean and spread of the damage of test specimens under each posterior, and diagnostics of the runs.

    The noise is that of the best deterministic fit to the same specimens. Both Gaussians start from that fit:
    mean field as in the study, the full one from its Laplace approximation; from mean field it would stay at
    the prior where mean field has returned to it. `report` is told of every posterior and every run.
    """
    seed_of = partial(seed_from_name, seed, "reference")
    train, truth = pores[: settings.specimens], target[: settings.specimens]
    network = HeteroencoderSettings(
        filters=settings.filters, prior_std=settings.prior_std, convolution="auto"
    )
    data = DamageData(train, truth, WeightTable(np.ones((1, 1), np.float32)))
    schedule = DamageFitSettings(
        settings.steps,
        len(train),
        settings.learning_rate,
        decay=True,
        symmetries="none",
        evidence=settings.evidence,
    )
    point = min(
        (
            fit_damage(
                build_heteroencoder(network, seed_of("network", i)),
                data,
                network,
                schedule,
                seed_of("fit", i),
            )
            for i in range(settings.fits)
        ),
        key=lambda fit: fit.loss[-1],
    )
    noise = float(np.sqrt(point.loss[-1]))
    problem = Problem(
        jnp.asarray(train, jnp.float32),
        jnp.asarray(truth, jnp.float32),
        point.parameters,
        network,
        noise / np.sqrt(settings.evidence),
    )
    report(f"deterministic fit: deviation {noise:.4f}")
    seconds = [time.process_time()]
    field = fit_mean_field(problem, data, schedule, settings.mean_field_rate, noise, seed_of("mean field"))
    seconds.append(time.process_time())
    report(f"mean field: {seconds[-1] - seconds[-2]:.0f} CPU s")
    at = ravel_pytree(point.parameters.layers)[0]
    laplace = GaussianPosterior(at, laplace_factor(problem.error, at, settings.prior_std))
    full = fit_gaussian(
        problem.potential,
        laplace,
        settings.gaussian_steps,
        random_key(seed_of("full covariance")),
        settings.gaussian_rate,
    )
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
    result = describe(problem, draws, test_pores, test_target, settings)
    return result.assign(weight_std=(("posterior", "weight"), widths)).assign_attrs(
        noise_std=noise,
        evidence=settings.evidence,
        degrees=runs.degrees,
        evidence_bound=bounds,
        log_evidence=runs.log_evidence.round(2).tolist(),
        seconds=dict(zip(POSTERIORS, np.diff(seconds).round(1).tolist(), strict=True)),
    )


def fit_mean_field(
    problem: Problem, data: DamageData, schedule: DamageFitSettings, rate: float, noise: float, seed: int
) -> GaussianPosterior:
    """The variational posterior of the study, by Flipout from the deterministic fit."""
    network = replace(problem.network, estimator="flipout")
    start = warm_start(build_heteroencoder(network, seed), problem.start)
    start = start._replace(log_noise=jnp.float32(np.log(noise)))
    held = replace(schedule, spread_rate=10.0, learning_rate=rate)
    layers = fit_damage(start, data, network, held, seed, learn_noise=False).parameters.layers
    mean = jnp.concatenate([w.mu.ravel() for layer in layers for w in layer])
    return GaussianPosterior(mean, jnp.diag(jnp.concatenate([w.sigma.ravel() for la in layers for w in la])))


def sample_runs(
    problem: Problem, settings: ReferenceSettings, seed: str, report: Callable[[str], None]
) -> Runs:
    """Weights by independent runs of SMC, the particles of each in random order."""
    size = len(ravel_pytree(problem.start.layers)[0]) - problem.last
    complete, log_evidence = jax.jit(problem.complete), jax.jit(problem.log_evidence)
    weights, evidence, degrees = [], [], 0
    for number in range(settings.runs):
        walk, mix, last = jax.random.split(random_key(seed_from_name(seed, "reference", "run", number)), 3)
        run = temper(
            log_evidence,
            size,
            problem.network.prior_std,
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
