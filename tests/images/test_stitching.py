# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from mesobayes.images.patches import PatchGeometry, cut_windows, patch_origins
from mesobayes.images.stitching import stitch_rois, tile_origins

GEOMETRY = PatchGeometry(pixels_per_radius=2)
PLATE, STRIP = (100, 100), (40, 200)  # 50 R square; a strip of which windows tile neither direction


def times_covered(shape, stride=None):
    count = np.zeros(shape, int)
    for row, column in tile_origins(shape, GEOMETRY, stride) + GEOMETRY.margin:
        count[row : row + GEOMETRY.roi, column : column + GEOMETRY.roi] += 1
    return count


def reach(shape):
    inside = np.zeros(shape, bool)
    inside[GEOMETRY.margin : -GEOMETRY.margin, GEOMETRY.margin : -GEOMETRY.margin] = True
    return inside


def test_rois_cover_every_pixel_of_the_central_square_of_a_plate_once():
    np.testing.assert_array_equal(times_covered(PLATE), reach(PLATE).astype(int))


@pytest.mark.parametrize("stride", [None, GEOMETRY.stride])
@pytest.mark.parametrize("shape", [PLATE, STRIP, (36, 36), (37, 90)])
def test_rois_cover_all_that_a_roi_can_reach_and_nothing_else(shape, stride):
    np.testing.assert_array_equal(times_covered(shape, stride) > 0, reach(shape))


@pytest.mark.parametrize("shape", [PLATE, STRIP])
def test_windows_a_roi_apart_are_among_those_half_a_roi_apart(shape):
    all_windows = {tuple(origin) for origin in tile_origins(shape, GEOMETRY, GEOMETRY.stride)}
    assert {tuple(origin) for origin in tile_origins(shape, GEOMETRY)} <= all_windows


def test_where_steps_end_at_the_edges_the_windows_are_those_of_the_patches():
    expected = patch_origins(PLATE, GEOMETRY)
    np.testing.assert_array_equal(tile_origins(PLATE, GEOMETRY, GEOMETRY.stride), expected)


@pytest.mark.parametrize("shape", [PLATE, STRIP])
def test_putting_the_truth_together_gives_the_truth(shape):
    image = np.random.default_rng(1).normal(size=shape)
    origins = tile_origins(shape, GEOMETRY)
    rois = cut_windows(image, origins, GEOMETRY.roi, offset=GEOMETRY.margin)
    np.testing.assert_array_equal(
        stitch_rois(rois, origins, shape, GEOMETRY), np.where(reach(shape), image, np.nan)
    )
