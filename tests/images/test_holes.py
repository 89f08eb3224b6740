# SPDX-License-Identifier: GPL-3.0-or-later
"""Pores and edges found in images against the shapes that were drawn."""

import numpy as np
import pytest

from mesobayes.geometry import Ellipse, PlateFamily, sample_plate
from mesobayes.geometry.distance import signed_distance
from mesobayes.geometry.pores import Pores
from mesobayes.images.edges import edge_of_large_holes, line_offset
from mesobayes.images.holes import find_pores, large_holes, void_image
from mesobayes.images.raster import coverage_image, pixel_centres, solid_image

PIXELS = 2
SIDE = 40.0
AXIS = pixel_centres(SIDE, PIXELS)
SHIFT = (0.5 * SIDE * PIXELS - 0.5) * (1 + 1j)  # pixel of the plate's centre


def images(ellipses, pores):
    """Solid and coverage images, and the mask of the ellipses."""
    solid = solid_image((*ellipses, *pores), AXIS, AXIS)
    return solid, coverage_image((*ellipses, *pores), AXIS, AXIS), ~solid_image(ellipses, AXIS, AXIS)


def in_pixels(pores):
    exact = Pores.of(pores)
    return Pores(exact.centre * PIXELS + SHIFT, exact.a * PIXELS, exact.b * PIXELS, exact.angle)


def matched(found, exact):
    """Numbers of the found pores, in the order of the exact ones."""
    assert len(found) == len(exact)
    order = np.abs(found.centre[:, None] - exact.centre[None, :]).argmin(axis=0)
    assert sorted(order) == list(range(len(exact)))
    return found.take(order)


@pytest.fixture(scope="module", params=[1.0, 2.0], ids=["round", "elliptical"])
def plate(request):
    family = PlateFamily(
        "found", SIDE, n_ellipses=2, n_pores_min=25, n_pores_max=25, pore_aspect_max=request.param,
        semi_axis_max=7.0,
    )  # fmt: skip
    return sample_plate(family, np.random.default_rng(3))


def test_every_pore_is_found_to_a_few_hundredths_of_a_pixel(plate):
    solid, coverage, large = images(plate.ellipses, plate.pores)
    exact = in_pixels(plate.pores)
    found = matched(find_pores(solid, coverage, large, PIXELS), exact)
    round_ = plate.pores[0].is_circle
    assert np.abs(found.centre - exact.centre).max() < 0.03
    for axis in ("a", "b"):
        error = np.abs(getattr(found, axis) - getattr(exact, axis))
        assert np.sqrt(np.mean(error**2)) < 0.02
        assert error.max() < (0.02 if round_ else 0.07)
    turned = found.axis / exact.axis
    assert np.abs(np.sin(np.angle(turned)) * (exact.a - exact.b)).max() < 0.06


def test_edge_points_lie_on_the_ellipses_and_their_normals_stand_on_them(plate):
    solid, coverage, large = images(plate.ellipses, plate.pores)
    pores = find_pores(solid, coverage, large, PIXELS)
    edge = edge_of_large_holes(1 - coverage - void_image(pores, solid.shape), large)
    assert len(edge) > 100

    def distance(points):
        z = (points - SHIFT) / PIXELS
        each = np.array([signed_distance(ellipse, z.real, z.imag) for ellipse in plate.ellipses])
        return PIXELS * each[np.abs(each).argmin(axis=0), np.arange(len(points))]

    error = np.abs(distance(edge.point))
    assert np.median(error) < 0.01
    assert np.quantile(error, 0.95) < 0.06
    rise = distance(edge.point + 0.1 * edge.normal) - distance(edge.point)
    assert np.quantile(rise, 0.05) > 0.097


def test_the_found_pores_give_back_the_void_fraction(plate):
    _, coverage, _ = images((), plate.pores)
    exact = void_image(in_pixels(plate.pores), coverage.shape)
    np.testing.assert_allclose(exact, 1 - coverage, atol=0.09)
    assert exact.sum() == pytest.approx((1 - coverage).sum(), rel=4e-3)


@pytest.mark.parametrize("gap", [0.45, 0.2, 0.0, -0.2])
@pytest.mark.parametrize("angle", [0.0, 20.0, 45.0])
def test_pores_that_touch_are_told_apart(gap, angle):
    """Gaps in pixels are twice that: below one pixel the components of void pixels join."""
    half = 0.5 * (2.0 + gap) * np.exp(1j * np.radians(angle))
    pores = tuple(Ellipse(1.3 + z.real, -2.1 + z.imag, 1.0, 1.0) for z in (half, -half))
    solid = solid_image(pores, AXIS, AXIS)
    coverage = np.maximum(0.0, 1.0 - sum(1.0 - coverage_image((pore,), AXIS, AXIS) for pore in pores))
    found = find_pores(solid, coverage, np.zeros_like(solid), PIXELS)
    found = matched(found, in_pixels(pores))
    np.testing.assert_allclose(found.centre, in_pixels(pores).centre, atol=0.03)
    np.testing.assert_allclose(found.a, PIXELS, atol=0.03)


@pytest.mark.parametrize("beyond", [-0.5, 0.0, 0.5, 0.7])
def test_a_pore_cut_by_the_border_is_completed_as_a_circle_of_the_usual_radius(beyond):
    centre = 0.5 * SIDE + beyond
    pore = Ellipse(3.3, centre, 1.0, 1.0)
    solid = solid_image((pore,), AXIS, AXIS)
    found = find_pores(solid, coverage_image((pore,), AXIS, AXIS), np.zeros_like(solid), PIXELS)
    np.testing.assert_allclose(found.centre, in_pixels((pore,)).centre, atol=0.05)
    np.testing.assert_allclose([found.a, found.b], PIXELS)


def test_an_image_without_pores_has_none():
    solid, coverage, large = images((Ellipse(0.0, 0.0, 6.0, 4.0, 30.0),), ())
    assert len(find_pores(solid, coverage, large, PIXELS)) == 0
    assert not void_image(Pores.of(()), solid.shape).any()


def test_large_holes_are_where_no_load_gives_any_stress():
    stress = np.ones((3, 3, 4, 4))
    stress[:, :, 1, 2] = 0.0
    stress[:2, :, 3, 3] = 0.0
    assert np.argwhere(large_holes(stress)).tolist() == [[1, 2]]


def test_the_area_cut_off_a_pixel_gives_the_distance_of_the_line():
    """Area of void by counting, against the offset that the lines were drawn with."""
    rng = np.random.default_rng(0)
    grid = (np.arange(400) + 0.5) / 400 - 0.5
    for angle, offset in zip(rng.uniform(0, 2 * np.pi, 40), rng.uniform(-0.5, 0.5, 40), strict=True):
        n = np.exp(1j * angle)
        void = np.mean(grid[None, :] * n.real + grid[:, None] * n.imag < -offset)
        assert line_offset(np.array(void), n.real, n.imag) == pytest.approx(offset, abs=4e-3)
