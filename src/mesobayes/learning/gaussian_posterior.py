# SPDX-License-Identifier: GPL-3.0-or-later
"""The best Gaussian with any covariance: variational inference over all weights at once.

Mean field has a diagonal covariance. What a full one gains over it is due to correlations between the
weights; what it still lacks is due to a posterior that is not Gaussian. Products with the square root of the
covariance are taken with the highest precision.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import optax
from numpyro.distributions import ImproperUniform, constraints
from numpyro.infer import SVI, Trace_ELBO, init_to_value
from numpyro.infer.autoguide import AutoMultivariateNormal

from mesobayes.learning.precision import exact_product

_LARGEST_GRADIENT = 10.0  # of a unit Gaussian in a few hundred weights it is about as large


class GaussianPosterior(NamedTuple):
    """N(mean, S Sᵀ): mean (n,), S (n, n)."""

    mean: jax.Array
    factor: jax.Array

    @property
    def std(self) -> jax.Array:
        """Deviation of each weight (n,)."""
        return jnp.sqrt(jnp.sum(self.factor**2, axis=1))

    def draw(self, number: int, key: jax.Array) -> jax.Array:
        """Draws (number, n)."""
        white = jax.random.normal(key, (number, len(self.mean)))
        return self.mean + exact_product(white, self.factor.T)


def fit_gaussian(
    potential: Callable[[jax.Array], jax.Array],
    start: GaussianPosterior,
    steps: int,
    key: jax.Array,
    learning_rate: float = 1e-2,
) -> GaussianPosterior:
    """Raise the evidence lower bound of exp(-potential) over all Gaussians, from `start`.

    Adam with a cosine to zero, one draw a step, in the coordinates z of weights = mean + S z of the start,
    so that a rate suits all weights. It begins at a third of the spread of the start and clips the gradient:
    a product of six layers has heavy tails, and one draw in them would throw the fit out.
    """
    energy = jax.jit(lambda z: potential(start.mean + exact_product(start.factor, z)))
    zero = jnp.zeros_like(start.mean)

    def model() -> None:
        z = numpyro.sample("z", ImproperUniform(constraints.real_vector, (), zero.shape))
        numpyro.factor("energy", -energy(z))

    guide = AutoMultivariateNormal(model, init_loc_fn=init_to_value(values={"z": zero}), init_scale=0.3)
    rate = optax.cosine_decay_schedule(learning_rate, steps)
    optimiser = optax.chain(optax.clip_by_global_norm(_LARGEST_GRADIENT), optax.adam(rate))
    svi = SVI(model, guide, optimiser, Trace_ELBO())
    fitted = svi.run(key, steps, progress_bar=False).params
    return GaussianPosterior(
        start.mean + exact_product(start.factor, fitted["auto_loc"]),
        exact_product(start.factor, fitted["auto_scale_tril"]),
    )


def evidence_bound(
    potential: Callable[[jax.Array], jax.Array],
    posterior: GaussianPosterior,
    prior_std: float,
    draws: int,
    key: jax.Array,
) -> float:
    """Lower bound of the log evidence, up to the constant of the likelihood, from draws of the posterior.

    The prior N(0, prior_std²) is part of the potential without its constant, as in `laplace_factor`.
    """
    size = len(posterior.mean)
    energy = jnp.mean(jax.lax.map(jax.jit(potential), posterior.draw(draws, key)))
    logarithm = jnp.linalg.slogdet(posterior.factor)[1]
    return float(-energy + logarithm + 0.5 * size - size * jnp.log(prior_std))


def laplace_factor(residual: Callable[[jax.Array], jax.Array], at: jax.Array, prior_std: float) -> jax.Array:
    """Square root S (n, n) of the covariance S Sᵀ = (JᵀJ + 1/s²)⁻¹ of the linearised posterior.

    J is the Jacobian of the residual, in standard deviations of the noise, at the weights `at` (n,). In the
    coordinates z of weights = at + S z a linear network has a standard normal posterior; for a network with
    kinks this holds near `at` only.
    """
    jacobian = jax.jit(
        lambda x: jax.lax.map(lambda direction: jax.jvp(residual, (x,), (direction,))[1], jnp.eye(len(at)))
    )(at)
    columns = np.asarray(jacobian, np.float64).reshape(len(at), -1)
    precision = columns @ columns.T + np.eye(len(at)) / prior_std**2
    return jnp.asarray(np.linalg.inv(np.linalg.cholesky(precision)).T, jnp.float32)
