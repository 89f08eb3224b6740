# SPDX-License-Identifier: GPL-3.0-or-later
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mesobayes.fem.bar.jaxfem_kernels import CUBE, virgin_history, voxel_kernels
from mesobayes.fem.bar.kernels import Load, full_forces, reduced_forces
from mesobayes.fem.bar.sections import section_acceleration, section_compliance
from mesobayes.fem.bar.settings import Material
from mesobayes.fem.bar.viscoplastic import virgin_state
from mesobayes.fem.bar.voxels import Modes, modes_to_nodal, nodal_to_modes

MATERIAL = Material(initial_damage=0.0, void_volume=0.0)  # JAX-FEM's damage lags by a step: have none


def nodes(shape):
    return np.meshgrid(*(np.arange(n + 1.0) for n in shape), indexing="ij")


def test_modes_of_a_trilinear_field_are_its_coefficients():
    x, y, z = (axis - 0.5 for axis in nodes((1, 1, 1)))
    u = 1 + 2 * x + 3 * y + 4 * z + 5 * x * y + 6 * y * z + 7 * x * z + 8 * x * y * z
    modes = nodal_to_modes(jnp.asarray(u))
    np.testing.assert_allclose([float(m[0, 0, 0]) for m in modes], [1, 2, 3, 4, 5, 6, 7, 8], rtol=1e-6)


def test_nodal_forces_are_the_transpose_of_the_modes():
    rng = np.random.default_rng(0)
    u = jnp.asarray(rng.standard_normal((2, 4, 5, 6)), jnp.float32)
    stresses = [jnp.asarray(rng.standard_normal((2, 3, 4, 5)), jnp.float32) for _ in range(7)]
    force = Modes(jnp.zeros((2, 3, 4, 5), jnp.float32), *stresses)
    work = sum(jnp.vdot(a, b) for a, b in zip(nodal_to_modes(u), force, strict=True))
    assert float(jnp.vdot(u, modes_to_nodal(force))) == pytest.approx(float(work), abs=1e-3)


def element_forces(displacement, integration):
    """Nodal forces (8, 3) of one voxel from its displacements (8, 3), in the node order of JAX-FEM."""
    index = tuple(CUBE.astype(int).T)
    fields = np.zeros((3, 1, 2, 2, 2), np.float32)
    for i in range(3):
        fields[i, 0][index] = displacement[:, i]
    u, v, w = (nodal_to_modes(jnp.asarray(field)) for field in fields)
    load, alive = Load(0.0, jnp.float32(0.0), 0.1), jnp.ones((1, 1, 1, 1), bool)
    if integration == "full":
        state = virgin_state((8, 1, 1, 1, 1), MATERIAL)
        _, forces = full_forces(state, alive, (u, v, w), load, MATERIAL, mean_dilatation=False)
    else:
        state = virgin_state((1, 1, 1, 1), MATERIAL)
        zero = (jnp.zeros((1, 1, 1, 1), jnp.float32),) * 12
        _, _, forces = reduced_forces(state, zero, alive, (u, v, w), load, MATERIAL, 0.3)
    return np.stack([np.asarray(modes_to_nodal(force))[0][index] for force in forces], axis=1)


@pytest.mark.parametrize("size", [1e-4, 2e-2])  # elastic, and well beyond yield
def test_the_eight_point_kernel_is_jax_fems_hexahedron(size):
    displacement = size * np.random.default_rng(1).standard_normal((8, 3))
    with jax.enable_x64(True):
        history = virgin_history(1, MATERIAL)
        residual, tangent = voxel_kernels(MATERIAL, 0.1).tangent(jnp.asarray(displacement)[None], history)
        residual, tangent = np.asarray(residual)[0].reshape(8, 3), np.asarray(tangent)[0]
    forces = element_forces(displacement, "full")
    np.testing.assert_allclose(forces, residual, atol=1e-5 * np.abs(residual).max())
    np.testing.assert_allclose(tangent, tangent.T, atol=1e-6 * np.abs(tangent).max())


def test_one_point_and_eight_points_agree_for_a_linear_displacement():
    gradient = 1e-3 * np.random.default_rng(2).standard_normal((3, 3))
    displacement = CUBE @ gradient.T
    np.testing.assert_allclose(
        element_forces(displacement, "reduced"), element_forces(displacement, "full"), rtol=1e-4, atol=0.02
    )


def test_hourglass_displacements_meet_resistance_only_through_the_hourglass_stiffness():
    displacement = np.zeros((8, 3))
    displacement[:, 0] = 1e-4 * (2 * CUBE[:, 0] - 1) * (2 * CUBE[:, 1] - 1)
    force = element_forces(displacement, "reduced")
    expected = 2 * MATERIAL.shear_modulus * 0.3 / 12 * (1 - MATERIAL.initial_damage) * 4e-4  # on ∂²u/∂ξ∂η
    assert float(np.vdot(force, displacement)) == pytest.approx(expected * 4e-4, rel=1e-3)


def test_section_compliance_bends_a_bar_like_a_timoshenko_beam():
    """Two opposite lateral point loads on a bar with clamped slopes: the deflection follows beam theory."""
    nx, nz = 8, 40
    lame = MATERIAL.bulk_modulus - 2 / 3 * MATERIAL.shear_modulus
    compliance = section_compliance((nx, nx, nz), lame, MATERIAL.shear_modulus)
    load = np.zeros((6, nz + 1))
    load[0, 0], load[0, nz] = -1.0, 1.0
    shape = (compliance @ load.ravel()).reshape(6, nz + 1)[0]
    modulus = lame + 2 * MATERIAL.shear_modulus  # rigid sections do not contract
    inertia = nx**2 * (nx**2 - 1) / 12  # second moment of the element centres
    exact = nz**3 / (12 * modulus * inertia) + nz / (MATERIAL.shear_modulus * nx**2)
    assert shape[nz] - shape[0] == pytest.approx(exact, rel=0.01)


def test_sections_feel_no_force_that_is_in_equilibrium_within_each_plane():
    compliance = jnp.asarray(section_compliance((3, 3, 6), 1.0, 1.0), jnp.float32)
    force = [np.zeros((1, 4, 4, 7), np.float32) for _ in range(3)]
    force[0][0, 0, 1, 3], force[0][0, 2, 1, 3] = 1.0, -1.0  # the same line of action
    moved = section_acceleration(tuple(jnp.asarray(f) for f in force), compliance)
    assert max(float(jnp.abs(part).max()) for part in moved) < 1e-6


def test_the_motion_of_the_sections_is_not_rounded_on_a_gpu(rounded_products):
    compliance = jnp.asarray(section_compliance((3, 3, 5), 1.0, 1.0), jnp.float32)
    force = (jnp.ones((1, 4, 4, 6)),) * 3  # at the nodes
    assert rounded_products(section_acceleration, force, compliance) == []
