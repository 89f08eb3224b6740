# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of a strip."""

import numpy as np
import pytest

from mesobayes.fem.strip.meshing import mesh_strip
from mesobayes.fem.strip.saint_venant import cauchy_stress
from mesobayes.fem.strip.settings import StripMeshSettings
from mesobayes.fem.strip.solution import solve_strip
from mesobayes.fem.strip.stress import recover_cauchy, recover_linear
from mesobayes.geometry.plate import Ellipse
from mesobayes.geometry.strip import Slot, Strip

COARSE = StripMeshSettings(elements_per_radius=2.0, side_size=3.0, far_size=10.0, growth=1.2)
STRIP = Strip(Slot.between(1.0, 0.06, 2.5, 0.04), (Ellipse(0.7, 0.4, 0.02, 0.02),))


@pytest.fixture(scope="module")
def images():
    return solve_strip(STRIP, 0.8, pixels_per_unit=50, mesh=COARSE)


def test_images_have_the_sides_of_the_undeformed_strip_and_nothing_in_voids(images):
    assert images["tresca"].shape == (50, 250)
    x, y = np.meshgrid(images["x"], images["y"])
    void = STRIP.slot.contains(x, y) | STRIP.pores[0].contains(x, y)
    assert np.all(images["tresca"].values[void] == 0.0)
    assert np.all(images["tresca"].values[~void] > 0.0)


def test_the_strip_hangs_from_the_clamp_and_its_end_moves_down(images):
    down = images["displacement"].sel(direction="y").values
    assert np.max(np.abs(down[:, 0])) < 0.01
    np.testing.assert_allclose(down[:, -1], -0.8, atol=0.01)
    assert images.attrs["reached"] == images.attrs["end_displacement"] == 0.8
    assert images.attrs["reason"] == ""


def test_at_a_small_load_both_models_agree():
    small = solve_strip(STRIP, 1e-4, pixels_per_unit=50, mesh=COARSE)
    largest = np.abs(small["linear_stress"]).max()
    assert np.abs(small["stress"] - small["linear_stress"]).max() < 1e-3 * largest


def test_a_confined_stretch_is_recovered_inside():
    mesh = mesh_strip(Strip(STRIP.slot), settings=COARSE)
    displacement = np.zeros_like(mesh.points)
    displacement[:, 0] = 0.2 * mesh.points[:, 0]
    stress = recover_cauchy(mesh, displacement).stress
    inside = np.setdiff1d(np.arange(len(mesh.points)), np.concatenate(mesh.loops))
    expected = cauchy_stress(np.diag([0.2, 0.0]))
    np.testing.assert_allclose(stress[inside], np.broadcast_to(expected, (len(inside), 3)), atol=1e-12)


def test_recovered_edges_of_holes_carry_no_traction():
    mesh = mesh_strip(STRIP, settings=COARSE)
    displacement = 0.01 * np.stack([np.sin(mesh.points[:, 0]), mesh.points[:, 0] ** 2], axis=1)
    stress = recover_linear(mesh, displacement)
    loop = mesh.loops[1]
    normal = mesh.points[loop] - (STRIP.pores[0].cx, STRIP.pores[0].cy)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    xx, yy, xy = stress[loop].T
    traction = np.stack([xx * normal[:, 0] + xy * normal[:, 1], xy * normal[:, 0] + yy * normal[:, 1]])
    assert np.max(np.abs(traction)) < 2e-3 * np.max(np.abs(stress[loop]))


@pytest.mark.parametrize("load", [0.0, -1.0, float("nan")])
def test_an_end_displacement_has_to_be_positive(load):
    with pytest.raises(ValueError, match="positive"):
        solve_strip(STRIP, load)
