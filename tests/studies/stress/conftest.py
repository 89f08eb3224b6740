# SPDX-License-Identifier: GPL-3.0-or-later
"""Tiny patches, and two small plates with all that is made of them."""

from typing import NamedTuple

import numpy as np
import pytest
import xarray as xr

from mesobayes.drawing.style import drawing_style
from mesobayes.geometry import PlateFamily
from mesobayes.studies.stress.data import simulate_batch
from mesobayes.studies.stress.mechanics.channels import channels_of_patches
from mesobayes.studies.stress.models.patch_data import PatchData
from mesobayes.studies.stress.models.settings import ModelSettings
from mesobayes.studies.stress.patches import cut_structures

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


@pytest.fixture
def style():
    with drawing_style():
        yield


@pytest.fixture(scope="session")
def patches() -> PatchData:
    return make_patches(12, 0)


class Plates(NamedTuple):
    """Structures of 26 R, their patches (nine each, one structure held out) and channels."""

    structures: xr.Dataset
    patches: xr.Dataset
    channels: xr.Dataset


@pytest.fixture(scope="session")
def plates() -> Plates:
    family = PlateFamily(
        "tiny", 26.0, 1.0, n_ellipses=1, semi_axis_min=3.0, semi_axis_max=5.0, n_pores_min=10, n_pores_max=10
    )
    structures = simulate_batch(family, range(2), "test", pixels_per_radius=2)
    patches = cut_structures(structures, 2, 1, "test")
    return Plates(structures, patches, channels_of_patches(patches, structures))


@pytest.fixture(scope="session")
def model() -> ModelSettings:
    """A model of plates with three ellipses, without anything special."""
    return ModelSettings(
        family="ellipse3",
        labels=30,
        length=1.0,
        whole_structures=False,
        rotations=0,
        augment=True,
        estimator="none",
        prior="learned",
        prior_std=0.1,
        squeeze=True,
        average_input=False,
        folds=0,
        split="structure",
        networks=("modern",),
    )
