# SPDX-License-Identifier: GPL-3.0-or-later
"""Plates with known answers: patch test, Kirsch, Inglis, superposition, equilibrium of edges, symmetry."""

import numpy as np
import pytest

from mesobayes.fem.errors import MeshError
from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN
from mesobayes.fem.plate.meshing import mesh_plate
from mesobayes.fem.plate.recovery import recover_stress
from mesobayes.fem.plate.settings import MeshSettings
from mesobayes.fem.plate.solution import displacements, solve_nodal_stress, solve_plate, solve_unit_strains
from mesobayes.geometry import Ellipse, Plate
from physics.two_holes import stress_in_the_gap

WIDE = (
    20.0  # domain factor: the domain is then so wide that its finite size changes stresses by less than 1e-4
)
ONE_PORE = Plate(21.0, (), (Ellipse(0.0, 0.0, 1.0, 1.0),))
RANDOM = Plate(
    20.0,
    (Ellipse(-4.0, 2.0, 3.0, 1.5, 30.0),),
    (Ellipse(3.0, 0.5, 1.0, 1.0), Ellipse(4.0, -2.3, 1.0, 1.0), Ellipse(-2.0, -4.0, 1.0, 1.0)),
)


def strain_for(stress):
    """Far-field strain of a solid plate under a stress (xx, yy, xy)."""
    return tuple(np.linalg.solve(UNIT_PLANE_STRAIN.stress(np.eye(3)).T, stress))


def kirsch(x, y):
    """Stresses (xx, yy, xy) around a unit hole under unit tension along x."""
    r2, angle = x**2 + y**2, np.arctan2(y, x)
    c2, c4, s2, s4 = np.cos(2 * angle), np.cos(4 * angle), np.sin(2 * angle), np.sin(4 * angle)
    xx = 1.0 - (1.5 * c2 + c4) / r2 + 1.5 * c4 / r2**2
    yy = -(0.5 * c2 - c4) / r2 - 1.5 * c4 / r2**2
    xy = -(0.5 * s2 + s4) / r2 + 1.5 * s4 / r2**2
    return np.stack([xx, yy, xy])


@pytest.mark.parametrize("order", [1, 2])
def test_patch_test_a_solid_plate_carries_the_uniform_stress(order):
    settings = MeshSettings(far_size=3.0, order=order)
    strain = (0.3, -0.7, 0.4)
    result = solve_plate(Plate(8.0), strain, pixels_per_radius=2, settings=settings)
    expected = UNIT_PLANE_STRAIN.stress(strain)
    np.testing.assert_allclose(result.far_stress, expected, atol=1e-14)
    uniform = np.broadcast_to(expected[:, None, None], result.stress.shape)
    np.testing.assert_allclose(result.stress, uniform, atol=1e-11)


def test_macro_field_of_a_plate_with_pores_only_is_uniform():
    result = solve_plate(ONE_PORE, (1.0, 0.2, -0.5), pores=False, pixels_per_radius=1)
    assert float((result.stress - result.far_stress).std()) < 1e-12


def test_hoop_stress_of_kirsch_is_3_and_minus_1():
    hoop = solve_plate(ONE_PORE, strain_for([1.0, 0.0, 0.0]), pixels_per_radius=1).pore_hoop[0]
    assert float(hoop.sel(angle=90.0)) == pytest.approx(3.0, rel=0.01)
    assert float(hoop.sel(angle=270.0)) == pytest.approx(3.0, rel=0.01)
    assert float(hoop.sel(angle=0.0)) == pytest.approx(-1.0, rel=0.02)


def test_kirsch_stress_on_the_ligament_at_4r_is_1_0371():
    settings = MeshSettings(domain_factor=WIDE, growth=0.2)
    result = solve_plate(ONE_PORE, strain_for([1.0, 0.0, 0.0]), pixels_per_radius=1, settings=settings)
    assert float(result.stress.sel(component="xx", x=0.0, y=4.0)) == pytest.approx(1.0371, abs=1e-3)


def test_kirsch_errors_fall_with_the_expected_order():
    # pixel errors are erratic: the order is that of the root mean square over the image and over the edge
    image_errors, edge_errors = [], []
    for elements in (3.0, 6.0, 12.0):
        settings = MeshSettings(elements, far_size=36.0 / elements, growth=2.0 / elements, domain_factor=30.0)
        plate = Plate(9.0, (), ONE_PORE.pores)
        result = solve_plate(plate, strain_for([1.0, 0.0, 0.0]), pixels_per_radius=8, settings=settings)
        x, y = np.meshgrid(result.x, result.y)
        near = plate.solid(x, y) & (x**2 + y**2 < 9.0)
        error = (result.stress.values - kirsch(x, y))[:, near]
        image_errors.append(np.sqrt(np.mean(error**2)))
        exact = 1.0 - 2.0 * np.cos(2.0 * np.radians(result.angle.values))
        edge_errors.append(np.sqrt(np.mean((result.pore_hoop.values[0] - exact) ** 2)))
    halvings = 2.0
    assert np.log2(image_errors[0] / image_errors[-1]) / halvings > 1.7  # stresses of quadratic cells: 2
    assert np.log2(edge_errors[0] / edge_errors[-1]) / halvings > 1.7
    assert image_errors[-1] < 0.002


@pytest.mark.parametrize(("a", "b"), [(1.5, 1.0), (2.0, 1.0), (3.0, 1.0)])
def test_inglis_stress_at_the_tip_of_an_ellipse_is_1_plus_2a_over_b(a, b):
    plate = Plate(24.0, (), (Ellipse(0.0, 0.0, a, b),))
    settings = MeshSettings(elements_per_radius=10.0, domain_factor=8.0)
    hoop = solve_plate(plate, strain_for([0.0, 1.0, 0.0]), pixels_per_radius=1, settings=settings).pore_hoop[
        0
    ]
    assert float(hoop.sel(angle=0.0)) == pytest.approx(1.0 + 2.0 * a / b, rel=0.01)


def test_scaled_tresca_around_a_pore_for_three_loads():
    # far from and at the edge of a pore: uniaxial tension 0.5/1.5 of the load
    result = solve_plate(ONE_PORE, strain_for([1.0, 0.0, 0.0]), pixels_per_radius=1)
    assert float(result.tresca.sel(x=10.0, y=10.0)) == pytest.approx(0.5, rel=0.02)
    assert 0.5 * float(result.pore_hoop.max()) == pytest.approx(1.5, rel=0.01)
    equibiaxial = solve_plate(ONE_PORE, strain_for([0.5, 0.5, 0.0]), pixels_per_radius=1)
    assert float(equibiaxial.tresca.sel(x=10.0, y=10.0)) == pytest.approx(0.0, abs=0.01)
    np.testing.assert_allclose(equibiaxial.pore_hoop, 1.0, rtol=0.01)


def test_superposition_of_the_unit_strains_is_the_direct_solution():
    strain = np.array([0.4, -1.1, 0.7])
    units = solve_unit_strains(RANDOM, pixels_per_radius=2)
    direct = solve_plate(RANDOM, tuple(strain), pixels_per_radius=2)
    combined = np.einsum("l,lcyx->cyx", strain, units.stress.values)
    np.testing.assert_allclose(direct.stress, combined, atol=1e-11)
    np.testing.assert_allclose(direct.far_stress, strain @ units.far_stress.values, atol=1e-14)


def test_recovered_edges_of_all_holes_carry_no_traction():
    nodal = solve_nodal_stress(RANDOM)
    normal, stress = nodal.mesh.hole_normals, nodal.stress[nodal.mesh.hole_nodes]
    traction = np.stack(
        [
            stress[:, 0] * normal[:, :1] + stress[:, 2] * normal[:, 1:],
            stress[:, 2] * normal[:, :1] + stress[:, 1] * normal[:, 1:],
        ]
    )
    assert np.max(np.abs(traction)) < 1e-12
    assert np.max(np.abs(stress)) > 1.0


def test_tractions_of_plain_averages_vanish_under_refinement():
    norms = []
    for elements in (4.0, 8.0):
        mesh = mesh_plate(RANDOM, True, MeshSettings(elements, elements / 2.0, growth=2.0 / elements))
        plain = recover_stress(mesh, displacements(mesh), UNIT_PLANE_STRAIN, free_edges=False)
        normal, stress = mesh.hole_normals, plain[mesh.hole_nodes]
        traction = stress[:, 0] * normal[:, :1] + stress[:, 2] * normal[:, 1:]
        norms.append(np.sqrt(np.mean(traction**2)))
    assert norms[0] / norms[1] > 2.0


def test_a_large_circle_in_the_macro_problem_is_kirsch_at_its_own_scale():
    plate = Plate(40.0, (Ellipse(0.0, 0.0, 4.0, 4.0),), (Ellipse(10.0, 10.0, 1.0, 1.0),))
    result = solve_plate(plate, strain_for([1.0, 0.0, 0.0]), pores=False, pixels_per_radius=1)
    x, y = np.meshgrid(result.x / 4.0, result.y / 4.0)
    solid = x**2 + y**2 > 1.0
    exact = np.where(solid, kirsch(x, y), 0.0)
    assert np.sqrt(np.mean((result.stress.values - exact)[:, solid] ** 2)) < 0.01


def test_turning_the_plate_and_its_load_turns_the_image():
    exx, eyy, exy = 0.6, -0.2, 0.5
    before = solve_plate(RANDOM, (exx, eyy, exy))
    after = solve_plate(RANDOM.rotated90(), (eyy, exx, -exy))
    turned = before.stress.values[[1, 0, 2], ::-1].swapaxes(1, 2) * np.array([1, 1, -1])[:, None, None]
    scale = np.max(np.abs(turned))
    difference = np.abs(after.stress.values - turned) / scale
    np.testing.assert_array_equal(after.stress.values == 0.0, turned == 0.0)
    assert np.max(difference) < 0.03
    assert np.sqrt(np.mean(difference**2)) < 2e-3


def test_pores_are_void_by_their_exact_shape():
    result = solve_unit_strains(RANDOM, pixels_per_radius=4)
    x, y = np.meshgrid(result.x, result.y)
    material = np.any(result.stress.values != 0.0, axis=(0, 1))
    np.testing.assert_array_equal(material, RANDOM.solid(x, y))


def test_a_strain_that_is_no_strain_is_refused():
    with pytest.raises(ValueError, match="three finite numbers"):
        solve_plate(ONE_PORE, (1.0, np.nan, 0.0))
    with pytest.raises(MeshError, match="overlap"):
        solve_plate(Plate(20.0, (Ellipse(0, 0, 3, 2),), ONE_PORE.pores))


@pytest.mark.parametrize("aspect", [2.0, 4.0, 10.0])
@pytest.mark.parametrize(("size", "angle"), [(2.0, 0.0), (0.05, 30.0)])
def test_flat_pores_have_the_stress_of_inglis_within_a_percent_and_a_half(aspect, size, angle):
    pore = Ellipse(1.0, -0.5, size, size / aspect, angle)
    sine, cosine = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    across = (sine**2, cosine**2, -sine * cosine)  # unit tension across it
    hoop = solve_plate(Plate(40.0, (), (pore,)), strain_for(across), pixels_per_radius=1).pore_hoop[0]
    assert float(hoop.sel(angle=angle)) == pytest.approx(1.0 + 2.0 * aspect, rel=0.015)


@pytest.mark.parametrize("radius", [0.01, 0.1, 0.3])
def test_small_round_pores_have_the_stress_of_kirsch(radius):
    plate = Plate(24.0, (), (Ellipse(2.0, 3.0, radius, radius),))
    hoop = solve_plate(plate, strain_for([1.0, 0.0, 0.0]), pixels_per_radius=1).pore_hoop[0]
    assert float(hoop.sel(angle=90.0)) == pytest.approx(3.0, rel=0.015)
    assert float(hoop.sel(angle=0.0)) == pytest.approx(-1.0, rel=0.03)


@pytest.mark.parametrize("gap", [0.5, 0.1, 0.02, 0.005, 0.002])
@pytest.mark.parametrize(("xx", "yy"), [(0.0, 1.0), (1.0, 1.0)])
def test_the_stress_between_two_pores_is_that_of_their_multipoles(gap, xx, yy):
    exact, misfit = stress_in_the_gap(gap, xx, yy, terms=min(350, int(16 / np.sqrt(gap)) + 10))
    assert misfit < 1e-6 * exact
    pair = tuple(Ellipse(side * (1.0 + 0.5 * gap), 0.0, 1.0, 1.0) for side in (-1, 1))
    hoop = solve_plate(Plate(24.0, (), pair), strain_for([xx, yy, 0.0]), pixels_per_radius=1).pore_hoop
    assert float(hoop[0].sel(angle=0.0)) == pytest.approx(exact, rel=0.015)
    assert float(hoop[1].sel(angle=180.0)) == pytest.approx(exact, rel=0.015)


def test_two_holes_far_apart_are_two_single_ones():
    assert stress_in_the_gap(1000.0, 0.0, 1.0, terms=5)[0] == pytest.approx(3.0, rel=1e-5)


def test_a_hole_that_feels_the_displaced_edge_is_warned_of():
    plate = Plate(24.0, (), (Ellipse(0.0, 0.0, 11.9, 11.9),))
    load = strain_for([1.0, 0.0, 0.0])
    with pytest.warns(UserWarning, match=r"hole 0 feels the displaced edge .* by about 12%; raise"):
        off = solve_plate(plate, load, pixels_per_radius=1).pore_hoop[0].sel(angle=90.0)
    wide = solve_plate(plate, load, pixels_per_radius=1, settings=MeshSettings(domain_factor=20.0))
    assert float(wide.pore_hoop[0].sel(angle=90.0)) == pytest.approx(3.0, rel=0.015)
    assert float(off) == pytest.approx(3.0 * 0.88, rel=0.05)
