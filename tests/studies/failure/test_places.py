# SPDX-License-Identifier: GPL-3.0-or-later
"""Stages from specimens to scores of places, on a few small bars."""

import numpy as np
import pytest
import xarray as xr

from mesobayes.geometry.porosity import PorosityField
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store
from mesobayes.studies.failure.other_size import rank_other_size
from mesobayes.studies.failure.own_pores import rank_places
from mesobayes.studies.failure.place_settings import ElasticSettings, RankingSettings
from mesobayes.studies.failure.place_timing import time_models
from mesobayes.studies.failure.places import score_fields, score_rankers, smooth_ranking
from mesobayes.studies.failure.rank_fit import ALL, load_ranker
from mesobayes.studies.failure.rivals import damage_of, other_steps, run_rival
from mesobayes.studies.failure.settings import SplitSettings, TransformSettings
from mesobayes.studies.failure.stores import CANDIDATES, PLACES, RANKED

RUN = Run("failure", "smoke", "test")
SPLIT = SplitSettings(folds=2, folds_beyond=1)
RANKING = RankingSettings()


def test_every_good_specimen_has_one_candidate_that_failed(candidates_store, specimens):
    data = open_store(candidates_store, CANDIDATES)
    good = specimens["specimen"].values[specimens["status"].values == 0]
    assert (data["specimen"].values[data["failed"].values] == good).all()


def test_probabilities_of_the_candidates_of_a_test_specimen_sum_to_one(ranked_stores):
    data = open_store(ranked_stores[0], RANKED)
    assert data["labels"].values.tolist() == [6, ALL]  # there are no thousand specimens
    for labels in data["labels"].values:
        total = np.bincount(data["row"].values, np.exp(data["log_probability"].sel(labels=labels).values))
        np.testing.assert_allclose(total, 1.0, rtol=1e-5)


def test_places_are_scored_for_all_folds_and_numbers_of_labels(ranked_stores, specimens, tmp_path):
    path = tmp_path / "places.zarr.zip"
    score_rankers(ranked_stores, path, RANKING, TransformSettings(), 0.3, RUN)
    data = open_store(path, PLACES)
    assert data.sizes["specimen"] == int((specimens["status"] == 0).sum())
    assert set(data["fold"].values) == {0, 1}
    found = data.sel(labels=ALL)
    assert float((found["peak_rank"] == 1).mean()) > 0.5  # of some ten peaks in a bar
    assert (data["voxels"].values >= 1).all()
    assert ((found["peak_rank"].values == 1) == (found["distance"].values <= RANKING.reach)).all()


def test_scores_of_a_small_field_are_those_counted_by_hand():
    field = np.array([0.1, 0.9, 0.2, 0.0, 0.0, 0.8, 0.0, 0.7]).reshape(1, 1, 1, 8)
    solid = np.ones((1, 1, 1, 8), bool)
    solid[..., 3] = False
    scores = score_fields(field, solid, np.array([[0, 0, 6]]), RANKING)
    # peaks: 0.9 at 1, 0.8 at 5, which is a voxel off; 0.9 and 0.8 are looked at, 2 of 7 solid voxels
    assert int(scores["peak_rank"][0]) == 2
    assert int(scores["voxels"][0]) == 2
    assert float(scores["searched"][0]) == pytest.approx(2 / 7)
    assert int(scores["distance"][0]) == 5


def test_the_true_damage_is_searched_for_one_voxel_only(specimens):
    good = specimens.isel(specimen=specimens["status"].values == 0)
    pores, places = good["pores"].values.astype(bool), good["failed_voxel"].values
    damage = damage_of(pores, other_steps("fast", 1e-4, 0.1))
    scores = score_fields(damage, ~pores, places, RANKING)
    assert (scores["peak_rank"].values == 1).all()
    assert (scores["distance"].values == 0).all()
    assert (scores["voxels"].values == 1).all()


def test_a_coarse_simulation_is_scored_with_its_fold(specimens_store, tmp_path):
    path = tmp_path / "rival.zarr.zip"
    run_rival(specimens_store, path, "fast", 2e-3, 12, 0.1, SPLIT, TransformSettings(), RANKING, RUN)
    data = open_store(path, PLACES)
    assert data.sizes["specimen"] == 12
    assert float((data["peak_rank"] == 1).mean()) > 0.7
    assert data.attrs["model"] == "fast_0.002"


def test_smoothed_scores_are_high_around_the_best_candidate_and_nowhere_in_voids():
    scores = np.full((1, 7, 7, 9), -np.inf)
    scores[0, 3, 3, 4], scores[0, 0, 0, 0] = 2.0, -20.0
    solid = np.ones(scores.shape, bool)
    solid[0, 3, 3, 5] = False
    field = smooth_ranking(scores, solid, TransformSettings(), 0.3)
    assert np.unravel_index(field.argmax(), field.shape)[1:] == (3, 3, 4)
    assert field[0, 3, 3, 5] == 0.0
    assert field[0, 3, 3, 3] > 10 * field[0, 0, 0, 0] > 0


def test_a_pore_volume_of_ones_own_is_ranked(ranked_stores, specimens):
    """A notebook needs a boolean array and the store of a fit."""
    ranker = load_ranker(ranked_stores[0])
    pores = specimens["pores"].values[0].astype(bool)
    places = rank_places(pores, [ranker])
    assert isinstance(places, xr.Dataset)
    assert float(places["probability"].sum()) == pytest.approx(1.0, rel=1e-5)
    assert (np.diff(places["probability"].values) <= 0).all()
    x, y, z = places["voxel"].values[0]
    assert not pores[x, y, z]
    for wrong, message in (
        (pores[0], "axes x, y, z"),
        (np.zeros((4, 4, 4), bool), "equally weak"),
        (np.ones((4, 4, 4), bool), "equally weak"),
    ):
        with pytest.raises(ValueError, match=message):
            rank_places(wrong, [ranker])


def test_the_same_pores_get_the_probabilities_of_the_stored_prediction(ranked_stores, specimens):
    data = open_store(ranked_stores[0], RANKED)
    rows = data["row"].values == 0
    places = rank_places(data["pores"].values[0], [load_ranker(ranked_stores[0])])
    stored = np.sort(np.exp(data["log_probability"].sel(labels=ALL).values[rows]))[::-1]
    np.testing.assert_allclose(places["probability"].values, stored, rtol=1e-3, atol=1e-6)


def test_rankers_are_tried_on_bars_of_another_size(ranked_stores, tmp_path):
    path, field = tmp_path / "other.zarr.zip", PorosityField((5, 5, 10), porosity=0.03)
    rank_other_size(ranked_stores[:1], path, field, 6, 0.1, ElasticSettings(), RANKING, RUN)
    data = open_store(path, PLACES)
    assert data["ranker"].values.tolist() == ["ranker_elastic"]
    assert data.attrs["shape"] == [5, 5, 10]
    assert (data["voxels"].values < 50).all()


def test_times_are_those_of_one_specimen():
    seen = []
    times = time_models({"one": seen.append, "other": lambda pores: None}, np.zeros((3, 2, 2, 2)), repeats=2)
    assert len(seen) == 1 + 2 * 3  # the first compiles
    assert times["cpu_ms"].shape == (2, 2)
    assert "core" in times.attrs["machine"]
