# SPDX-License-Identifier: GPL-3.0-or-later

import numpy as np
import pytest

from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures import uncertain_patches
from mesobayes.studies.stress.figures.shown import maximum_interval
from studies.stress.pictured import all_within, errors, prediction

RUN = Run("stress", "small", "seed")
pytestmark = pytest.mark.usefixtures("style")


def test_the_interval_of_a_maximum_is_that_of_the_draws():
    store = prediction(errors(0), half=np.linspace(0.01, 0.6, 60))
    interval = maximum_interval(store)
    np.testing.assert_allclose(interval.half, np.linspace(0.01, 0.6, 60), rtol=1e-6)
    np.testing.assert_allclose(interval.error, np.abs(store["mean_max"] - store["true_max"]), atol=1e-9)


def test_the_numbers_of_the_widest_interval_come_from_every_repeat():
    halves = [np.where(np.arange(60) == place, 1.5, 0.1) for place in (7, 20, 33)]
    stores = [prediction(errors(r), repeat=r, half=half) for r, half in enumerate(halves)]
    drawing = uncertain_patches.bnn_roi_examples(stores, RUN)
    assert drawing.drawn["panels"]["e"]["patch"] == 17
    missed = [
        float(np.abs(store["mean_max"] - store["true_max"])[place])
        for store, place in zip(stores, (7, 20, 33), strict=True)
    ]
    assert drawing.numbers["case_e_error"].value == pytest.approx(np.mean(missed))
    assert drawing.numbers["case_e_1p96std"].value == pytest.approx(1.5)
    assert all_within(drawing.figure)


def test_good_examples_are_within_ten_percent_and_of_their_kind():
    error = errors(0, 0.15)
    chosen = uncertain_patches.bnn_examples(prediction(error), "seed")
    for letter, remainder in zip("abcd", (0, 0, 1, 1), strict=True):
        place = chosen[letter][1]
        assert place % 3 == remainder
        assert abs(error[place]) < 0.1
    assert len({place for _, place in chosen.values()}) >= 5


def test_unseen_pores_are_sorted_by_error_and_interval():
    error, half = errors(0, 0.2), np.random.default_rng(9).uniform(0.02, 0.4, 60)
    store = prediction(error, half=half)
    missed = np.abs(error) >= 0.1
    outside = np.abs(store["mean_max"] - store["true_max"]).values > half
    chosen = uncertain_patches.ood_examples(store, "seed")
    kinds = {"a": missed & outside, "c": missed & ~outside, "e": ~missed}
    for letter, member in kinds.items():
        for each in (letter, chr(ord(letter) + 1)):
            assert member[chosen[each][1]], each
    drawing = uncertain_patches.ood_roi_examples([store], [store.assign_attrs(family="ellipse3_ood")], RUN)
    assert list(drawing.drawn["panels"]) == list("abcdef")
    assert all_within(drawing.figure)


def test_without_a_missed_maximum_inside_its_interval_the_nearest_is_shown():
    error = errors(0, 0.2)
    store = prediction(error, half=0.01)
    chosen = uncertain_patches.ood_examples(store, "seed")
    missed = np.setdiff1d(np.flatnonzero(np.abs(error) >= 0.1), [chosen["a"][1], chosen["b"][1]])
    gap = np.abs(store["mean_max"] - store["true_max"]).values
    nearest = missed[np.argsort(gap[missed])][:2].tolist()
    assert [chosen["c"][1], chosen["d"][1]] == nearest
    assert "0 of 60 inside" in chosen["c"][0]
