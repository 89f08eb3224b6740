# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounds from the first steps of the solver: never on the wrong side of the label, equal to it in the end."""

import numpy as np
import pytest

from mesobayes.fem.cell.energies import stopped_bounds
from mesobayes.fem.cell.homogenisation import homogenise
from mesobayes.geometry.inclusions import sample_cell
from mesobayes.geometry.settings import InclusionFamily

CASES = {
    "discs": (InclusionFamily("discs", 48, 2, 6.0, 6.0, fraction_max=0.5), 1e-10),
    "overlap": (InclusionFamily("overlap", 48, 2, 6.0, 6.0, overlap=True, fraction_max=0.9), 1e-10),
    "spheres": (InclusionFamily("spheres", 20, 3, 4.0, 4.0, fraction_max=0.35), 3e-4),  # single precision
}


@pytest.mark.parametrize("name", CASES)
def test_bounds_fall_to_the_label_and_never_below_it(name):
    family, slack = CASES[name]
    image = sample_cell(family, np.random.default_rng(0), 0.3).image()
    label = np.diagonal(homogenise(image, tolerance=1e-10).permeability)[:, None]
    bounds = stopped_bounds(image, 150)
    for values in (bounds.energy, bounds.radau):
        assert np.all(values >= label * (1 - slack))
        assert np.all(np.diff(values, axis=1) <= slack * label)
        np.testing.assert_allclose(values[:, -1:], label, rtol=max(slack, 1e-9))
    assert np.all(bounds.radau <= bounds.energy + slack * label)
    assert np.all(bounds.lower <= label * (1 + slack))
    assert np.all(np.diff(bounds.lower, axis=1) >= -slack * label)
    np.testing.assert_allclose(bounds.lower[:, -1:], label, rtol=max(slack, 1e-9))
    assert np.all(bounds.lower[:, 0] < 0.95 * label[:, 0])
    assert np.all(bounds.energy[:, 0] > 1.5 * label[:, 0])  # there is something to gain


def test_one_load_has_the_bounds_that_it_has_among_all():
    image = sample_cell(CASES["discs"][0], np.random.default_rng(1), 0.3).image()
    np.testing.assert_allclose(stopped_bounds(image, 4, loads=1).energy, stopped_bounds(image, 4).energy[:1])


def test_the_bounds_scale_with_the_permeability_of_both_phases():
    image = sample_cell(CASES["discs"][0], np.random.default_rng(1), 0.3).image()
    np.testing.assert_allclose(
        stopped_bounds(image, 4, 3.0, 750.0).energy,
        3 * stopped_bounds(image, 4, 1.0, 250.0).energy,
        rtol=1e-9,
    )


def test_a_homogeneous_image_needs_no_step():
    bounds = stopped_bounds(np.ones((16, 16), bool), 3)
    np.testing.assert_allclose(bounds.energy, 250.0)
    np.testing.assert_allclose(bounds.radau, 250.0)
    np.testing.assert_allclose(bounds.lower, 250.0)


def test_bounds_of_layers_are_the_two_means_after_one_step():
    """Along the layers nothing is gained; across them one step solves two phases."""
    layers = np.zeros((16, 16), bool)
    layers[:4] = True  # normal along y
    bounds = stopped_bounds(layers, 2)
    for values in bounds:
        np.testing.assert_allclose(values[:, -1], [0.25 * 250 + 0.75, 1 / (0.25 / 250 + 0.75)], rtol=1e-9)
