# SPDX-License-Identifier: GPL-3.0-or-later
"""Pores with known answers: Kirsch, Inglis, quadratic fields, two holes, symmetry."""

import numpy as np
import pytest

from mesobayes.analytic.alternating import PRIORS, Expansion, Surroundings, pore_stress, pore_stresses
from mesobayes.analytic.multipoles import PoreEdges, PoreField
from mesobayes.analytic.potentials import Stress
from mesobayes.geometry.pores import Edge, Pores
from mesobayes.images.tensor import rotate_components

NO_EDGE = Edge(np.zeros(0, complex), np.zeros(0, complex))
FINE = Expansion(order=20, points=96, sweeps=40)
SIZE = 41  # pixels of the images


def pores_at(*rows):
    x, y, a, b, angle = np.array(rows, float).T
    return Pores(x + 1j * y, a, b, np.radians(angle))


def plate(pores, components, radius=2.0, edge=NO_EDGE):
    """Surroundings with the macroscopic stress components(z), functions of the pixel, as a single load."""
    z = np.arange(SIZE) + 1j * np.arange(SIZE)[:, None]
    stress = np.stack([np.broadcast_to(part, z.shape) for part in components(z)])[None]
    return Surroundings(stress, np.zeros(z.shape, bool), pores, edge, radius)


def uniform(pores, stress, points, prior="pores", expansion=FINE):
    """Total stress (3, point) in a plate under a uniform stress."""
    found = pore_stress(plate(pores, lambda z: stress), points, prior, expansion)[0]
    return found + np.array(stress, float)[:, None]


def kirsch(z):
    """Stresses (xx, yy, xy) around a unit hole under unit tension along x."""
    r2, angle = np.abs(z) ** 2, np.angle(z)
    c2, c4, s2, s4 = np.cos(2 * angle), np.cos(4 * angle), np.sin(2 * angle), np.sin(4 * angle)
    xx = 1.0 - (1.5 * c2 + c4) / r2 + 1.5 * c4 / r2**2
    yy = -(0.5 * c2 - c4) / r2 - 1.5 * c4 / r2**2
    xy = -(0.5 * s2 + s4) / r2 + 1.5 * s4 / r2**2
    return np.stack([xx, yy, xy])


@pytest.mark.parametrize("prior", PRIORS)
def test_one_pore_is_kirschs_problem(prior):
    z = np.array([1.0, 1j, np.exp(0.7j), 1.5 - 2j, -3 + 0.2j])
    centre = 20.3 + 19.6j
    pore = pores_at((20.3, 19.6, 2.0, 2.0, 0.0))
    found = uniform(pore, (1.0, 0.0, 0.0), centre + 2.0 * z, prior, Expansion())
    np.testing.assert_allclose(found, kirsch(z), atol=1e-5)


@pytest.mark.parametrize("angle", [0.0, 35.0, 90.0])
@pytest.mark.parametrize("aspect", [1.5, 2.0, 4.0])
def test_the_tip_of_an_elliptical_pore_has_the_concentration_of_inglis(aspect, angle):
    axis = np.exp(1j * np.radians(angle))
    b = 1.5
    pore = pores_at((20.0, 20.0, aspect * b, b, angle))
    across = rotate_components(np.array([0.0, 1.0, 0.0]), angle)  # tension across the long axis
    found = uniform(
        pore, tuple(across), 20 + 20j + axis * np.array([aspect * b, 1j * b]), expansion=Expansion()
    )
    turned = rotate_components(found, -angle)
    np.testing.assert_allclose(turned[:, 0], [0.0, 1 + 2 * aspect, 0.0], atol=1e-4)
    np.testing.assert_allclose(turned[:, 1], [-1.0, 0.0, 0.0], atol=1e-4)


def quadratic(z):
    """A stress field in equilibrium, of the potentials Φ and Ψ of second degree."""
    z = (z - 18.0 - 22.0j) / 5.0
    slope = 0.3 + (0.2 - 0.4j) * z + (0.1 + 0.25j) * z**2
    bend = (0.2 - 0.4j) + 2 * (0.1 + 0.25j) * z
    difference = z.conj() * bend + (0.5 - 0.1j) + 0.3j * z - 0.2 * z**2
    return Stress(4.0 * slope.real, difference).components()


@pytest.mark.parametrize("shape", [(2.0, 2.0, 0.0), (2.6, 1.5, 25.0)])
def test_the_edge_of_a_pore_in_a_quadratic_field_is_free(shape):
    pore = pores_at((20.3, 19.6, *shape))
    t = np.linspace(0, 2 * np.pi, 50)
    turn = np.exp(1j * t)
    m, axis = pore.flattening, pore.axis
    edge = pore.centre + pore.mean_radius * axis * (turn + m / turn)
    normal = axis * (turn - m / turn)
    normal /= np.abs(normal)
    found = Stress.of(pore_stress(plate(pore, quadratic), edge, "superposition")[0])
    macro = Stress.of(quadratic(edge))
    before = np.abs(macro.traction(normal)).max()
    assert np.abs((found + macro).traction(normal)).max() < 1e-4 * before


def test_two_holes_have_the_concentrations_of_the_exact_solution():
    """Equal holes, centres 1.2 diameters apart, tension across their line: Ling 1948."""
    pores = pores_at((17.6, 20.0, 2.0, 2.0, 0.0), (22.4, 20.0, 2.0, 2.0, 0.0))
    inner, outer = 19.6 + 20j, 15.6 + 20j
    found = uniform(pores, (0.0, 1.0, 0.0), np.array([inner, outer]))
    np.testing.assert_allclose(found[1], [4.423, 3.298], atol=1e-3)
    coarse = uniform(pores, (0.0, 1.0, 0.0), np.array([inner, outer]), expansion=Expansion())
    np.testing.assert_allclose(coarse[1], [4.423, 3.298], rtol=0.015)


def test_holes_far_apart_do_not_see_each_other():
    pores = pores_at((10.0, 10.0, 2.0, 2.0, 0.0), (1010.0, 10.0, 2.0, 2.0, 0.0))
    alone = pores.take(np.array([0]))
    point = np.array([12.0 + 10.0j, 10.0 + 12.5j])
    stress = (0.3, -0.2, 0.5)
    np.testing.assert_allclose(uniform(pores, stress, point), uniform(alone, stress, point), atol=1e-4)


def test_the_edges_of_close_pores_of_any_shape_are_free_after_the_sweeps():
    pores = pores_at((17.0, 20.0, 2.4, 1.4, 20.0), (22.3, 21.0, 2.0, 2.0, 0.0), (18.5, 25.0, 3.0, 1.5, -15.0))
    edges = PoreEdges(pores, FINE.order, FINE.points)
    points = edges.points.ravel()
    _, normals = pores.nearest(points)
    own = np.repeat(np.arange(3), FINE.points)
    normal = normals[own, np.arange(len(points))]
    stress = uniform(pores, (0.4, 1.0, 0.3), points + 1e-9 * normal)
    assert np.abs(Stress.of(stress).traction(normal)).max() < 1e-3


def test_the_field_of_the_pores_is_in_equilibrium():
    """Divergence by central differences of second order: four times smaller at half the step."""
    pores = pores_at((17.0, 20.0, 2.4, 1.4, 20.0), (21.5, 21.0, 2.0, 2.0, 0.0))
    place = np.array([19.5 + 24.0j, 14.0 + 17.0j, 24.5 + 18.0j])

    def divergence(step):
        right, left, up, down = (
            uniform(pores, (0.4, 1.0, 0.3), place + shift) for shift in (step, -step, 1j * step, -1j * step)
        )
        dx, dy = (right - left) / (2 * step), (up - down) / (2 * step)
        return np.array([dx[0] + dy[2], dx[2] + dy[1]])

    coarse, fine = divergence(0.1), divergence(0.05)
    assert np.abs(coarse).max() < 0.01
    np.testing.assert_allclose(fine, coarse / 4, atol=0.02 * np.abs(coarse).max())


def test_a_pore_does_not_see_its_own_field():
    pores = pores_at((10.0, 10.0, 2.0, 2.0, 0.0), (15.0, 11.0, 2.0, 1.5, 30.0))
    edges = PoreEdges(pores, 4, 16)
    own = np.repeat([0, 1], 16)
    multipoles = edges.response(Stress(np.ones((2, 16, 1)), np.zeros((2, 16, 1), complex)))
    together = PoreField(pores, edges.points.ravel(), 4, own)(multipoles)
    for k, other in ((0, 1), (1, 0)):
        only = np.array([other])
        part = type(multipoles)(multipoles.a[only], multipoles.b[only])
        alone = PoreField(pores.take(only), edges.points[k], 4)(part)
        np.testing.assert_allclose(together.sum.reshape(2, 16, 1)[k], alone.sum, atol=1e-12)
        np.testing.assert_allclose(together.difference.reshape(2, 16, 1)[k], alone.difference, atol=1e-12)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_or_mirrored_plate_has_the_turned_or_mirrored_field(mirrored):
    """By 90°, so that the pixels of the macroscopic stress turn onto pixels."""
    rng = np.random.default_rng(2)
    pores = pores_at((16.0, 21.0, 2.0, 2.0, 0.0), (22.0, 23.0, 2.5, 1.6, 40.0))
    theta = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    # an egg: points equally far from its centre would be thinned in an order that rounding decides
    edge = Edge(20 + 13j + (5.0 + 0.7 * np.cos(theta + 0.3)) * np.exp(1j * theta), np.exp(1j * theta))
    around = plate(pores, quadratic, edge=edge)
    points = 20 + 26j + rng.uniform(-1, 1, 9) + 1j * rng.uniform(-1, 1, 9)
    last = SIZE - 1

    def turn(z):
        return (last - z.real + 1j * z.imag) if mirrored else 1j * z + last  # flip x; turn by +90°

    def direction(n):
        return -n.conj() if mirrored else 1j * n

    stress = around.macro_stress[0]
    if mirrored:
        image = stress[:, :, ::-1] * np.array([1, 1, -1])[:, None, None]
    else:
        image = rotate_components(np.rot90(stress, -1, axes=(1, 2)), 90.0)
    moved = direction(pores.axis)
    other = Surroundings(
        image[None],
        around.large,
        Pores(turn(pores.centre), pores.a, pores.b, np.angle(moved)),
        Edge(turn(edge.point), direction(edge.normal)),
        2.0,
    )
    for prior, found in pore_stresses(around, points).items():
        expected = found[0] * np.array([1, 1, -1])[:, None] if mirrored else rotate_components(found[0], 90.0)
        np.testing.assert_allclose(
            pore_stress(other, turn(points), prior)[0], expected, atol=2e-6 * np.abs(expected).max()
        )


def test_the_priors_are_linear_in_the_macroscopic_stress():
    pores = pores_at((16.0, 21.0, 2.0, 2.0, 0.0), (22.0, 23.0, 2.5, 1.6, 40.0))
    theta = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    edge = Edge(20 + 13j + 5.0 * np.exp(1j * theta), np.exp(1j * theta))
    first, second = plate(pores, quadratic, edge=edge), plate(pores, lambda z: (1.0, -0.5, 0.3), edge=edge)
    both = np.concatenate(
        [first.macro_stress, second.macro_stress, first.macro_stress - 2 * second.macro_stress]
    )
    points = np.array([19.0 + 24j, 25.0 + 20j])
    for found in pore_stresses(Surroundings(both, first.large, pores, edge, 2.0), points).values():
        np.testing.assert_allclose(found[2], found[0] - 2 * found[1], atol=1e-10)


@pytest.mark.parametrize("prior", PRIORS)
def test_a_plate_without_pores_gains_nothing(prior):
    found = pore_stress(plate(Pores.of(()), quadratic), np.array([3 + 4j]), prior)
    assert found.shape == (1, 3, 1)
    assert not found.any()
