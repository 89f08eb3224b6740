# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up predictions in the layout of the stage `predict_model`, with scores that a test can choose."""

import numpy as np
import xarray as xr

from mesobayes.nets.settings import StressNetworkSettings
from mesobayes.studies.stress.settings import StressNetworks

NOISE = {
    "label_noise_median": 0.003,
    "label_noise_p95": 0.019,
    "label_noise_max": 0.03,
    "label_noise_accuracy": 1.0,
}
NETWORKS = StressNetworks(StressNetworkSettings("printed"), StressNetworkSettings("modern", width=0.5))


def predictions(
    error: float,
    *,
    network: str = "modern",
    repeats: int = 3,
    patches: int = 200,
    spread: float = 0.0,
    labels: int = 600,
    fit_seconds: float = 10.0,
    draws: int = 16,
    seed: int = 0,
) -> list[xr.Dataset]:
    """Predictions by some repeats, of maxima with normal relative errors of this size.

    spread: of the draws, in units of the error's size; draws and truth are exchangeable at 1.
    """
    truth = true_maxima(patches)
    stores = []
    for repeat in range(repeats):
        rng = np.random.default_rng([seed, repeat])
        centre = truth * (1 + error * rng.standard_normal(patches))
        roi_max = centre + error * spread * truth * rng.standard_normal((draws if spread else 1, patches))
        stores.append(
            xr.Dataset(
                {
                    "structure": ("patch", np.arange(patches) // 20),
                    "true_max": ("patch", truth),
                    "mean_max": ("patch", centre),
                    "roi_max": (("draw", "patch"), roi_max),
                },
                {"patch": np.arange(patches)},
                {
                    **{"network": network, "repeat": repeat, "labels": labels, "structures": 8, "steps": 960},
                    **{"batch": 16, "draws": draws, "family": "ellipse3", "model": "toy"},
                    **{"fit_seconds": fit_seconds + repeat, "scale": "small", **NOISE},
                },
            )
        )
    return stores


def true_maxima(patches: int) -> np.ndarray:
    return np.random.default_rng(99).gamma(4.0, 0.25, patches) + 0.05


def maxima(patches: int, error: float = 0.35) -> xr.Dataset:
    """Maxima of the same patches and of as many for training; the macroscopic stress has uniform errors."""
    true = np.tile(true_maxima(patches), 2)
    macro = true / 2 * (1 + error * np.random.default_rng(7).uniform(-1, 1, 2 * patches))
    return xr.Dataset(
        {
            "true_max": ("patch", true),
            "macro_max": ("patch", macro),
            "split": ("patch", np.repeat(np.array([1, 0], np.uint8), patches)),
            "structure": ("patch", np.arange(2 * patches) // 20),
        },
        {"patch": np.arange(2 * patches)},
    )
