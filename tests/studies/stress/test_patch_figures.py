# SPDX-License-Identifier: GPL-3.0-or-later

import matplotlib as mpl
import numpy as np
import pytest

from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures import patches
from studies.stress.pictured import ALL_KINDS, GEOMETRY, all_within, errors, repeats, shown

RUN = Run("stress", "small", "seed")
pytestmark = pytest.mark.usefixtures("style")


def test_patches_are_the_first_of_their_kinds_whatever_their_error():
    stores, found = repeats(0.1), shown(ALL_KINDS)
    assert patches.patches_1ellipse(stores, [found], RUN).drawn["patches"] == [10, 11]
    assert patches.patches_rot6(stores, [found], RUN).drawn["patches"] == [14, 18, 15, 16]
    worse = shown(ALL_KINDS, error=0.4)
    assert patches.patches_rot6(stores, [worse], RUN).drawn["patches"] == [14, 18, 15, 16]


def test_a_kind_that_no_patch_is_of_is_said_to_be_missing():
    drawing = patches.patches_rot6(repeats(0.1), [shown(["random", "hole"])], RUN)
    assert drawing.drawn["patches"] == [11, 10]  # a random one takes its place, as far as there are any
    texts = [text.get_text() for text in drawing.figure.findobj(mpl.text.Text)]
    assert sum("none among those predicted" in text for text in texts) == 2
    assert "(b) random patch, no further interacting pores" in texts


def test_the_largest_values_in_the_region_and_on_the_patch_are_printed():
    found = shown(ALL_KINDS)
    panel = patches.patches_1ellipse(repeats(0.1), [found], RUN).drawn["panels"][0]
    roi = GEOMETRY.roi_slice()
    assert panel["patch"]["fe_max"] == pytest.approx(found["truth"].values[0].max())
    assert panel["ROI"]["network_max"] == pytest.approx(found["mean"].values[0][roi, roi].max())


def test_a_network_that_bursts_outside_its_region_is_shown_by_an_arrow_not_silently():
    drawing = patches.patches_1ellipse(repeats(0.1), [shown(ALL_KINDS, burst=20.0)], RUN)
    panel = drawing.drawn["panels"][0]
    assert (panel["patch"]["beyond"], panel["ROI"]["beyond"]) == ("max", "neither")
    assert panel["patch"]["network_max"] > 20
    assert all_within(drawing.figure)


def test_the_largest_error_of_the_four_patches_is_taken_from_all_repeats():
    stores = repeats(0.1)
    drawing = patches.patches_nonlinear(stores, [shown(ALL_KINDS)], RUN)
    assert drawing.drawn["patches"] == [14, 15, 18, 19]
    places = [4, 5, 8, 9]
    largest = [np.abs(errors(seed)[places]).max() for seed in (0, 1, 2)]
    number = drawing.numbers["max_rel_error"]
    assert number.value == pytest.approx(np.mean(largest), rel=1e-5)
    assert number.n == 3


def test_a_strip_is_shown_in_units_of_e():
    found = shown(ALL_KINDS)
    found["scale"] = found["scale"] * 3
    drawing = patches.patches_nonlinear(repeats(0.1), [found], RUN)
    panel = drawing.drawn["panels"][0]
    assert panel["patch"]["fe_max"] == pytest.approx(3 * found["truth"].values[4].max())
