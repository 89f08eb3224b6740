# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.images.patches import PatchGeometry, cut_windows, patch_origins, patches_with_features
from mesobayes.images.stitching import stitch_rois

GEOMETRY = PatchGeometry(pixels_per_radius=2)


def test_four_pixels_per_radius_give_the_printed_sizes():
    printed = PatchGeometry(4)
    assert (printed.patch, printed.roi, printed.stride) == (72, 32, 16)


def test_the_first_window_touches_the_top_right_corner():
    assert patch_origins((60, 70), GEOMETRY)[0].tolist() == [60 - 36, 70 - 36]


def test_rois_of_all_windows_cover_the_central_square():
    side = 58 * 2
    covered = np.zeros((side, side), bool)
    for row, column in patch_origins((side, side), GEOMETRY) + GEOMETRY.margin:
        covered[row : row + GEOMETRY.roi, column : column + GEOMETRY.roi] = True
    margin = GEOMETRY.margin
    assert covered[margin:-margin, margin:-margin].all()
    assert covered.sum() == (side - 2 * margin) ** 2


def test_stitching_the_rois_of_an_image_reproduces_it():
    side = 58 * 2
    image = np.random.default_rng(1).normal(size=(side, side))
    origins = patch_origins((side, side), GEOMETRY, stride=GEOMETRY.roi)
    rois = cut_windows(image, origins, GEOMETRY.roi, offset=GEOMETRY.margin)
    stitched = stitch_rois(rois, origins, image.shape, GEOMETRY)
    inner = slice(GEOMETRY.margin, side - GEOMETRY.margin)
    np.testing.assert_array_equal(stitched[inner, inner], image[inner, inner])
    assert np.isnan(stitched[0]).all()


def test_windows_of_a_stress_image_keep_their_components():
    image = np.random.default_rng(2).normal(size=(3, 60, 60))
    windows = cut_windows(image, np.array([[4, 10], [24, 0]]), GEOMETRY.patch)
    np.testing.assert_array_equal(windows, np.stack([image[:, 4:40, 10:46], image[:, 24:60, :36]]))


def test_patches_without_features_and_rois_without_material_are_dropped():
    solid = np.ones((36, 36), bool)
    origin = np.array([[0, 0]])
    assert not patches_with_features(solid, origin, GEOMETRY).any()
    solid[0, 0] = False
    assert patches_with_features(solid, origin, GEOMETRY).all()
    solid[GEOMETRY.roi_slice(), GEOMETRY.roi_slice()] = False
    assert not patches_with_features(solid, origin, GEOMETRY).any()


def test_an_image_smaller_than_a_patch_is_refused():
    with pytest.raises(ValueError, match="holds no patch of 36x36"):
        patch_origins((30, 60), GEOMETRY)
