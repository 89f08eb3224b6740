# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mesobayes.drawing.style import drawing_style
from mesobayes.metrics.scores import accuracy_at, relative_error
from mesobayes.record.provenance import Run
from mesobayes.record.settings import plain
from mesobayes.studies.stress.figures.accuracy import (
    accuracy_threshold_1ellipse,
    accuracy_threshold_nonlinear,
    homogenisation_vs_cnn,
    rotation_augmentation,
    split_by_patch,
)
from mesobayes.studies.stress.figures.accuracy_curves import THRESHOLDS, shares_within
from mesobayes.studies.stress.fit_settings import PatchFitSettings
from mesobayes.studies.stress.mechanics.maxima import patch_maxima
from mesobayes.studies.stress.settings import StressFits
from studies.stress.predicted import NETWORKS, counted, made, mechanics, ours, predictions

RUN = Run("stress", "small", "seed")
PLAIN, MIRRORED = PatchFitSettings(steps=10), PatchFitSettings(steps=10, augment=True)
FITS = StressFits(PLAIN, MIRRORED, PLAIN, PLAIN)
PATCHES = 120
GOOD, BAD = (predictions(error, patches=PATCHES) for error in (0.05, 0.4))
MECHANICS = mechanics(PATCHES)


@pytest.fixture(autouse=True)
def _style():
    with drawing_style():
        yield


def words(figure):
    return figure.get_suptitle().replace("\n", " ")


@given(arrays(float, st.integers(1, 40), elements=st.floats(0, 2)))
def test_a_curve_never_falls_and_is_the_accuracy_at_every_threshold(errors):
    true = np.ones(len(errors))
    (shares,) = shares_within([relative_error(true + errors, true)])
    assert np.all(np.diff(shares) >= 0)
    np.testing.assert_allclose(shares, [accuracy_at(true + errors, true, t) for t in THRESHOLDS])


def test_the_drawn_curves_are_counted_patch_by_patch():
    drawing = accuracy_threshold_1ellipse(GOOD, MECHANICS, NETWORKS, RUN)
    drawn = drawing.drawn["shares"]["U-Net (modern)"]
    expected = [[counted(store, t) for t in THRESHOLDS] for store in GOOD]
    np.testing.assert_allclose(drawn, expected, atol=1e-5)
    assert drawing.numbers["accuracy_at_10pct"].value == pytest.approx(np.mean([counted(s) for s in GOOD]))
    assert drawing.numbers["accuracy_at_10pct"].n == 3


def test_one_wrong_maximum_in_one_repeat_lowers_the_number_by_its_share():
    right = int(np.flatnonzero(np.abs(GOOD[1]["mean_max"] / GOOD[1]["true_max"] - 1) < 0.05)[0])
    wrong = GOOD[1].copy(deep=True)
    wrong["mean_max"][right] *= 1.5
    before, after = (
        accuracy_threshold_1ellipse(stores, MECHANICS, NETWORKS, RUN).numbers["accuracy_at_10pct"].value
        for stores in (GOOD, [GOOD[0], wrong, GOOD[2]])
    )
    assert before - after == pytest.approx(1 / PATCHES / 3)


def test_numbers_are_of_the_printed_network_where_it_was_fitted():
    printed = predictions(0.2, network="printed", patches=PATCHES)
    number = accuracy_threshold_1ellipse([*GOOD, *printed], MECHANICS, NETWORKS, RUN).numbers[
        "accuracy_at_10pct"
    ]
    assert number.value == pytest.approx(np.mean([counted(store) for store in printed]))
    assert "network printed" in number.note


def test_repeats_are_paired_whatever_their_order():
    full = predictions(0.1, patches=PATCHES, seed=3)
    drawing = rotation_augmentation(BAD, BAD, GOOD[::-1], full, MECHANICS, NETWORKS, FITS, RUN)
    gains = [counted(one) - counted(other) for one, other in zip(GOOD, full, strict=True)]
    gain = drawing.numbers["gain_over_full"]
    assert gain.value == pytest.approx(np.mean(gains))
    assert (gain.high - gain.value) == pytest.approx(4.302653 * np.std(gains, ddof=1) / 3**0.5, rel=1e-5)


def test_finite_strain_is_read_off_at_four_thresholds():
    numbers = accuracy_threshold_nonlinear(GOOD, MECHANICS, NETWORKS, RUN).numbers
    for key, threshold in (("acc5", 0.05), ("acc10", 0.1), ("acc15", 0.15), ("acc_above_20", 0.2)):
        assert numbers[key].value == pytest.approx(np.mean([counted(store, threshold) for store in GOOD]))


def test_a_network_below_the_baseline_is_named_in_words():
    drawing = homogenisation_vs_cnn(GOOD, BAD, MECHANICS, NETWORKS, RUN)
    assert drawing.drawn["below_the_baseline"] == ["its average over the patch"]
    assert "its average over the patch" in words(drawing.figure)
    assert words(homogenisation_vs_cnn(GOOD, GOOD, MECHANICS, NETWORKS, RUN).figure) == ""


def test_mechanics_is_drawn_beside_the_networks_where_it_is_given():
    exact = mechanics(PATCHES, superposition=0.0, whole=0.0)
    exact["roi_max"].loc[{"mechanics": "superposition"}] *= 1.201
    drawn = accuracy_threshold_1ellipse(GOOD, exact, NETWORKS, RUN).drawn["shares"]
    np.testing.assert_array_equal(drawn["no learning: pores, edges, whole structure"][0][1:], 1.0)
    shares = drawn["no learning: superposition of pores"][0]
    np.testing.assert_allclose(shares, THRESHOLDS > 0.2, atol=1e-5)


def test_what_a_split_by_patch_gives_is_a_difference_paired_by_repeat():
    gain = split_by_patch(BAD, GOOD, MECHANICS, NETWORKS, RUN).drawn["gain_by_patch"]
    pairs = [counted(one) - counted(other) for one, other in zip(GOOD, BAD, strict=True)]
    assert gain["value"] == pytest.approx(np.mean(pairs))


def test_maxima_are_taken_over_the_solid_pixels_of_the_region_of_interest():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(3, 36, 36, 5)).astype(np.float32)
    inputs[..., 3] = rng.random((3, 36, 36)) > 0.3
    target = rng.random((3, 36, 36)).astype(np.float32)
    patches = xr.Dataset(
        {
            "input": (("patch", "y", "x", "channel"), inputs),
            "target": (("patch", "y", "x"), target),
            "split": ("patch", np.zeros(3, np.uint8)),
            "structure": ("patch", np.arange(3)),
        },
        attrs={"pixels_per_radius": 2, "family": "ellipse3"},
    )
    found = patch_maxima(patches, 0.1)
    for number in range(3):
        solid = [(y, x) for y in range(10, 26) for x in range(10, 26) if inputs[number, y, x, 3]]
        assert found["true_max"][number] == max(target[number, y, x] for y, x in solid)
        tresca = []
        for y, x in solid:
            xx, yy, xy = inputs[number, y, x, :3].astype(float)
            tresca.append(np.ptp(np.linalg.eigvalsh([[xx, xy], [xy, yy]])) / 2)
        macro = found.attrs["factor"] * max(tresca)
        assert float(found["roi_max"].sel(mechanics="macro")[number]) == pytest.approx(macro, rel=1e-5)


def test_the_targets_give_every_number_that_the_registry_asks_for(tmp_path):
    widths = {"networks": plain(NETWORKS)}
    record = made(
        "rotation_augmentation",
        "accuracy",
        tmp_path,
        {**widths, "fits": plain(FITS)},
        rotations0=BAD,
        rotations6=GOOD,
        rotations12=GOOD,
        ellipse3_full=GOOD,
        mechanics=MECHANICS,
    )
    assert None not in ours(record).values()
    assert ours(record)["acc10_rot0"] == pytest.approx(np.mean([counted(store) for store in BAD]))
    assert record["drawn"]["label_noise_accuracy"] == 1.0
