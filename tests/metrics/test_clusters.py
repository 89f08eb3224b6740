# SPDX-License-Identifier: GPL-3.0-or-later
from collections import deque
from itertools import product

import numpy as np
import pytest

from mesobayes.metrics.clusters import (
    cluster_counts,
    failure_share,
    label_clusters,
    mean_reciprocal_rank,
    observed_shares,
    overlap,
    precision,
    rank_clusters,
    rank_of_place,
    recall,
    top_recall,
    voxel_counts,
)
from mesobayes.studies.failure.baseline import FEATURES, fit_pore_baseline, pore_features

RNG = np.random.default_rng(4)
THRESHOLDS = np.array([0.3, 0.6, 0.8])


def flooded(field, threshold):
    """Clusters by breadth-first search over the 26 neighbours: sets of voxels."""
    above = {tuple(map(int, v)) for v in np.argwhere(field >= threshold)}
    clusters = []
    while above:
        queue = deque([above.pop()])
        cluster = set(queue)
        while queue:
            x, y, z = queue.popleft()
            for dx, dy, dz in product((-1, 0, 1), repeat=3):
                v = (x + dx, y + dy, z + dz)
                if v in above:
                    above.remove(v)
                    cluster.add(v)
                    queue.append(v)
        clusters.append(cluster)
    return clusters


def fields(n=3):
    shape = (n, 4, 4, 6)
    return RNG.random(shape), RNG.random(shape), RNG.random(shape) > 0.1


def test_voxel_counts_are_those_of_sets():
    predicted, true, solid = fields()
    counts = voxel_counts(predicted, true, solid, THRESHOLDS)
    for row, threshold in zip(counts, THRESHOLDS, strict=True):
        p = {tuple(v) for v in np.argwhere((predicted >= threshold) & solid)}
        t = {tuple(v) for v in np.argwhere((true >= threshold) & solid)}
        assert tuple(row) == (len(p & t), len(p - t), len(t - p))
    np.testing.assert_allclose(overlap(counts)[0], counts[0, 0] / counts[0].sum())


def test_cluster_counts_are_those_of_a_breadth_first_search():
    predicted, true, solid = fields()
    counts = cluster_counts(predicted, true, solid, THRESHOLDS)
    expected = np.zeros_like(counts)
    for p, t, s in zip(predicted, true, solid, strict=True):
        for row, threshold in enumerate(THRESHOLDS):
            found, truth = flooded(np.where(s, p, 0), threshold), flooded(np.where(s, t, 0), threshold)
            hits = sum(any(a & b for b in truth) for a in found)
            caught = sum(any(a & b for b in found) for a in truth)
            expected[row] += (hits, len(found) - hits, len(truth) - caught, caught)
    np.testing.assert_array_equal(counts, expected)


def test_a_perfect_prediction_has_precision_recall_and_overlap_one():
    _, true, solid = fields()
    for counts in (voxel_counts, cluster_counts):
        perfect = counts(true, true, solid, THRESHOLDS)
        np.testing.assert_array_equal(precision(perfect), 1.0)
        np.testing.assert_array_equal(recall(perfect), 1.0)
        np.testing.assert_array_equal(overlap(perfect), 1.0)


def test_scores_without_positives_are_undefined():
    counts = voxel_counts(np.zeros((1, 2, 2, 2)), np.zeros((1, 2, 2, 2)), np.ones((1, 2, 2, 2), bool), [0.5])
    assert np.isnan(precision(counts)).all()
    assert np.isnan(recall(counts)).all()


def draws():
    """Three clusters: the first always high, the second high in half the draws, the third low."""
    field = np.zeros((10, 6, 6, 20))
    field[:, 1:3, 1:3, 2:4] = 0.9
    field[:5, 3:5, 3:5, 9:11] = 1.0
    field[5:, 3:5, 3:5, 9:11] = 0.5
    field[:, 4, 4, 17] = 0.65
    return field


def test_clusters_are_ranked_by_probability_mass():
    ranked = rank_clusters(draws(), threshold=0.6, level=0.8)
    np.testing.assert_allclose(ranked.mass, [1.0, 0.5, 0.0])
    assert ranked.labels[1, 1, 2] == 1
    assert ranked.labels[3, 3, 9] == 2
    assert ranked.labels[4, 4, 17] == 3
    np.testing.assert_allclose(failure_share(ranked), [0.5, 0.5, 0.0])


def test_the_ranking_does_not_depend_on_how_clusters_are_numbered():
    field = draws()
    ranked, mirrored = (rank_clusters(f, 0.6, 0.8) for f in (field, field[:, ::-1, :, ::-1]))
    np.testing.assert_array_equal(ranked.labels, mirrored.labels[::-1, :, ::-1])
    np.testing.assert_array_equal(ranked.mass, mirrored.mass)


def test_places_are_found_within_reach_and_scored():
    ranked = rank_clusters(draws(), 0.6, 0.8)
    places = np.array([(0, 0, 1), (5, 5, 11), (4, 4, 17), (0, 0, 12)])
    ranks = np.array([rank_of_place(ranked, tuple(place)) for place in places])
    np.testing.assert_array_equal(ranks, [1, 2, 3, 0])
    assert mean_reciprocal_rank(ranks) == pytest.approx((1 + 1 / 2 + 1 / 3) / 4)
    assert top_recall(ranks, 2) == 0.5
    np.testing.assert_allclose(observed_shares(ranked, places), [0.25, 0.25, 0.25])


def test_thresholds_are_shares_of_the_highest_value():
    np.testing.assert_allclose(rank_clusters(0.1 * draws(), 0.6, 0.8).mass, [1.0, 0.5, 0.0])


def test_a_low_field_still_has_its_highest_voxel():
    field = np.zeros((2, 4, 4, 4))
    field[:, 1, 2, 3] = 0.2
    ranked = rank_clusters(field, 0.6, 0.8)
    assert rank_of_place(ranked, (1, 2, 3), 0) == 1


def test_corners_join_clusters():
    field = np.zeros((3, 3, 3))
    field[0, 0, 0] = field[1, 1, 1] = 1.0
    assert label_clusters(field, 0.5)[1] == 1


def test_pore_features_turn_with_the_specimen():
    pores = RNG.random((6, 6, 12)) < 0.03
    features = pore_features(pores)
    assert features.shape == (6, 6, 12, len(FEATURES))
    # the nearest pore is not unique where two are equally far, so its size may differ there
    turned = pore_features(np.rot90(pores))
    back = np.rot90(turned, -1)
    unique = [i for i, name in enumerate(FEATURES) if "nearest" not in name and "area" not in name]
    np.testing.assert_allclose(back[..., unique], features[..., unique], atol=1e-5)


def test_the_baseline_recovers_a_target_made_of_its_features():
    pores = RNG.random((6, 6, 6, 12)) < 0.03
    target = np.stack([pore_features(p)[..., 0] * 2 + pore_features(p)[..., 5] for p in pores])
    baseline = fit_pore_baseline(pores, target, np.ones(pores.shape), ridge=1e-10)
    solid = ~pores
    np.testing.assert_allclose(baseline.predict(pores)[solid], target[solid], atol=0.01)


def test_the_baseline_copes_with_a_specimen_without_pores():
    empty = np.zeros((1, 4, 4, 8), bool)
    assert np.isfinite(pore_features(empty[0])).all()
