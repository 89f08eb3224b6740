# SPDX-License-Identifier: GPL-3.0-or-later

import numpy as np
import pytest

from mesobayes.record.provenance import Run
from mesobayes.studies.stress.figures import whole_structures
from studies.stress.pictured import GEOMETRY, PATCH, all_within, prediction, repeats, stitched

RUN = Run("stress", "small", "seed")
pytestmark = pytest.mark.usefixtures("style")


def test_the_error_of_the_largest_stress_is_that_where_windows_reach():
    store = stitched(error=0.08)
    store["truth"][0, 0] = 50.0  # no region of interest reaches the corner
    drawing = whole_structures.full_structure_1ellipse(repeats(0.1), [store], RUN)
    assert drawing.drawn["relative_error_of_max"] == pytest.approx(0.08)
    assert "Hatched" in drawing.figure.get_supxlabel()
    assert all_within(drawing.figure)


def test_a_strip_is_drawn_lying_and_its_error_is_a_number():
    drawing = whole_structures.full_structure_nonlinear_1(
        repeats(0.1), [stitched((44, 220), error=-0.03)], RUN
    )
    assert drawing.numbers["rel_error_of_max"].value == pytest.approx(0.03)


def overlapping(gap):
    """Pairs of windows of one field, the right one of which is off by `gap` in units of E."""
    store = prediction(np.zeros(20))
    half, scale = GEOMETRY.stride, store["scale"].values
    for left in range(0, 20, 2):
        field = np.where(store["mask"][left], store["truth"][left], 0).astype(float) * scale[left]
        for name, shift in (("truth", 0.0), ("mean", gap)):
            store[name][left] = field / scale[left]
            store[name][left + 1][:, :half] = (field[:, half:] + shift) / scale[left + 1]
    return store


def test_windows_that_agree_differ_by_nothing_although_their_scales_differ():
    found = whole_structures.overlap_differences(overlapping(0.0), GEOMETRY)
    assert len(found) == 10
    np.testing.assert_allclose(found, 0.0, atol=1e-6)


def test_the_difference_is_measured_by_the_largest_stress_in_the_common_area():
    store = overlapping(0.25)
    found = whole_structures.overlap_differences(store, GEOMETRY)
    scale = store["scale"].values
    common = store["truth"].values[::2, :, GEOMETRY.stride :] * scale[::2, None, None]
    np.testing.assert_allclose(found, 0.25 / common.max(axis=(1, 2)), rtol=1e-4)
    drawing = whole_structures.overlap_consistency([store, store.assign_attrs(repeat=1)], [stitched()], RUN)
    assert drawing.numbers["claim"].value == pytest.approx(found.mean())
    assert drawing.numbers["claim"].n == 2


def test_the_pair_of_windows_is_half_a_region_apart_and_shares_a_void():
    store = stitched((100, 100))
    left, right = whole_structures.window_pair(store, GEOMETRY, "seed")
    shift = store["origin"].values[right] - store["origin"].values[left]
    assert shift.tolist() == [0, GEOMETRY.stride]
    row, column = store["origin"].values[right] + GEOMETRY.margin
    common = store["solid"].values[row : row + GEOMETRY.roi, column : column + GEOMETRY.stride]
    assert common.any()
    assert not common.all()
    assert store["window_mean"].shape[1:] == (PATCH, PATCH)
