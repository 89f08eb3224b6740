# SPDX-License-Identifier: GPL-3.0-or-later
"""The semi-analytic field of a whole plate, from its images, against finite elements."""

import numpy as np
import pytest

from mesobayes.analytic.alternating import Surroundings, pore_stresses
from mesobayes.fem.plate.solution import solve_unit_strains
from mesobayes.geometry import Ellipse, Plate
from mesobayes.images.edges import edge_of_large_holes
from mesobayes.images.holes import find_pores, large_holes, void_image
from mesobayes.images.raster import coverage_image, pixel_centres, solid_image
from mesobayes.images.tensor import tresca

PIXELS = 2
PLATES = {
    "round": Plate(
        26.0,
        (Ellipse(-3.0, 2.0, 5.0, 3.0, 30.0),),
        tuple(
            Ellipse(x, y, 1.0, 1.0)
            for x, y in (
                (4.0, 1.0), (6.5, 1.5), (2.5, 5.5), (-1.0, -4.5), (1.6, -4.6), (5.0, -6.0), (-8.5, 3.5)
            )
        ),
    ),
    "elliptical": Plate(
        26.0,
        (Ellipse(-3.0, 2.0, 5.0, 3.0, 30.0),),
        tuple(
            Ellipse(x, y, 1.3, 0.75, angle)
            for x, y, angle in (
                (4.0, 1.0, 10.0), (6.9, 1.9, 70.0), (2.5, 5.5, 120.0), (-1.0, -4.7, 0.0), (5.0, -6.0, 45.0)
            )
        ),
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=list(PLATES))
def solved(request):
    """Surroundings from the images, solid pixels, macroscopic and finite-element stress (load, 3, point)."""
    plate = PLATES[request.param]
    axis = pixel_centres(plate.side, PIXELS)
    macro, micro = (
        solve_unit_strains(plate, pores, pixels_per_radius=PIXELS)["stress"].values for pores in (0, 1)
    )
    solid, coverage = (draw(plate.holes(), axis, axis) for draw in (solid_image, coverage_image))
    large = large_holes(macro)
    pores = find_pores(solid, coverage, large, PIXELS)
    assert len(pores) == len(plate.pores)
    edge = edge_of_large_holes(1 - coverage - void_image(pores, solid.shape), large)
    rows, columns = np.nonzero(solid)
    around = Surroundings(macro, large, pores, edge, PIXELS)
    return around, columns + 1j * rows, macro[:, :, rows, columns], micro[:, :, rows, columns]


def errors(solved, prior):
    """Errors of the Tresca stress over the largest one, per load and pixel."""
    around, points, macro, micro = solved
    found = macro + pore_stresses(around, points, (prior,))[prior]
    true = tresca(micro, axis=1)
    return np.abs(tresca(found, axis=1) - true) / true.max(axis=1, keepdims=True)


def test_with_the_edges_of_the_large_holes_it_is_the_finite_element_field(solved):
    error = errors(solved, "edges")
    assert np.quantile(error, 0.99) < 0.06
    assert np.sqrt(np.mean(error**2)) < 0.015


def test_each_further_effect_comes_nearer(solved):
    error = [np.sqrt(np.mean(errors(solved, prior) ** 2)) for prior in ("superposition", "pores", "edges")]
    assert error[1] < error[0]
    assert error[2] < 0.5 * error[1]
