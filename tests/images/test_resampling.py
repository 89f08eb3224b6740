# SPDX-License-Identifier: GPL-3.0-or-later
"""Averages over new pixels: exact ones, and what they keep."""

import numpy as np
import pytest

from mesobayes.images.resampling import area_means

IMAGE = np.random.default_rng(0).random((2, 12, 18))


def test_a_whole_ratio_averages_blocks():
    blocks = IMAGE.reshape(2, 4, 3, 6, 3).mean(axis=(2, 4))
    np.testing.assert_allclose(area_means(IMAGE, 3.0), blocks, rtol=1e-13)


def test_a_ratio_of_one_and_finer_pixels_repeat_the_image():
    np.testing.assert_allclose(area_means(IMAGE, 1.0), IMAGE, rtol=1e-13)
    np.testing.assert_allclose(area_means(IMAGE, 0.5), IMAGE.repeat(2, axis=1).repeat(2, axis=2), rtol=1e-13)


@pytest.mark.parametrize("ratio", [1.2, 1.5, 2.4])
def test_the_total_is_kept_where_the_new_pixels_fill_the_image(ratio):
    square = IMAGE[:, :12, :12]
    found = area_means(square, ratio)
    np.testing.assert_allclose(found.sum() * ratio**2, square.sum(), rtol=1e-13)


def test_what_fills_no_new_pixel_is_cut_off():
    assert area_means(IMAGE, 5.0).shape == (2, 2, 3)


def test_a_small_square_about_the_centre_is_the_pixel_that_holds_it():
    np.testing.assert_allclose(area_means(IMAGE, 3.0, 1.0), IMAGE[:, 1::3, 1::3], rtol=1e-13)
    between = area_means(IMAGE, 2.0, 1.0)  # a centre where four pixels meet
    np.testing.assert_allclose(between, area_means(IMAGE, 2.0), rtol=1e-13)
