# SPDX-License-Identifier: GPL-3.0-or-later
"""Label noise of ROI maxima."""

import numpy as np
import pytest

from mesobayes.fem.plate.settings import DEFAULT_MESH, MeshSettings
from mesobayes.geometry import PlateFamily
from mesobayes.studies.stress.label_noise import deviations_of_structures, roi_maxima

FAMILY = PlateFamily(
    "small", 30.0, 5.0, n_ellipses=1, semi_axis_min=2.0, semi_axis_max=4.0, n_pores_min=6, n_pores_max=8
)


def test_roi_maxima_are_those_of_overlapping_windows():
    images = np.random.default_rng(0).uniform(size=(2, 46, 46))
    maxima = roi_maxima(images, 5, 2)  # inner square of 36 pixels: four blocks of 8, the rest unused
    assert maxima.shape == (2, 3, 3)
    for row in range(3):
        for column in range(3):
            window = images[:, 5 + 8 * row : 21 + 8 * row, 5 + 8 * column : 21 + 8 * column]
            np.testing.assert_array_equal(maxima[:, row, column], window.max(axis=(1, 2)))


def test_an_image_smaller_than_a_roi_is_refused():
    with pytest.raises(ValueError, match="smaller than one ROI"):
        roi_maxima(np.zeros((1, 20, 20)), 5, 2)


def test_default_labels_are_within_two_per_cent_and_linear_triangles_are_not():
    quadratic = deviations_of_structures(FAMILY, range(2), "noise")
    linear = deviations_of_structures(FAMILY, range(2), "noise", MeshSettings(7.0, 7.0, 8.0, 0.2, order=1))
    assert quadratic.percentiles[1] <= 0.02
    assert linear.percentiles[1] > 2.0 * quadratic.percentiles[1]


def test_the_noise_of_a_mesh_against_itself_is_zero():
    noise = deviations_of_structures(FAMILY, [0], "noise", reference=DEFAULT_MESH, pixels_per_radius=2)
    attributes = noise.attributes()
    assert noise.percentiles == (0.0, 0.0, 0.0)
    assert attributes["label_noise_p95"] == 0.0
    assert attributes["label_noise_rois"] == len(noise.deviations) > 0
    assert attributes["label_noise_structures"] == 1
