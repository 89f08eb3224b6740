# SPDX-License-Identifier: GPL-3.0-or-later
"""Where grey values are cut into two phases, and where they are not."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from mesobayes.images.errors import ImageError
from mesobayes.images.threshold import choose_threshold, otsu_threshold
from mesobayes.images.user_image import read_two_phase_image

Y, X = np.mgrid[:120, :160]
DISCS = np.minimum(np.hypot(X - 40, Y - 50) - 18, np.hypot(X - 110, Y - 70) - 25)  # distance from the edges
VOID = DISCS < 0
SHARE = VOID.mean()
LIMIT = 10**6


def noisy(low=90.0, high=160.0, spread=8.0, seed=0):
    return np.where(VOID, low, high) + np.random.default_rng(seed).normal(0, spread, VOID.shape)


def cut(values):
    return values < choose_threshold(values)[0]


def test_otsus_threshold_maximises_the_variance_between_the_classes():
    values = noisy(spread=20.0)

    def between(threshold):
        below = values < threshold
        w = below.mean()
        return w * (1 - w) * (values[below].mean() - values[~below].mean()) ** 2

    candidates = np.linspace(80, 170, 400)
    best = candidates[np.argmax([between(t) for t in candidates])]
    assert otsu_threshold(values) == pytest.approx(best, abs=1.0)


def test_two_noisy_phases_are_cut_between_them():
    threshold, remark = choose_threshold(noisy())
    assert threshold == pytest.approx(125.0, abs=3.0)
    assert "halfway between 90" in remark
    np.testing.assert_allclose(cut(noisy()).mean(), SHARE, atol=1e-3)


@pytest.mark.parametrize("spot", [65535.0, -65535.0, 1e9])
@pytest.mark.parametrize("count", [1, 20])
def test_hot_and_dead_pixels_do_not_move_the_cut_and_are_said(spot, count):
    values = noisy()
    places = np.random.default_rng(1).choice(values.size, count, replace=False)
    values.reshape(-1)[places] = spot
    threshold, remark = choose_threshold(values)
    assert threshold == pytest.approx(125.0, abs=3.0)
    assert f"{count} outlying pixel" in remark


@pytest.mark.parametrize("radius", [0.7, 1.5, 3.0])
def test_blurred_edges_are_cut_where_half_of_each_phase_is(radius):
    values = gaussian_filter(np.where(VOID, 0.0, 255.0), radius)
    assert choose_threshold(values)[0] == pytest.approx(127.5, abs=3.0)
    assert cut(values).mean() == pytest.approx(SHARE, rel=0.01)


@pytest.mark.parametrize("factor", [2, 4])
def test_the_grey_levels_of_downsampled_edges_are_no_phases(factor):
    small = np.where(VOID, 0.0, 255.0).reshape(120 // factor, factor, 160 // factor, factor).mean((1, 3))
    threshold, _ = choose_threshold(small)
    assert threshold == pytest.approx(127.5)
    assert (small < threshold).mean() == pytest.approx(SHARE, rel=0.05)


@pytest.mark.parametrize("spread", [0.0, 4.0])
def test_a_third_phase_is_refused_with_the_levels(spread):
    values = noisy(spread=spread)
    values[:, 140:] = 230.0 + np.random.default_rng(2).normal(0, spread, (120, 20))
    with pytest.raises(ImageError, match=r"3 grey levels, 90.*more than two phases; give the value"):
        choose_threshold(values)


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(0).normal(size=VOID.shape),
        np.random.default_rng(0).random((20, 20)),
        np.linspace(0, 255, VOID.size).reshape(VOID.shape),
        X + 0.3 * Y,
    ],
    ids=["noise", "few pixels", "ramp", "shading"],
)
def test_an_image_without_two_levels_is_refused(values):
    with pytest.raises(ImageError, match=r"one grey level|an information line"):
        choose_threshold(values.astype(float))


def with_line(lines, where="below"):
    """An image with the bar of a microscope: black with white text."""
    bar = np.zeros((lines, 160))
    bar[lines // 4 : lines // 2, 10:50:3] = 255.0
    return np.concatenate([bar, noisy()] if where == "below" else [noisy(), bar])


@pytest.mark.parametrize("where", ["below", "above"])
@pytest.mark.parametrize("lines", [1, 12])
def test_an_information_line_is_found_and_refused(lines, where):
    end = "lowest" if where == "below" else "highest"
    with pytest.raises(ImageError, match=f"its {end} {lines} rows look like an information line"):
        choose_threshold(with_line(lines, where))
    with pytest.raises(ImageError, match=r"(leftmost|rightmost) \d+ columns"):
        choose_threshold(with_line(lines, where).T)


def test_a_frame_of_one_phase_around_clean_grey_values_is_no_information_line():
    values = gaussian_filter(np.pad(np.where(VOID, 0.0, 255.0), 12, constant_values=255.0), 1.0)
    assert choose_threshold(values)[0] == pytest.approx(127.5, abs=1.0)


def test_a_threshold_that_is_asked_for_cuts_there_and_warns_of_a_line(tmp_path):
    np.save(tmp_path / "a.npy", with_line(12))
    image = read_two_phase_image(tmp_path / "a.npy", LIMIT, threshold=150.0)
    np.testing.assert_array_equal(image.pixels, with_line(12) > 150.0)
    assert image.threshold == 150.0
    assert "cut at 150 as asked for, but its lowest 12 rows" in image.remark
    with pytest.raises(ImageError, match="all on one side of 300"):
        read_two_phase_image(tmp_path / "a.npy", LIMIT, threshold=300.0)


def test_an_image_of_two_values_needs_no_threshold_and_refuses_one_outside_of_them(tmp_path):
    np.save(tmp_path / "a.npy", VOID.astype(np.uint8))
    assert read_two_phase_image(tmp_path / "a.npy", LIMIT, threshold=0.3).threshold is None
    with pytest.raises(ImageError, match="values from 0 to 1, all on one side of 128"):
        read_two_phase_image(tmp_path / "a.npy", LIMIT, threshold=128.0)
