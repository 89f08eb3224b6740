# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of single pixels: exact symmetries of its construction."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from mesobayes.nets.build import build_network
from mesobayes.nets.channels import LOCAL_CHANNELS
from mesobayes.nets.posterior import count_weights, draw_noise
from mesobayes.nets.settings import LocalNetworkSettings
from mesobayes.nets.stress import tresca

ROI = 6


@pytest.fixture(scope="module", params=["none", "superposition"])
def network(request):
    return build_network(LocalNetworkSettings(roi=ROI, width=8, mechanics=request.param), 3)


@pytest.fixture(scope="module")
def inputs():
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(4, ROI, ROI, LOCAL_CHANNELS)).astype(np.float32)
    inputs[..., 3] = rng.random((4, ROI, ROI)) > 0.2
    return inputs


def loaded(inputs, factor):
    """The same under the load times a factor."""
    scaled = inputs.copy()
    scaled[..., :3] *= factor
    scaled[..., 13:] *= factor
    return scaled


@pytest.mark.parametrize("factor", [-1.0, 3.0, -0.2])
def test_the_prediction_is_homogeneous_and_even_in_the_load(network, inputs, factor):
    np.testing.assert_allclose(
        network(loaded(inputs, factor)), abs(factor) * network(inputs), rtol=1e-4, atol=1e-5
    )


def test_a_pixel_sees_its_own_channels_and_the_direction_of_the_load_only(network, inputs):
    other = inputs.copy()
    other[:, 2, 3, 4:] += 1.0
    changed = np.abs(np.asarray(network(other) - network(inputs))) > 1e-7
    assert changed[:, 2, 3].all()
    assert changed.sum() == 4


def test_what_the_pores_add_is_an_input_only_where_the_settings_say_so(network, inputs):
    other = inputs.copy()
    other[..., 13:] += 1.0
    same = np.allclose(network(other), network(inputs))
    assert same == (network.settings.mechanics == "none")
    if same:
        np.testing.assert_array_equal(network(inputs[..., :13]), network(inputs))


def test_without_a_learned_part_it_is_the_mechanics(inputs):
    network = build_network(LocalNetworkSettings(roi=ROI, width=8, mechanics="edges"), 3)
    network.head.kernel.mu[...] = np.zeros_like(network.head.kernel.mu[...])
    np.testing.assert_allclose(
        network(inputs), tresca(inputs[..., :3] + inputs[..., 13:]), rtol=1e-5, atol=1e-6
    )


def test_features_and_field_are_the_two_halves_of_the_prediction(network, inputs):
    noise = draw_noise(network, jax.random.key(1))
    features = network.features(inputs, noise)
    assert features.shape == (4, ROI, ROI, 8)
    np.testing.assert_array_equal(network.field(inputs, features, noise), network(inputs, noise))
    assert np.abs(network(inputs, noise) - network(inputs)).max() > 1e-3


def test_the_default_network_has_six_thousand_weights():
    assert count_weights(build_network(LocalNetworkSettings(), 0)) == 16 * 48 + 2 * 48 * 48 + 48 * 12


def test_heads_leave_the_field_as_it_is_and_see_every_pixel_for_itself(inputs):
    settings = LocalNetworkSettings(roi=ROI, width=8, mechanics="superposition")
    with_heads = build_network(replace(settings, heads=True), 3)
    field, spread = with_heads.with_spread(inputs)
    np.testing.assert_array_equal(field, build_network(settings, 3)(inputs))
    assert spread.log_noise.shape == (4, ROI, ROI)
    assert spread.shift.shape == spread.log_spread.shape == (4,)
    other = inputs.copy()
    other[:, 2, 3, 4:] += 1.0
    changed = np.abs(np.asarray(with_heads.with_spread(other)[1].log_noise - spread.log_noise)) > 1e-7
    assert changed.sum() == 4
