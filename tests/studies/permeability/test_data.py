# SPDX-License-Identifier: GPL-3.0-or-later
"""Labelled cells: seeds by number, labels within their bounds, saturated cells."""

import numpy as np

from mesobayes.fem.cell.bounds import violates_bounds
from mesobayes.geometry.settings import InclusionFamily
from mesobayes.studies.permeability.data import label_cells
from mesobayes.studies.permeability.settings import Materials


def test_a_cell_does_not_depend_on_its_batch(data, label):
    alone = label([7])
    np.testing.assert_array_equal(alone["image"].values[0], data["image"].values[7])
    np.testing.assert_allclose(alone["permeability"].values[0], data["permeability"].values[7], rtol=1e-9)
    assert np.any(label([7], "another study")["image"].values != alone["image"].values)


def test_every_label_is_solved_and_obeys_its_bounds(data):
    fraction = data["volume_fraction"].values
    assert not violates_bounds(data["permeability"].values, fraction, 1.0, 250.0, 2).any()
    assert np.all(data["residual"] <= 1e-6)


def test_a_saturated_cell_is_marked_and_keeps_what_it_reached():
    dense = InclusionFamily("dense", 32, radius_min=4, radius_max=4, fraction_min=0.7, fraction_max=0.7)
    batch = label_cells(dense, [0, 1], "study", Materials(), 1e-4, 2)
    assert np.all(batch["saturated"] == 1)
    assert np.all(batch["volume_fraction"] < 0.65)
    assert batch.attrs["n_saturated"] == 2


def test_the_permeability_of_the_inclusions_decides_the_labels(data):
    """What a mutation of the configuration changes."""
    family = InclusionFamily("mono", 32, radius_min=4, radius_max=4, fraction_max=0.5)
    weak = label_cells(family, range(4), "study", Materials(1.0, 10.0), 1e-6, 2)
    np.testing.assert_array_equal(weak["image"], data["image"][:4])
    for load in range(2):
        assert np.all(weak["permeability"][:, load, load] < data["permeability"][:4, load, load])
