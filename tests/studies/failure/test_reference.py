# SPDX-License-Identifier: GPL-3.0-or-later
import jax.numpy as jnp
import numpy as np
import pytest
import xarray as xr

from mesobayes.learning.fit import fit
from mesobayes.nets.build import build_network
from mesobayes.nets.keys import random_key
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.studies.failure import reference
from mesobayes.studies.failure.fit_settings import ReferenceSettings
from mesobayes.studies.failure.reference import compare_posteriors
from mesobayes.studies.failure.reference_problem import flat_network, flatten

PRIOR_STD = 0.2


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    pores = rng.random((4, 4, 4, 8)) < 0.05
    return pores, np.where(pores, 0.0, rng.random(pores.shape)).astype(np.float32)


def settings(evidence, steps, particles, fits=2):
    return ReferenceSettings(
        1,
        3,
        runs=2,
        particles=particles,
        moves=1,
        leapfrogs=8,
        fits=fits,
        steps=steps,
        gaussian_steps=steps,
        prior_std=PRIOR_STD,
        evidence=evidence,
    )


def test_without_evidence_all_posteriors_are_the_prior_and_the_runs_agree(data):
    pores, target = data
    result = compare_posteriors(
        pores[:3], target[:3], pores[3:], target[3:], settings(1e-9, 1500, particles=150), "test"
    )
    field, full, drawn = result["weight_std"].values
    np.testing.assert_allclose(field, PRIOR_STD, rtol=0.1)
    assert np.median(full) == pytest.approx(PRIOR_STD, rel=0.1)
    assert np.median(drawn) == pytest.approx(PRIOR_STD, rel=0.1)
    assert np.median(result["rhat_weight"]) < 1.02


def test_no_two_random_choices_share_a_seed(data, monkeypatch):
    pores, target = data
    seeds = []

    def recorded(seed):
        seeds.append(seed)
        return random_key(seed)

    monkeypatch.setattr(reference, "random_key", recorded)
    compare_posteriors(
        pores[:3], target[:3], pores[3:], target[3:], settings(1 / 300, 2, particles=4), "test"
    )
    assert len(set(seeds)) == len(seeds) > 5


class Killed(Exception):
    pass


def test_a_reference_that_was_killed_goes_on_bitwise(data, monkeypatch, tmp_path):
    pores, target = data
    arguments = pores[:3], target[:3], pores[3:], target[3:], settings(1 / 300, 20, particles=8), "test"
    whole = compare_posteriors(*arguments)
    checkpoint = tmp_path / "reference.npz"

    def killed(line):
        if line.startswith("full covariance"):
            raise Killed

    with pytest.raises(Killed):
        compare_posteriors(*arguments, checkpoint, killed)
    assert len(list(tmp_path.iterdir())) == 3  # two deterministic fits and mean field
    resumed = []

    def recorded(*values, **options):
        result = fit(*values, **options)
        resumed.append(result.resumed_at)
        return result

    monkeypatch.setattr(reference, "fit", recorded)
    again = compare_posteriors(*arguments, checkpoint)
    assert resumed == [20, 20, 20]
    assert not list(tmp_path.iterdir())
    xr.testing.assert_identical(again.drop_attrs(), whole.drop_attrs())


def test_the_flat_weights_are_those_of_the_network_the_last_convolution_last():
    network = build_network(HeteroencoderSettings(filters=2), 3)
    flat, vector = flat_network(network), flatten(network)[0]
    pores = np.zeros((1, 4, 4, 8), np.float32)
    pores[0, 1, 2, 3] = 1.0
    np.testing.assert_array_equal(flat.unflatten(vector)(pores), network(pores))
    last = network.layers[5]
    np.testing.assert_array_equal(vector[-55:-1], last.kernel.mu[...].ravel())
    np.testing.assert_array_equal(vector[-1:], last.bias.mu[...])


def test_evidence_narrows_all_posteriors(data):
    pores, target = data
    # as at `small`: the best of four deterministic fits, as many of them end in the uniform field,
    # around which the posterior of dead units is the prior
    much = settings(10.0, 300, particles=16, fits=4)
    result = compare_posteriors(pores[:3], target[:3], pores[3:], target[3:], much, "test")
    widths = result["weight_std"].values
    assert np.all(np.median(widths, axis=1) < 0.9 * PRIOR_STD)
    assert np.all(widths[:, -1] < 0.5 * PRIOR_STD)  # the last bias, which sets the level of the output
    assert np.all(np.isfinite(result["mean"]))


def test_no_product_of_the_posteriors_is_rounded_on_a_gpu(data, monkeypatch, rounded_products):
    pores, target = data
    seen = []

    def watched(log_likelihood, size, *_):
        seen.append(rounded_products(log_likelihood, jnp.zeros(size)))
        raise StopIteration

    monkeypatch.setattr(reference, "temper", watched)
    with pytest.raises(StopIteration):
        compare_posteriors(
            pores[:3], target[:3], pores[3:], target[3:], settings(1.0, 2, particles=4), "test"
        )
    assert seen == [[]]
