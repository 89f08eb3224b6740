# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations on figures 1 to 4 are those that their captions name."""

import numpy as np
from scipy.signal import correlate

from mesobayes.studies.permeability.figures import operations


def test_the_convolution_on_the_figure_is_the_one_of_equation_7():
    drawn = operations.convolution_gray().drawn
    expected = correlate(drawn["image"], drawn["kernel"], mode="valid") + drawn["bias"]
    np.testing.assert_allclose(drawn["feature_map"], expected)


def test_pooling_on_the_figure_is_that_of_its_windows():
    drawn = operations.pooling().drawn
    windows = drawn["values"].reshape(2, 2, 2, 2).swapaxes(1, 2).reshape(2, 2, 4)
    np.testing.assert_allclose(drawn["maximum"], windows.max(axis=-1))
    np.testing.assert_allclose(drawn["mean"], windows.mean(axis=-1))
