# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny patches and networks that compile in seconds."""

import numpy as np
import pytest

from mesobayes.learning.data import PatchData, central_mask
from mesobayes.nets.settings import StressNetworkSettings

SIZE, ROI = 18, 8
TINY = StressNetworkSettings("modern", ROI, width=0.17, levels=2, estimator="shared")


def make_patches(n: int, seed: int) -> PatchData:
    """Uniform stress around one hole, with a made-up target that depends on both."""
    rng = np.random.default_rng(seed)
    x = np.arange(SIZE) - SIZE / 2 + 0.5
    centre = rng.uniform(-4, 4, (n, 2, 1, 1))
    distance = np.hypot(x[None, None, :] - centre[:, 0], x[None, :, None] - centre[:, 1])
    stress = rng.uniform(-1, 1, (n, 1, 1, 3)) * np.ones((n, SIZE, SIZE, 1))
    stress /= np.abs(stress).max(axis=(1, 2, 3), keepdims=True)
    solid = distance > 2
    inputs = np.concatenate([stress, solid[..., None], np.clip(distance - 1.5, 0, 1)[..., None]], axis=-1)
    tresca = np.hypot((stress[..., 0] - stress[..., 1]) / 2, stress[..., 2])
    target = (tresca * (1 + 2 / np.maximum(distance, 1)))[:, 5:13, 5:13]
    inputs = inputs.astype(np.float32)
    return PatchData(inputs, target.astype(np.float32), central_mask(inputs, ROI))


@pytest.fixture(scope="session")
def tiny() -> StressNetworkSettings:
    return TINY


@pytest.fixture(scope="session")
def patches() -> PatchData:
    return make_patches(12, 0)


@pytest.fixture(scope="session")
def other_patches() -> PatchData:
    return make_patches(9, 4)
