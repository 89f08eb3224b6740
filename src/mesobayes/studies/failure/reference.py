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
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from mesobayes.learning.damage_fit import DamageData, DamageFitSettings, fit_damage
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
from mesobayes.studies.failure.target import WeightTable

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]
POSTERIORS = ("mean field", "full covariance", "SMC")
_DIAGNOSED = 2000  # voxels, evenly chosen
_BOUND_DRAWS = 2000


@dataclass(frozen=True)
class ReferenceSettings:
    """Size of the network and of the training set, lengths of the runs and fits.

    runs, particles: independent runs of SMC, and the draws of each.
    moves, leapfrogs: Hamiltonian moves of every particle at each degree, and the steps of each.
    fits: deterministic fits from different initial weights; the best is taken.
    steps: of the deterministic fits and of mean field.
    gaussian_steps: of the full Gaussian.
    prior_std: √(2/fan-in), so that the prior neither swells nor shrinks the signal from layer to layer.
    thinning: voxels of a specimen per voxel that counts as an independent observation.
    """

    filters: int
    specimens: int
    runs: int
    particles: int
    moves: int
    leapfrogs: int
    fits: int
    steps: int
    gaussian_steps: int
    prior_std: float
    thinning: float


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
    pores: BoolArray,
    target: FloatArray,
    test_pores: BoolArray,
    test_target: FloatArray,
    settings: ReferenceSettings,
    seed: int,
    report: Callable[[str], None] = lambda _: None,
) -> xr.Dataset:
    """Mean and spread of the damage of test specimens under each posterior, and diagnostics of the runs.

    The noise is that of the best deterministic fit to the same specimens. Both Gaussians start from that fit:
    mean field as in the study, the full one from its Laplace approximation; from mean field it would stay at
    the prior where mean field has returned to it. `report` is told of every posterior and every run.
    """
    train, truth = pores[: settings.specimens], target[: settings.specimens]
    network = HeteroencoderSettings(
        filters=settings.filters, prior_std=settings.prior_std, convolution="auto"
    )
    data = DamageData(train, truth, WeightTable(np.ones((1, 1), np.float32)))
    schedule = DamageFitSettings(
        settings.steps, len(train), 1e-2, decay=True, symmetries="none", kl_weight=settings.thinning
    )
    point = min(
        (
            fit_damage(build_heteroencoder(network, seed + i), data, network, schedule, seed)
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
        noise * np.sqrt(settings.thinning),
    )
    report(f"deterministic fit: deviation {noise:.4f}")
    seconds = [time.process_time()]
    field = fit_mean_field(problem, data, schedule, noise, seed)
    seconds.append(time.process_time())
    report(f"mean field: {seconds[-1] - seconds[-2]:.0f} CPU s")
    at = ravel_pytree(point.parameters.layers)[0]
    laplace = GaussianPosterior(at, laplace_factor(problem.error, at, settings.prior_std))
    full = fit_gaussian(problem.potential, laplace, settings.gaussian_steps, random_key(seed + 1))
    seconds.append(time.process_time())
    report(f"full covariance: {seconds[-1] - seconds[-2]:.0f} CPU s")
    runs = sample_runs(problem, settings, seed + 2, report)
    seconds.append(time.process_time())
    number = settings.runs * settings.particles
    draws: dict[str, FloatArray | jax.Array] = {
        "mean field": field.draw(number, random_key(seed + 3)),
        "full covariance": full.draw(number, random_key(seed + 4)),
        "SMC": runs.weights.reshape(number, -1),
    }
    widths = np.stack([field.std, full.std, runs.weights.std(axis=(0, 1))])
    bounds = {
        name: evidence_bound(
            problem.potential, gaussian, settings.prior_std, _BOUND_DRAWS, random_key(seed + 5)
        )
        for name, gaussian in zip(POSTERIORS, (field, full), strict=False)
    }
    result = describe(problem, draws, test_pores, test_target, settings.runs)
    return result.assign(weight_std=(("posterior", "weight"), widths)).assign_attrs(
        noise_std=noise,
        thinning=settings.thinning,
        degrees=runs.degrees,
        evidence_bound=bounds,
        log_evidence=runs.log_evidence.round(2).tolist(),
        seconds=dict(zip(POSTERIORS, np.diff(seconds).round(1).tolist(), strict=True)),
    )


def fit_mean_field(
    problem: Problem, data: DamageData, schedule: DamageFitSettings, noise: float, seed: int
) -> GaussianPosterior:
    """The variational posterior of the study, by Flipout from the deterministic fit."""
    network = HeteroencoderSettings(**{**problem.network.__dict__, "estimator": "flipout"})
    start = warm_start(build_heteroencoder(network, seed), problem.start)
    start = start._replace(log_noise=jnp.float32(np.log(noise)))
    held = DamageFitSettings(**{**schedule.__dict__, "spread_rate": 10.0, "learning_rate": 5e-3})
    layers = fit_damage(start, data, network, held, seed, learn_noise=False).parameters.layers
    mean = jnp.concatenate([w.mu.ravel() for layer in layers for w in layer])
    return GaussianPosterior(mean, jnp.diag(jnp.concatenate([w.sigma.ravel() for la in layers for w in la])))


def sample_runs(
    problem: Problem, settings: ReferenceSettings, seed: int, report: Callable[[str], None]
) -> Runs:
    """Weights by independent runs of SMC, the particles of each in random order."""
    size = len(ravel_pytree(problem.start.layers)[0]) - problem.last
    complete, log_evidence = jax.jit(problem.complete), jax.jit(problem.log_evidence)
    weights, evidence, degrees = [], [], 0
    for number in range(settings.runs):
        walk, mix, last = jax.random.split(random_key(seed + number), 3)
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
    runs: int,
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
        "prediction": solid[:, :: max(1, solid.shape[1] // _DIAGNOSED)],
        "maximum": maxima[-1],
        "weight": np.asarray(draws["SMC"]),
    }
    diagnoses = {name: diagnose(v.reshape(runs, -1, v.shape[-1])) for name, v in watched.items()}
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
        {"runs": runs},
    )


def correlate(mean: FloatArray, target: FloatArray, pores: BoolArray) -> FloatArray:
    """Correlation of prediction and truth over the solid voxels of each specimen; 0 for a uniform field."""
    values = []
    for predicted, truth, void in zip(mean, target, pores, strict=True):
        deviations = predicted[~void].std() * truth[~void].std()
        covariance = np.mean(predicted[~void] * truth[~void]) - predicted[~void].mean() * truth[~void].mean()
        values.append(covariance / deviations if deviations > 0 else 0.0)
    return np.asarray(values)
