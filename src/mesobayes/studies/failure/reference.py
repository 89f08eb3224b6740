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
from dataclasses import replace
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
from mesobayes.learning.settings import Precision
from mesobayes.learning.tempering import temper
from mesobayes.metrics.convergence import diagnose
from mesobayes.nets.build import build_network
from mesobayes.nets.heteroencoder import Heteroencoder
from mesobayes.nets.keys import random_key
from mesobayes.nets.posterior import warm_start
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.record.provenance import Run
from mesobayes.record.seeds import seed_from_name
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.failure.fit_settings import DamageFitSettings, ReferenceSettings
from mesobayes.studies.failure.folds import split_specimens
from mesobayes.studies.failure.loss_weights import WeightTable
from mesobayes.studies.failure.reference_problem import Problem, flat_network, flatten
from mesobayes.studies.failure.settings import SplitSettings, TransformSettings
from mesobayes.studies.failure.stores import REFERENCE, SPECIMENS
from mesobayes.studies.failure.target import transform_damage
from mesobayes.studies.failure.task import specimen_task

FloatArray = NDArray[np.floating]
BoolArray = NDArray[np.bool_]
POSTERIORS = ("mean field", "full covariance", "SMC")
_PRECISION: Precision = "float32"  # of all products: a posterior is compared to a part of its log density
_UNIFORM = WeightTable(np.ones((1, 1), np.float32))


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
    every posterior and every run. Fits go on from checkpoints beside the given one, if they are there, and
    leave none behind.
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
