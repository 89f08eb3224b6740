# SPDX-License-Identifier: GPL-3.0-or-later
"""What mean field loses: NUTS on a small heteroencoder beside its variational posterior.

Both see the same specimens, the same fixed noise and the same prior, so the only difference is the family of
the posterior.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray
from numpyro.infer import MCMC, NUTS

from mesobayes.images.damage import WeightTable
from mesobayes.learning.damage_fit import DamageData, DamageFitSettings, fit_damage
from mesobayes.nets.heteroencoder import (
    HeteroencoderSettings,
    Parameters,
    build_heteroencoder,
    draw_weights,
    predict_damage,
    warm_start,
)
from mesobayes.nets.keys import random_key

FloatArray = NDArray[np.floating]
_TREE_DEPTH = 7  # at most 127 steps per draw


@dataclass(frozen=True)
class ReferenceSettings:
    """filters of the network, training specimens, warm-up and kept draws of NUTS, steps of the fits.

    thinning: voxels of a specimen per voxel that counts as an independent observation. The damage is smoothed
    by a Gaussian filter of σ = 1.5 voxels, whose correlation volume is (2 √π σ)³ = 150; if each voxel counted
    the posterior would be a point.
    """

    filters: int
    specimens: int
    warmup: int
    samples: int
    steps: int
    thinning: float = 150.0


def sample_reference(
    pores: NDArray[np.bool_],
    target: FloatArray,
    test_pores: NDArray[np.bool_],
    settings: ReferenceSettings,
    prior_std: float,
    seed: int,
) -> xr.Dataset:
    """Posterior mean and spread of the damage of test specimens by mean field and by NUTS.

    The noise is that of a deterministic fit to the same specimens. Both are started there.
    """
    network = HeteroencoderSettings(filters=settings.filters, prior_std=prior_std, convolution="auto")
    flipout = HeteroencoderSettings(
        filters=settings.filters, prior_std=prior_std, estimator="flipout", convolution="auto"
    )
    train, truth = pores[: settings.specimens], target[: settings.specimens]
    weights = WeightTable(np.ones((1, 1), np.float32))
    schedule = DamageFitSettings(
        settings.steps, len(train), 1e-2, decay=True, symmetries="none", kl_weight=settings.thinning
    )
    data = DamageData(train, truth, weights)
    point = fit_damage(build_heteroencoder(network, seed), data, network, schedule, seed)
    solid = jnp.asarray(~train, jnp.float32)
    inputs, observed = jnp.asarray(train, jnp.float32), jnp.asarray(truth)
    layers, unravel = ravel_pytree(point.parameters.layers)

    def error(vector: jax.Array) -> jax.Array:
        parameters = point.parameters._replace(layers=unravel(vector))
        x, y, inside = jax.lax.optimization_barrier((inputs, observed, solid))  # else folded for minutes
        return (predict_damage(parameters, x, network) - y) * inside

    noise = float(jnp.sqrt(jnp.sum(error(layers) ** 2) / jnp.sum(solid)))
    spread = noise * np.sqrt(settings.thinning)
    whitening = laplace_factor(lambda vector: error(vector) / spread, layers, prior_std)

    def potential(white: jax.Array) -> jax.Array:
        vector = layers + whitening @ white
        likelihood = 0.5 * jnp.sum(error(vector) ** 2) / spread**2
        return likelihood + 0.5 * jnp.sum(vector**2) / prior_std**2

    chain = MCMC(
        NUTS(potential_fn=potential, max_tree_depth=_TREE_DEPTH),
        num_warmup=settings.warmup,
        num_samples=settings.samples,
    )
    chain.run(random_key(seed), init_params=jnp.zeros_like(layers))
    samples = layers + chain.get_samples() @ whitening.T  # (sample, weight)

    start = warm_start(build_heteroencoder(flipout, seed), point.parameters)
    start = start._replace(log_noise=jnp.float32(np.log(noise)))
    held = DamageFitSettings(**{**schedule.__dict__, "spread_rate": 10.0, "learning_rate": 5e-3})
    fitted = fit_damage(start, data, flipout, held, seed, learn_noise=False)

    test = jnp.asarray(test_pores, jnp.float32)
    compiled = jax.jit(predict_damage, static_argnums=2)

    def forward(parameters: Parameters) -> jax.Array:
        return compiled(parameters, test, network)

    by_chain = np.stack(
        [np.asarray(forward(point.parameters._replace(layers=unravel(row)))) for row in samples]
    )
    keys = jax.random.split(random_key(seed + 1), len(samples))
    by_field = np.stack([np.asarray(forward(draw_weights(fitted.parameters, key))) for key in keys])
    widths = jnp.concatenate([w.sigma.ravel() for layer in fitted.parameters.layers for w in layer])
    return _label(by_field, by_chain, test_pores, np.asarray(widths), np.asarray(samples), noise)


def laplace_factor(residual: Callable[[jax.Array], jax.Array], at: jax.Array, prior_std: float) -> jax.Array:
    """Square root S (n, n) of the covariance S Sᵀ = (JᵀJ + 1/s²)⁻¹ of the linearised posterior.

    J is the Jacobian of the residual, in standard deviations of the noise, at the weights `at` (n,). In the
    coordinates z of weights = at + S z a linear network has a standard normal posterior; for a network with
    kinks this holds near `at` only, but the steps of NUTS are longer there than in the weights.
    """
    jacobian = jax.jit(
        lambda x: jax.lax.map(lambda direction: jax.jvp(residual, (x,), (direction,))[1], jnp.eye(len(at)))
    )(at)
    columns = np.asarray(jacobian, np.float64).reshape(len(at), -1)
    precision = columns @ columns.T + np.eye(len(at)) / prior_std**2
    return jnp.asarray(np.linalg.inv(np.linalg.cholesky(precision)).T, jnp.float32)


def _label(
    by_field: FloatArray,
    by_chain: FloatArray,
    pores: NDArray[np.bool_],
    widths: FloatArray,
    samples: FloatArray,
    noise: float,
) -> xr.Dataset:
    fields = np.stack([by_field, by_chain])  # (posterior, draw, specimen, x, y, z)
    half = samples.shape[0] // 2
    between = samples[:half].mean(axis=0) - samples[half:].mean(axis=0)
    return xr.Dataset(
        {
            "mean": (("posterior", "specimen", "x", "y", "z"), fields.mean(axis=1).astype(np.float32)),
            "std": (("posterior", "specimen", "x", "y", "z"), fields.std(axis=1).astype(np.float32)),
            "maximum": (
                ("posterior", "draw", "specimen"),
                np.where(pores, -np.inf, fields).max(axis=(3, 4, 5)).astype(np.float32),
            ),
            "weight_std": (("posterior", "weight"), np.stack([widths, samples.std(axis=0)])),
            "pores": (("specimen", "x", "y", "z"), pores.astype(np.uint8)),
        },
        {"posterior": ["mean field", "NUTS"]},
        {
            "noise_std": noise,
            "half_difference": float(np.median(np.abs(between) / (samples.std(axis=0) + 1e-12))),
        },
    )
