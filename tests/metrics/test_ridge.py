# SPDX-License-Identifier: GPL-3.0-or-later
"""Quadratic ridge regression: exact parabolas, leave-one-out by hand, features without spread."""

import numpy as np

from mesobayes.metrics.ridge import fit_quadratic_ridge


def test_a_parabola_is_found_exactly_and_goes_on_beyond_the_data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))

    def parabola(x):
        return 1 + x[:, 0] - 2 * x[:, 1] + 0.5 * x[:, 0] * x[:, 2] + x[:, 1] ** 2

    fit = fit_quadratic_ridge(x, parabola(x))
    new = rng.normal(0, 2, size=(20, 3))
    np.testing.assert_allclose(fit.predict(new), parabola(new), rtol=1e-4, atol=1e-4)


def test_noise_raises_the_penalty():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 4))
    clean, noisy = x[:, 0], x[:, 0] + rng.normal(0, 1.0, 40)
    assert fit_quadratic_ridge(x, noisy).penalty > 100 * fit_quadratic_ridge(x, clean).penalty


def test_fewer_rows_than_terms_and_a_constant_feature_leave_finite_numbers():
    rng = np.random.default_rng(2)
    x = np.column_stack([rng.normal(size=(10, 5)), np.full(10, 3.0)])
    fit = fit_quadratic_ridge(x, x[:, 0])
    assert np.all(np.isfinite(fit.predict(x)))
    np.testing.assert_allclose(fit.predict(x), x[:, 0], atol=0.5)
