# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence lower bound of linear regression: its closed form, and numpyro's own derivation."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from flax import nnx
from numpyro.infer import TraceMeanField_ELBO
from numpyro.infer.autoguide import AutoNormal

from mesobayes.learning.data import batch_indices
from mesobayes.learning.objective import negative_elbo
from mesobayes.nets.build import draw_noise
from mesobayes.nets.divergence import kl_divergence
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.layers import Linear
from mesobayes.nets.operators import Dense
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.studies.stress.symmetries import Batch

N, FEATURES, PRIOR, NOISE = 12, 4, 0.7, 0.4


class LinearRegression(nnx.Module):
    """y = x·w with the first four channels of the centre pixel as x: the smallest network of the library."""

    def __init__(self):
        self.settings = StressNetworkSettings("modern", 1, estimator="shared", prior="fixed", prior_std=PRIOR)
        self.linear = Linear(Dense(), (FEATURES, 1), 1, self.settings, WeightPlan(0))
        rng = np.random.default_rng(5)
        self.linear.weight.mu[...] = jnp.asarray(rng.normal(size=(FEATURES, 1)), jnp.float32)
        self.linear.weight.rho[...] = jnp.asarray(rng.normal(size=(FEATURES, 1)) - 1, jnp.float32)
        self.log_noise = nnx.Param(jnp.log(jnp.asarray(NOISE, jnp.float32)))

    def __call__(self, inputs, noise=None, train=False):
        return self.linear(inputs[:, 1, 1, :FEATURES], noise)[:, :, None]


@pytest.fixture(scope="module")
def regression():
    rng = np.random.default_rng(1)
    inputs = jnp.asarray(rng.normal(size=(N, 3, 3, 5)), jnp.float32)
    target = jnp.asarray(rng.normal(size=(N, 1, 1)), jnp.float32)
    return LinearRegression(), Batch(inputs, target, jnp.ones((N, 1, 1), bool))


def closed_form(network, batch) -> float:
    """-ELBO of all data: Σ ½[(y - xμ)² + Σ x²σ²]/s² + log s + ½ log 2π + KL, by NumPy in float64."""
    mu = np.asarray(network.linear.weight.mu[...], np.float64)[:, 0]
    sigma = np.logaddexp(0, np.asarray(network.linear.weight.rho[...], np.float64))[:, 0]
    x, y = np.asarray(batch.inputs[:, 1, 1, :FEATURES], np.float64), np.asarray(batch.target[:, 0, 0])
    square = (y - x @ mu) ** 2 + x**2 @ sigma**2
    nll = np.sum(0.5 * square / NOISE**2 + np.log(NOISE) + 0.5 * np.log(2 * np.pi))
    kl = np.sum(np.log(PRIOR / sigma) + (sigma**2 + mu**2) / (2 * PRIOR**2) - 0.5)
    return float(nll + kl)


def test_elbo_of_linear_regression_equals_its_closed_form(regression):
    network, batch = regression
    graph, state = nnx.split(network)

    def loss(key):
        model = nnx.merge(graph, state, copy=True)
        return negative_elbo(model, batch, draw_noise(model, key), N, loss_scale="patch").loss

    losses = N * np.asarray(jax.jit(jax.vmap(loss))(jax.random.split(jax.random.key(0), 20_000)), np.float64)
    error = losses.std() / np.sqrt(losses.size)
    assert abs(losses.mean() - closed_form(network, batch)) < 4 * error
    assert error < 0.005 * abs(closed_form(network, batch))


def test_numpyro_derives_the_same_elbo(regression):
    network, batch = regression
    x, y = batch.inputs[:, 1, 1, :FEATURES], batch.target[:, 0, 0]

    def model():
        w = numpyro.sample("w", dist.Normal(0.0, PRIOR).expand([FEATURES]).to_event(1))
        numpyro.sample("y", dist.Normal(x @ w, NOISE).to_event(1), obs=y)

    guide = AutoNormal(model)
    with numpyro.handlers.seed(rng_seed=0):
        guide()
    values = {
        "w_auto_loc": network.linear.weight.mu[...][:, 0],
        "w_auto_scale": network.linear.weight.sigma[:, 0],
    }
    elbo = TraceMeanField_ELBO(num_particles=20_000)
    loss = float(elbo.loss(jax.random.key(1), values, model, guide))
    assert loss == pytest.approx(closed_form(network, batch), rel=0.01)


def test_an_epoch_of_minibatches_holds_the_divergence_exactly_once(regression):
    network, batch = regression
    size = 3
    total = 0.0
    for step in range(N // size):
        rows = batch_indices(N, size, step, seed=7)
        part = Batch(*(array[rows] for array in batch))
        total += size * float(negative_elbo(network, part, None, N, loss_scale="patch").kl)
    assert total == pytest.approx(float(kl_divergence(network, network.settings)), rel=1e-6)


def test_values_outside_the_mask_do_not_matter(regression):
    network, batch = regression
    mask = batch.mask.at[4:].set(False)
    wild = batch.target.at[4:].set(1e6)

    def loss(target):
        return negative_elbo(network, Batch(batch.inputs, target, mask), None, N, loss_scale="patch").loss

    assert float(loss(wild)) == float(loss(batch.target))
    assert not np.any(np.asarray(jax.grad(loss)(batch.target))[4:])


def test_pixel_scale_divides_residuals_by_the_principal_stresses(regression):
    network, batch = regression
    inputs = batch.inputs.at[..., :3].set(jnp.array([2.0, -1.0, 0.0]))  # |s1| + |s2| = 3
    batch = Batch(inputs, batch.target, batch.mask)
    patch = negative_elbo(network, batch, None, N, loss_scale="patch").mse
    pixel = negative_elbo(network, batch, None, N, loss_scale="pixel").mse
    assert float(pixel) == pytest.approx(float(patch) / 9, rel=1e-5)
