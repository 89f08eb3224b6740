# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.nets.keys import random_key
from mesobayes.studies.failure import reference
from mesobayes.studies.failure.reference import compare_posteriors
from mesobayes.studies.failure.settings import ReferenceSettings

PRIOR_STD = 0.2


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    pores = rng.random((4, 4, 4, 8)) < 0.05
    return pores, np.where(pores, 0.0, rng.random(pores.shape)).astype(np.float32)


def settings(evidence, steps, particles):
    return ReferenceSettings(
        1,
        3,
        runs=2,
        particles=particles,
        moves=1,
        leapfrogs=8,
        fits=2,
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


def test_evidence_narrows_all_posteriors(data):
    pores, target = data
    result = compare_posteriors(
        pores[:3], target[:3], pores[3:], target[3:], settings(10.0, 300, particles=16), "test"
    )
    widths = result["weight_std"].values
    assert np.all(np.median(widths, axis=1) < 0.9 * PRIOR_STD)
    assert np.all(widths[:, -1] < 0.5 * PRIOR_STD)  # the last bias, which sets the level of the output
    assert np.all(np.isfinite(result["mean"]))
