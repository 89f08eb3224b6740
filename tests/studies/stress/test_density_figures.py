# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
from scipy.stats import t as student

from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.style import drawing_style, new_figure
from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures.density import (
    bnn_fixed_prior,
    bnn_optimised_prior,
    draw_density,
    ood_density,
    ood_error_vs_uncertainty,
    rank_correlations,
)
from mesobayes.studies.stress.figures.predictions import coverages
from studies.stress.predicted import NETWORKS, REGISTRY, counted, covered, predictions

RUN = Run("stress", "small", "seed")
LEARNED = predictions(0.1, spread=1.0, patches=120, fit_seconds=21.0)
FIXED = predictions(0.15, spread=0.4, patches=120, seed=4)
POINT = predictions(0.12, patches=120, fit_seconds=10.0, seed=5)


@pytest.fixture(autouse=True)
def _style():
    with drawing_style():
        yield


@pytest.mark.parametrize("draws", [4, 16, 100])
def test_draws_that_are_exchangeable_with_the_truth_cover_it_as_students_law_says(draws):
    n = 4000
    expected = student(draws - 1).cdf(1.96 / np.sqrt(1 + 1 / draws)) * 2 - 1
    (found,) = coverages(predictions(0.1, spread=1.0, patches=n, repeats=1, draws=draws))
    assert abs(found - expected) < 4 * np.sqrt(expected * (1 - expected) / n)


def test_fixed_weights_cover_nothing():
    assert coverages(POINT) == [0.0, 0.0, 0.0]


def test_figure_23_counts_patch_by_patch_and_pairs_the_times():
    numbers = bnn_optimised_prior(LEARNED, POINT, NETWORKS, RUN).numbers
    assert numbers["coverage95"].value == pytest.approx(np.mean([covered(store) for store in LEARNED]))
    assert numbers["acc10_map"].value == pytest.approx(np.mean([counted(store) for store in LEARNED]))
    assert numbers["acc10_deterministic"].value == pytest.approx(np.mean([counted(store) for store in POINT]))
    assert numbers["cost_ratio_vs_det"].value == pytest.approx((21 / 10 + 22 / 11 + 23 / 12) / 3)


def test_figure_24_takes_both_drops_repeat_by_repeat():
    numbers = bnn_fixed_prior(FIXED, LEARNED, NETWORKS, RUN).numbers
    pairs = list(zip(LEARNED, FIXED, strict=True))
    covers = [covered(a) - covered(b) for a, b in pairs]
    assert numbers["coverage_drop"].value == pytest.approx(np.mean(covers))
    assert numbers["coverage_drop"].low < np.mean(covers) < numbers["coverage_drop"].high
    assert numbers["accuracy_drop"].value == pytest.approx(
        np.mean([counted(a) - counted(b) for a, b in pairs])
    )


def test_one_truth_moved_out_of_its_interval_lowers_the_coverage_by_its_share():
    moved = LEARNED[0].copy(deep=True)
    low, high = (moved["roi_max"].quantile(q, "draw") for q in (0.3, 0.7))
    inside = int(np.flatnonzero((low < moved["true_max"]) & (moved["true_max"] < high))[0])
    moved["true_max"][inside] *= 100
    before, after = (
        bnn_optimised_prior(stores, POINT, NETWORKS, RUN).numbers["coverage95"].value
        for stores in (LEARNED, [moved, *LEARNED[1:]])
    )
    assert before - after == pytest.approx(1 / 120 / 3)


def test_every_point_is_in_a_hexagon_or_counted_off_the_axes():
    rng = np.random.default_rng(2)
    x, y = rng.random(500), 1.3 * rng.random(500) - 0.1
    axes = new_figure().add_subplot()
    outside = draw_density(axes, x, y, (1.0, 1.0))
    assert outside == np.count_nonzero((y < 0) | (y > 1))
    (hexagons,) = axes.collections
    assert np.sum(hexagons.get_array()) + outside == 500
    assert hexagons.get_rasterized()


def test_errors_that_grow_with_the_half_width_have_the_rank_correlation_one():
    (store,) = predictions(0.1, spread=1.0, patches=80, repeats=1, draws=2)
    middle = store["true_max"].values
    half = np.linspace(0.01, 0.5, 80)
    draws = np.stack([middle - half, middle + half]) + 3 * half  # off by three half distances of the draws
    assert rank_correlations([store.assign(roi_max=(("draw", "patch"), draws))], "half width") == [1.0] * 4


def test_rank_correlations_are_those_of_ranks_in_every_structure():
    (store,) = predictions(0.1, spread=1.0, patches=60, repeats=1)
    draws, true = store["roi_max"].values, store["true_max"].values
    expected = []
    for structure in range(3):
        rows = slice(20 * structure, 20 * structure + 20)
        error = np.abs(true - draws.mean(axis=0))[rows]
        ranks = [np.argsort(np.argsort(values)) for values in (error, draws.std(axis=0)[rows])]
        expected.append(np.corrcoef(*ranks)[0, 1])
    np.testing.assert_allclose(rank_correlations([store], "half width"), expected)


def test_a_structure_with_hardly_a_patch_has_no_rank_correlation():
    (store,) = predictions(0.1, spread=1.0, patches=63, repeats=1)
    assert len(rank_correlations([store], "half width")) == 3


def test_unseen_shapes_stand_beside_the_scores_at_home():
    drawing = ood_density(FIXED, LEARNED, NETWORKS, RUN)
    note = drawing.figure.get_supxlabel().replace("\n", " ")
    assert f"{100 * np.mean([counted(s) for s in LEARNED]):.0f} % within 10 %" in note
    assert drawing.numbers["acc10"].value == pytest.approx(np.mean([counted(s) for s in FIXED]))


def test_both_networks_have_a_panel_each():
    printed = predictions(0.2, spread=1.0, patches=120, network="printed")
    figure = ood_error_vs_uncertainty([*LEARNED, *printed], NETWORKS, RUN).figure
    titles = [axes.get_title(loc="left").split("\n")[0] for axes in figure.axes[:2]]
    assert titles == ["StressNet (printed)", "U-Net (modern)"]


def test_the_targets_give_every_number_that_the_registry_asks_for():
    drawings = {
        "bnn_optimised_prior": bnn_optimised_prior(LEARNED, POINT, NETWORKS, RUN),
        "bnn_fixed_prior": bnn_fixed_prior(FIXED, LEARNED, NETWORKS, RUN),
        "ood_density": ood_density(FIXED, LEARNED, NETWORKS, RUN),
        "ood_error_vs_uncertainty": ood_error_vs_uncertainty(FIXED, NETWORKS, RUN),
    }
    registry = read_registry(REGISTRY)
    for slug, drawing in drawings.items():
        assert set(drawing.numbers) == {value.key for value in registry[slug].printed}
        assert None not in [number.value for number in drawing.numbers.values()]
