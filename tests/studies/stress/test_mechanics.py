# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of mechanics without labels."""

import numpy as np
import pytest

from mesobayes.studies.stress.mechanics.scores import METHODS, mechanics_of_patches
from mesobayes.studies.stress.models.local_data import local_data
from mesobayes.studies.stress.models.patch_data import masked_maximum
from mesobayes.studies.stress.settings import MechanicsSettings


@pytest.fixture(scope="module")
def scored(plates):
    settings = MechanicsSettings(windows=(10.0, 18.0, 60.0), window_patches=6)
    return mechanics_of_patches(plates.patches, plates.structures, plates.channels, settings, 0.1, "test")


def test_true_maxima_are_those_of_the_patches(plates, scored):
    data = local_data(plates.channels, np.arange(plates.channels.sizes["patch"]), "none").patches()
    np.testing.assert_allclose(scored["true_max"], masked_maximum(data.target, data.mask), rtol=1e-5)


def test_the_whole_structure_is_nearly_exact_and_the_macroscopic_stress_is_far_off(scored):
    error = np.abs(scored["roi_max"] / scored["true_max"] - 1).median("patch")
    assert float(error.sel(mechanics="whole")) < 0.03
    assert float(error.sel(mechanics="macro")) > 4 * float(error.sel(mechanics="whole"))
    assert tuple(scored["mechanics"].values) == METHODS


def test_a_window_of_the_patch_is_the_patch_and_a_large_one_the_structure(scored):
    few = scored["window_patch"].values
    found = scored["roi_max"].isel(patch=few)
    np.testing.assert_allclose(scored["window_max"].sel(window=18.0), found.sel(mechanics="edges"), rtol=1e-4)
    np.testing.assert_allclose(scored["window_max"].sel(window=60.0), found.sel(mechanics="whole"), rtol=1e-9)
    np.testing.assert_allclose(
        scored["window_max"].sel(window=26.0), found.sel(mechanics="whole"), rtol=1e-12
    )


def test_every_method_has_a_cost_and_accuracy_rises_with_the_threshold(scored):
    assert (scored["seconds"] > 0).all()
    assert (np.diff(scored["accuracy"], axis=1) >= 0).all()
