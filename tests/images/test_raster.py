# SPDX-License-Identifier: GPL-3.0-or-later
"""Point location, exact voids and area fractions."""

import numpy as np
import pytest

from mesobayes.fem.plate.meshing import mesh_plate
from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.fem.plate.solution import NodalStress, image_stress
from mesobayes.geometry import Ellipse, Plate
from mesobayes.images.raster import coverage_image, locate, pixel_centres, solid_image

PLATE = Plate(
    20.0, (Ellipse(-4.0, 1.0, 3.0, 1.5, 30.0),), (Ellipse(3.0, 0.1, 1.0, 1.0), Ellipse(5.6, 0.1, 1.0, 1.0))
)


def test_pixel_centres_are_half_a_pixel_from_the_border():
    np.testing.assert_allclose(pixel_centres(2.0, 2), [-0.75, -0.25, 0.25, 0.75])


def test_a_fraction_of_a_pixel_is_refused():
    with pytest.raises(ValueError, match=r"makes 5\.5 pixels"):
        pixel_centres(5.5, 1)


def test_every_material_pixel_has_a_cell_that_contains_it():
    mesh = mesh_plate(PLATE)
    axis = pixel_centres(PLATE.side, 4)
    owner, local = locate(mesh.points, mesh.cells[:, :3], axis, axis)
    solid = solid_image(mesh.holes, axis, axis)
    assert np.all(owner[solid] >= 0)
    corners = mesh.points[mesh.cells[owner[solid], :3]]
    weights = np.concatenate([1.0 - local[solid].sum(axis=1, keepdims=True), local[solid]], axis=1)
    x, y = np.meshgrid(axis, axis)
    np.testing.assert_allclose(
        np.einsum("pn,pni->pi", weights, corners), np.stack([x, y], -1)[solid], atol=1e-12
    )
    assert np.min(weights) > -1e-8


@pytest.mark.parametrize(("order", "degree"), [(1, 1), (2, 2)])
def test_polynomials_of_the_order_of_the_cells_are_drawn_exactly(order, degree):
    # in curved cells only linear fields are reproduced exactly, elsewhere those of the full degree
    mesh = mesh_plate(PLATE, True, MeshSettings(order=order))
    axis = pixel_centres(PLATE.side, 4)
    x, y = np.meshgrid(axis, axis)
    solid = solid_image(mesh.holes, axis, axis)

    def field(x, y, power):
        return np.stack([1.0 + 0.3 * x - y, (0.1 * x + 0.2 * y) ** power, x - 0.1 * y * x ** (power - 1)])

    def drawn(power):
        values = np.repeat(field(*mesh.points.T, power).T[:, :, None], 3, axis=2)
        return image_stress(NodalStress(mesh, values), axis, axis)[0]

    exact = np.where(solid, field(x, y, 1), 0.0)
    np.testing.assert_allclose(drawn(1), exact, atol=1e-10)
    away = solid & ~np.isin(
        locate(mesh.points, mesh.cells[:, :3], axis, axis)[0], np.flatnonzero(mesh.curved)
    )
    np.testing.assert_allclose(drawn(degree)[:, away], field(x, y, degree)[:, away], atol=1e-10)


def test_solid_image_is_the_exact_shape():
    axis = pixel_centres(PLATE.side, 4)
    x, y = np.meshgrid(axis, axis)
    np.testing.assert_array_equal(solid_image(PLATE.holes(), axis, axis), PLATE.solid(x, y))


@pytest.mark.parametrize("pixels_per_radius", [2, 4])
def test_coverage_adds_up_to_the_area_of_the_material(pixels_per_radius):
    axis = pixel_centres(PLATE.side, pixels_per_radius)
    coverage = coverage_image(PLATE.holes(), axis, axis)
    area = float(coverage.sum(dtype=float)) / pixels_per_radius**2
    assert area == pytest.approx(PLATE.side**2 - sum(hole.area for hole in PLATE.holes()), abs=0.02)
    assert coverage.dtype == np.float32
    assert coverage.min() == 0.0
    assert coverage.max() == 1.0


def test_coverage_is_that_of_supersampling_the_whole_image():
    axis = pixel_centres(PLATE.side, 4)
    fine = pixel_centres(PLATE.side, 32)
    solid = solid_image(PLATE.holes(), fine, fine)
    expected = solid.reshape(len(axis), 8, len(axis), 8).mean(axis=(1, 3))
    np.testing.assert_allclose(coverage_image(PLATE.holes(), axis, axis), expected, atol=1e-6)
