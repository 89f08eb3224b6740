# SPDX-License-Identifier: GPL-3.0-or-later
"""Objective, fit and prediction of patches; the evidence lower bound of linear regression in closed form."""

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
import pytest
from flax import nnx
from numpyro.infer import TraceMeanField_ELBO
from numpyro.infer.autoguide import AutoNormal

from mesobayes.learning.fit import fit
from mesobayes.learning.step import draw_rows, training_step
from mesobayes.nets.build import build_network
from mesobayes.nets.keys import WeightPlan
from mesobayes.nets.layers import Linear
from mesobayes.nets.operators import Dense
from mesobayes.nets.posterior import draw_noise, kl_divergence
from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.models.network_data import examples
from mesobayes.studies.stress.models.symmetries import Batch
from mesobayes.studies.stress.predict import mean_accuracy, predict_patches
from mesobayes.studies.stress.task import negative_elbo, patch_task

N, FEATURES, PRIOR, NOISE = 12, 4, 0.7, 0.4


class LinearRegression(nnx.Module):
    """y = x·w with the first four channels of the centre pixel as x: the smallest network of the library."""

    def __init__(self):
        self.settings = StressNetworkSettings("modern", 1, estimator="shared", prior="fixed", prior_std=PRIOR)
        self.linear = Linear(Dense(), (FEATURES, 1), 1, self.settings, WeightPlan(0))
        rng = np.random.default_rng(5)
        self.linear.kernel.mu[...] = jnp.asarray(rng.normal(size=(FEATURES, 1)), jnp.float32)
        self.linear.kernel.rho[...] = jnp.asarray(rng.normal(size=(FEATURES, 1)) - 1, jnp.float32)
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
    mu = np.asarray(network.linear.kernel.mu[...], np.float64)[:, 0]
    sigma = np.logaddexp(0, np.asarray(network.linear.kernel.rho[...], np.float64))[:, 0]
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
        "w_auto_loc": network.linear.kernel.mu[...][:, 0],
        "w_auto_scale": network.linear.kernel.sigma[:, 0],
    }
    elbo = TraceMeanField_ELBO(num_particles=20_000)
    loss = float(elbo.loss(jax.random.key(1), values, model, guide))
    assert loss == pytest.approx(closed_form(network, batch), rel=0.01)


def test_an_epoch_of_minibatches_holds_the_divergence_exactly_once(regression):
    network, batch = regression
    size = 3
    total = 0.0
    for rows in draw_rows(jax.random.key(7), 0, 0, examples=N, batch=size, steps=N // size):
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


def test_evidence_divides_the_divergence_and_nothing_else(regression):
    network, batch = regression
    one, eight = (
        negative_elbo(network, batch, None, N, evidence, loss_scale="patch") for evidence in (1.0, 8.0)
    )
    assert float(eight.nll) == float(one.nll)
    assert float(eight.kl) == pytest.approx(float(one.kl) / 8, rel=1e-6)


ROI = 8
TINY = StressNetworkSettings("modern", ROI, width=0.17, levels=2, estimator="shared")
SETTINGS = PatchFitSettings(
    steps=6, batch=4, learning_rate=3e-3, schedule="onecycle", augment=True, reports=6, checkpoint_seconds=0
)


@pytest.fixture(scope="module")
def fitted(patches):
    """An uninterrupted fit, and how often its six steps were traced."""
    start, before = build_network(TINY, 1), training_step._cache_size()
    result = fit(patch_task(start, SETTINGS, examples(patches), patches), start, SETTINGS, 2)
    return result, training_step._cache_size() - before


def test_six_steps_are_traced_once_and_scored_on_the_validation_patches(fitted, patches):
    result, traces = fitted
    assert traces == 1
    assert result.terms == ("loss", "nll", "kl", "mse")
    assert result.scores.shape == (6, 2)
    assert result.scores[-1, 1] == pytest.approx(1 - mean_accuracy(result.network, patches))


def test_a_fit_of_patches_resumes_to_bitwise_the_same_numbers(fitted, patches, tmp_path):
    def interrupt(progress):
        if progress.step == 4:
            raise KeyboardInterrupt

    start = build_network(TINY, 1)
    task = patch_task(start, SETTINGS, examples(patches), patches)
    with pytest.raises(KeyboardInterrupt):
        fit(task, start, SETTINGS, 2, tmp_path / "fit.npz", interrupt)
    resumed = fit(task, start, SETTINGS, 2, tmp_path / "fit.npz")
    assert resumed.resumed_at == 3
    np.testing.assert_array_equal(resumed.history, fitted[0].history)
    np.testing.assert_array_equal(resumed.network(patches.inputs), fitted[0].network(patches.inputs))


def test_spreads_move_faster_than_means(fitted):
    start, end = build_network(TINY, 1).head.kernel, fitted[0].network.head.kernel
    moved = {
        name: np.abs(np.asarray(getattr(end, name)[...] - getattr(start, name)[...]))
        for name in ("mu", "rho")
    }
    assert moved["rho"].mean() > 3 * moved["mu"].mean()


def test_the_maximum_of_a_draw_is_that_of_its_field_over_the_solid_pixels(patches):
    network = build_network(StressNetworkSettings("modern", ROI, width=0.17, levels=2), 4)
    prediction = predict_patches(network, patches.inputs, 5, seed=9, batch=5)
    field = np.asarray(network(patches.inputs))
    np.testing.assert_allclose(prediction.mean, field, rtol=1e-5, atol=1e-6)
    maxima = np.where(patches.mask, field, 0).max(axis=(1, 2))
    np.testing.assert_allclose(prediction.roi_max, maxima[None], rtol=1e-5)


@pytest.mark.parametrize("name", ["printed", "modern"])
def test_a_prediction_does_not_depend_on_its_batch_mates(name, patches):
    options = {"width": 0.1, "blocks": 1, "strides": (1, 2, 1), "levels": 2}
    network = build_network(StressNetworkSettings(name, ROI, estimator="shared", **options), 6)
    together = predict_patches(network, patches.inputs, 2, seed=1, batch=4)
    alone = predict_patches(network, patches.inputs[6:7], 2, seed=1, batch=4)
    np.testing.assert_allclose(alone.mean[0], together.mean[6], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(alone.roi_max[:, 0], together.roi_max[:, 6], rtol=1e-5)
    assert together.epistemic_std.max() > 1e-3
