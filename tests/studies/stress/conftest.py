# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny patches."""

import numpy as np
import pytest

from mesobayes.studies.stress.patch_data import PatchData

SIZE = 18


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
    return PatchData(inputs.astype(np.float32), target.astype(np.float32), solid[:, 5:13, 5:13])


@pytest.fixture(scope="session")
def patches() -> PatchData:
    return make_patches(12, 0)
