# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest
import xarray as xr

from mesobayes.studies.stress.mechanics.baseline import score_baseline


def patches(factor, n=40, pixels_per_radius=1):
    """Patches whose micro Tresca stress is a factor times the macroscopic one, all solid."""
    rng = np.random.default_rng(1)
    size = 18 * pixels_per_radius
    inputs = np.ones((n, size, size, 5), np.float32)
    inputs[..., :3] = rng.uniform(-1, 1, (n, 1, 1, 3))
    tresca = np.hypot(0.5 * (inputs[..., 0] - inputs[..., 1]), inputs[..., 2])
    return xr.Dataset(
        {
            "input": (("patch", "y", "x", "channel"), inputs),
            "target": (("patch", "y", "x"), tresca * np.asarray(factor)[:, None, None]),
            "split": ("patch", np.repeat([0, 1], n // 2).astype(np.uint8)),
        },
        attrs={"pixels_per_radius": pixels_per_radius},
    )


def test_a_constant_concentration_factor_is_found_and_leaves_no_error():
    scores = score_baseline(patches(np.full(40, 2.5)), np.arange(20, 40), 0.1)
    assert scores.factor == pytest.approx(2.5, rel=0.1)
    assert scores.accuracy == 1.0


def test_the_squared_error_is_that_of_the_scaled_field():
    data = patches(np.full(40, 2.5))
    scores = score_baseline(data, np.arange(20, 40), 0.1)
    expected = float(((scores.factor / 2.5 - 1) ** 2 * data["target"].values[20:] ** 2).mean())
    assert scores.mse == pytest.approx(expected, rel=1e-4)


def test_the_factor_is_tuned_on_training_patches_only():
    factor = np.where(np.arange(40) < 20, 2.0, 3.0)
    scores = score_baseline(patches(factor), np.arange(20, 40), 0.1)
    assert scores.factor == pytest.approx(2.0, rel=0.1)
    assert scores.accuracy == 0.0
