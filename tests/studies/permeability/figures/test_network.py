# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawing of the layers follows the network in use."""

from mesobayes.studies.permeability.figures.network import permeability_cnn


def test_the_layer_drawing_follows_the_network(settings_of, registry, run):
    drawn = permeability_cnn(settings_of("paper").network_of("mono_printed"), run).drawn
    layers = drawn["layers"]
    assert [layer["kernel"] for layer in layers[:4]] == registry["permeability_cnn"].settings["kernels"]
    assert [layer["filters"] for layer in layers[:4]] == [16, 32, 64, 64]
    assert [layer["units"] for layer in layers[4:]] == [64, 32, 2]
    narrow = permeability_cnn(settings_of("smoke").network_of("mono_printed"), run).drawn
    assert [layer["filters"] for layer in narrow["layers"][:4]] == [4, 8, 16, 16]
    assert narrow["side"] == 32
