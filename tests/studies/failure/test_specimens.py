# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import xarray as xr

from mesobayes.fem.bar.failure import FAILED, fail_specimen
from mesobayes.geometry.porosity import PorosityField
from mesobayes.nets.functional_heteroencoder import build_heteroencoder
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.studies.failure import fit
from mesobayes.studies.failure.baseline import predict_baseline
from mesobayes.studies.failure.damage_fit import predict_draws, predict_fields
from mesobayes.studies.failure.examples import label_prediction, prepare
from mesobayes.studies.failure.fit import fit_network, restore
from mesobayes.studies.failure.folds import assign_folds, choose_realizations, split_specimens
from mesobayes.studies.failure.scores import score_fold
from mesobayes.studies.failure.settings import (
    BaselineSettings,
    DamageFitSettings,
    RankingSettings,
    ScoreSettings,
    SensitivitySettings,
    SplitSettings,
    TransformSettings,
    Variant,
    WeightSettings,
)
from mesobayes.studies.failure.specimens import (
    READING_PRESETS,
    fail_under_readings,
    perturb,
    sample_pores,
    simulate,
)
from mesobayes.studies.failure.target import transform_damage

FIELD = PorosityField((4, 4, 8), porosity=0.03)
SEED = "test"
SPLIT = SplitSettings(folds=2, folds_beyond=1)


@pytest.fixture(scope="module")
def specimens():
    return simulate(FIELD, list(range(40)), "fast", 0.1, SEED)


def test_a_specimen_is_the_same_in_every_batch(specimens):
    number = int(specimens["specimen"].values[specimens["status"].values == FAILED][1])
    alone = simulate(FIELD, [number], "fast", 0.1, SEED).isel(specimen=0)
    xr.testing.assert_identical(alone.drop_attrs(), specimens.sel(specimen=number).drop_attrs())
    single = fail_specimen(sample_pores(FIELD, number, SEED))
    assert float(single.failure_strain) == float(alone.failure_strain)


def test_specimens_without_result_say_why(specimens):
    bad = specimens["status"].values != FAILED
    assert all(bool(text) == b for text, b in zip(specimens["status_reason"].values, bad, strict=True))
    assert np.isfinite(specimens["failure_strain"].values[~bad]).all()


def test_folds_have_equal_sizes_and_training_never_sees_a_test_specimen(specimens):
    fold = assign_folds(103, 5, SEED)
    assert np.ptp(np.bincount(fold)) <= 1
    rows = split_specimens(specimens, 1, SPLIT, SEED)
    assert not set(rows.train) & set(rows.test)
    assert (specimens["status"].values[rows.train] == FAILED).all()


def test_the_realizations_are_test_specimens_of_the_first_fold(specimens):
    fold = assign_folds(40, 2, SEED)
    rows = choose_realizations(specimens["status"].values, fold)
    assert len(rows) == 12
    assert (fold[rows] == 0).all()
    fold_0 = split_specimens(specimens, 0, SPLIT, SEED)
    assert (fold_0.test[fold_0.realizations] == rows).all()
    with pytest.raises(ValueError, match="raise the number"):
        choose_realizations(np.zeros(20, int), assign_folds(20, 5, SEED))


def perturbed(specimens, *realizations):
    return perturb(specimens, realizations, SensitivitySettings(2, 3, 3.0), 2, 0.1, "fast", SEED)


def test_perturbed_copies_come_in_the_numbers_of_their_letter_and_are_the_same_in_every_batch(specimens):
    a, g = perturbed(specimens, 0), perturbed(specimens, 6)
    assert (a.sizes["perturbation"], g.sizes["perturbation"]) == (2, 3)
    together = perturbed(specimens, 0, 6)
    assert together["realization"].values.tolist() == [0, 0, 6, 6, 6]
    xr.testing.assert_identical(together, xr.concat([a, g], dim="perturbation", data_vars="all"))
    fold = split_specimens(specimens, 0, SPLIT, SEED)
    rows = fold.test[fold.realizations]
    assert set(together["row"].values) == {rows[0], rows[6]}


def test_readings_share_their_pores_and_differ_in_strain():
    results = fail_under_readings(FIELD, 3, ["fast", "one_point"], 0.1, SEED)
    alone = fail_under_readings(FIELD, 3, ["one_point"], 0.1, SEED)
    xr.testing.assert_identical(results.sel(reading=["one_point"]), alone)
    fast, one_point = (results["failure_strain"].sel(reading=name).values for name in ("fast", "one_point"))
    failed = np.isfinite(fast)
    assert failed.any()
    assert (fast[failed] < np.nan_to_num(one_point[failed], nan=np.inf)).all()  # which may never fail
    assert READING_PRESETS["printed"].material.damage_exponent == 2.0


SCORES = ScoreSettings(cluster_specimens=4)
FIT = DamageFitSettings(steps=30, batch=8, learning_rate=1e-2)


def fitted(specimens, kind, start=None, draws=3, weighting="IH"):
    network = HeteroencoderSettings(
        "modern" if kind == "modern" else "printed",
        filters=2,
        estimator="flipout" if kind == "bayes" else "none",
    )
    variant = Variant(kind, "t", weighting)
    rows = split_specimens(specimens, 0, SPLIT, SEED)
    examples = prepare(specimens, rows, "t", TransformSettings())
    ranking = RankingSettings()
    if kind == "baseline":
        result = predict_baseline(examples, BaselineSettings(), ranking)
    else:
        weights = WeightSettings()
        result = fit_network(examples, start, variant, 0, weights, network, FIT, ranking, draws, SEED)
    return label_prediction(result, examples, variant, 0)


def test_a_fit_is_stored_with_what_predicts_it_again(specimens):
    result = fitted(specimens, "point")
    network = HeteroencoderSettings(filters=2)
    parameters = restore(result["weights"].values, build_heteroencoder(network, 0))
    field = predict_fields(parameters, result["pores"].values.astype(bool), network)
    np.testing.assert_allclose(field, result["mean"], atol=2e-3)  # stored in half precision
    rows = split_specimens(specimens, 0, SPLIT, SEED)
    target = transform_damage(
        specimens["damage"].values[rows.test], specimens["pores"].values[rows.test] == 0, "t"
    )
    np.testing.assert_allclose(result["target"], target, atol=1e-3)
    with pytest.raises(ValueError, match="fit it again"):
        restore(result["weights"].values[:-1], build_heteroencoder(network, 0))


def test_a_variational_fit_keeps_the_draws_of_the_realizations_and_their_mean(specimens):
    result = fitted(specimens, "bayes", fitted(specimens, "point"))
    assert result.sizes["kept"] == 12
    rows = result.attrs["realizations"]
    np.testing.assert_allclose(result["draws"].mean("draw"), result["mean"].values[rows], atol=2e-3)
    assert result.attrs["noise_std"] > 0


def test_only_a_fit_with_a_likelihood_has_a_noise(specimens):
    for kind, has in (("point", False), ("modern", False), ("bayes", True)):
        result = fitted(specimens, kind)
        assert ("noise_std" in result.attrs) is has
        assert ("noise_std" in score_fold(result, SCORES)) is has


def test_every_model_draws_weights_of_its_own(specimens, monkeypatch):
    seeds = []

    def recorded(parameters, pores, settings, draws, seed, keep):
        seeds.append(seed)
        return predict_draws(parameters, pores, settings, draws, seed, keep)

    monkeypatch.setattr(fit, "predict_draws", recorded)
    for weighting in ("IH", "uniform"):
        fitted(specimens, "bayes", weighting=weighting)
    assert len(set(seeds)) == 2


def test_scores_of_a_perfect_prediction_are_perfect_and_of_the_baseline_finite(specimens):
    baseline = fitted(specimens, "baseline")
    perfect = baseline.assign(mean=baseline["target"])
    scores = score_fold(perfect, SCORES)
    assert (scores["recall"] == 1.0).all()
    assert (scores["cluster_precision"] == 1.0).all()
    assert float(scores["mse"]) == 0.0
    assert int(scores["true_count"].sum()) == int((baseline["pores"] == 0).sum())
    found = score_fold(baseline, SCORES)
    outside = int(found["predicted_below"]) + int(found["predicted_above"])
    assert outside > 0  # a regression is not bounded
    assert int(found["predicted_count"].sum()) + outside == int((baseline["pores"] == 0).sum())
    assert 0 < float(found["reciprocal_rank"]) <= 1
    assert 0 < float(found["searched"]) < 0.5  # better than looking anywhere
