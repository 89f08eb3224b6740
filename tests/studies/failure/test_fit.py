# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.learning.predict import predict_mean_weights
from mesobayes.learning.weights import load_network
from mesobayes.nets.posterior import weights as posterior_weights
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store
from mesobayes.studies.failure import fit as module
from mesobayes.studies.failure.baseline import fit_baseline
from mesobayes.studies.failure.fit import fit_fold, solid_field
from mesobayes.studies.failure.fit_settings import BaselineSettings, DamageFitSettings, WeightSettings
from mesobayes.studies.failure.folds import split_specimens
from mesobayes.studies.failure.place_settings import RankingSettings
from mesobayes.studies.failure.scores import score_fold
from mesobayes.studies.failure.settings import ScoreSettings, SplitSettings, TransformSettings, Variant
from mesobayes.studies.failure.stores import FIT
from mesobayes.studies.failure.target import transform_damage

SPLIT = SplitSettings(folds=2, folds_beyond=1)
SCORES = ScoreSettings(cluster_specimens=4)
SETTINGS = DamageFitSettings(steps=30, batch=8, learning_rate=1e-2, reports=3)
RUN = Run("failure", "smoke", "test")


@pytest.fixture
def fitted(specimens_store, tmp_path):
    """Run the stage of a kind of model; returns the prediction and the path of the weights."""

    def stage(kind, start=None, weighting="IH", settings=SETTINGS, run=RUN, filters=2):
        variant = Variant(kind, "t", weighting)
        prediction, weights = tmp_path / f"{variant.name}.zarr.zip", tmp_path / f"{variant.name}_w.zarr.zip"
        common = {"variant": variant, "fold": 0, "split": SPLIT, "transform": TransformSettings()}
        common |= {"ranking": RankingSettings(), "run": run, "prediction": prediction}
        if kind == "baseline":
            fit_baseline(specimens_store, weighting=WeightSettings(), settings=BaselineSettings(), **common)
        else:
            network = HeteroencoderSettings(
                "modern" if kind == "modern" else "printed",
                filters=filters,
                estimator="flipout" if kind == "bayes" else "none",
            )
            fit_fold(
                specimens_store,
                start,
                weights=weights,
                weighting=WeightSettings(),
                network=network,
                settings=settings,
                steps_before=0 if start is None else SETTINGS.steps,
                draws=3,
                **common,
            )
        return open_store(prediction, FIT), weights

    return stage


def test_a_fit_is_stored_with_what_predicts_it_again(specimens, fitted):
    result, weights = fitted("point")
    field = predict_mean_weights(load_network(weights), result["pores"].values, forward=solid_field)
    np.testing.assert_allclose(field, result["mean"], atol=2e-3)  # stored in half precision
    rows = split_specimens(specimens, 0, SPLIT, RUN.seed)
    pores = specimens["pores"].values[rows.test]
    target = transform_damage(specimens["damage"].values[rows.test], pores == 0, "t")
    np.testing.assert_allclose(result["target"], target, atol=1e-3)
    assert (result["mean"].values[pores == 1] == 0.0).all()


def test_a_variational_fit_keeps_the_draws_of_the_realizations_and_their_mean(fitted):
    _, start = fitted("point")
    result, _ = fitted("bayes", start)
    assert result.sizes["kept"] == 12
    rows = result.attrs["realizations"]
    np.testing.assert_allclose(result["draws"].mean("draw"), result["mean"].values[rows], atol=2e-3)
    assert result.attrs["noise_std"] > 0
    assert result.attrs["evidence"] == 1.0


def test_a_variational_fit_starts_from_the_deterministic_one(fitted):
    _, start = fitted("point")
    still = DamageFitSettings(steps=1, batch=8, learning_rate=1e-9)
    _, weights = fitted("bayes", start, settings=still)
    for point, gaussian in zip(*map(posterior_weights, map(load_network, (start, weights))), strict=True):
        np.testing.assert_allclose(gaussian.mu[...], point.mu[...], atol=1e-6)
    with pytest.raises(ValueError, match="no counterpart"):
        fitted("bayes", start, filters=3)


def test_only_a_fit_with_a_likelihood_has_a_noise(fitted):
    for kind, has in (("point", False), ("modern", False), ("bayes", True)):
        result, _ = fitted(kind)
        assert ("noise_std" in result.attrs) is has
        assert ("noise_std" in score_fold(result, SCORES)) is has


def test_every_model_draws_weights_of_its_own(fitted, monkeypatch):
    seeds, predict_draws = [], module.predict_draws

    def recorded(network, inputs, draws, seed, **options):
        seeds.append(seed)
        return predict_draws(network, inputs, draws, seed, **options)

    monkeypatch.setattr(module, "predict_draws", recorded)
    for weighting in ("IH", "uniform"):
        fitted("bayes", weighting=weighting)
    assert len(set(seeds)) == 2


@pytest.mark.parametrize("kind", ["point", "bayes"])
def test_a_fit_that_was_killed_goes_on_bitwise(kind, fitted, tmp_path):
    whole, weights = fitted(kind, run=Run("failure", "smoke", "test", checkpoint=tmp_path / "whole.npz"))
    expected = load_network(weights)
    interrupted = DamageFitSettings(steps=30, batch=8, learning_rate=1e-2, reports=3, checkpoint_seconds=0.0)
    run = Run("failure", "smoke", "test", checkpoint=tmp_path / "killed.npz")

    class Killed(Exception):
        pass

    def stop_at_ten(progress):
        raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "print_progress", stop_at_ten)
        with pytest.raises(Killed):
            fitted(kind, settings=interrupted, run=run)
    assert run.checkpoint.exists()
    again, weights = fitted(kind, settings=interrupted, run=run)
    np.testing.assert_array_equal(again["loss"], whole["loss"])
    for old, new in zip(*map(posterior_weights, (expected, load_network(weights))), strict=True):
        np.testing.assert_array_equal(old.mu[...], new.mu[...])
    np.testing.assert_array_equal(again["mean"], whole["mean"])


def test_scores_of_a_perfect_prediction_are_perfect_and_of_the_baseline_finite(fitted):
    baseline, _ = fitted("baseline")
    perfect = baseline.assign(mean=baseline["target"])
    scores = score_fold(perfect, SCORES)
    assert (scores["recall"] == 1.0).all()
    assert (scores["cluster_precision"] == 1.0).all()
    assert float(scores["mse"]) == 0.0
    assert int(scores["true_count"].sum()) == int((baseline["pores"] == 0).sum())
    found = score_fold(baseline, SCORES)
    outside = int(found["predicted_below"]) + int(found["predicted_above"])
    assert outside > 0  # a regression is not bounded
    assert int(found["predicted_count"].sel(scaling="raw").sum()) + outside == int(
        (baseline["pores"] == 0).sum()
    )
    assert 0 < float(found["reciprocal_rank"]) <= 1
    assert 0 < float(found["searched"]) < 0.5  # better than looking anywhere
