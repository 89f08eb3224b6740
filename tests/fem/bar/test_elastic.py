# SPDX-License-Identifier: GPL-3.0-or-later
"""The short elastic solve against exact cases and against JAX-FEM's elements."""

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla

from mesobayes.fem.bar.elastic import elastic_stress
from mesobayes.fem.bar.implicit import ImplicitSettings, fail_implicitly
from mesobayes.fem.bar.jaxfem_kernels import CUBE, virgin_history, voxel_kernels
from mesobayes.fem.bar.settings import Material
from mesobayes.geometry.porosity import PorosityField
from mesobayes.record.seeds import rng_from_name

MATERIAL = Material(initial_damage=0.0)
SHAPE = (6, 6, 16)


def specimen(index=0):
    """A bar with some pores."""
    field, found = PorosityField(SHAPE, 0.02), 0
    for number in range(100):
        pores = field.sample(rng_from_name("elastic", number))
        found += 8 <= pores.sum() <= 20
        if found == index + 1:
            return pores


def stress(pores, steps):
    """Components (6, x, y, z) of one specimen."""
    return np.stack(
        [np.asarray(s[0]) for s in elastic_stress(jnp.asarray(pores)[None], MATERIAL, steps=steps)]
    )


def test_a_bar_without_pores_carries_the_uniform_stress_from_the_first_step_on():
    for steps in (0, 1, 50):
        found = stress(np.zeros(SHAPE, bool), steps)
        np.testing.assert_allclose(found[2], 1.0, rtol=1e-5)
        np.testing.assert_allclose(found[[0, 1, 3, 4, 5]], 0.0, atol=1e-5)


def test_a_prismatic_hole_leaves_uniaxial_stress_in_the_rest():
    """A void from end to end: u_z is linear and every fibre is pulled alike, whatever the section."""
    pores = np.zeros(SHAPE, bool)
    pores[1:3, 2:4, :] = True
    found = stress(pores, 0)
    np.testing.assert_allclose(found[2][~pores], 1.0, rtol=1e-5)
    assert (found[:, pores] == 0.0).all()


def test_the_axial_force_is_the_same_in_every_section_once_the_iteration_has_converged():
    """Unlike the stress of a few steps, the solution is in equilibrium, and stays so."""
    spread = {}
    for steps in (0, 20, 160, 400):
        force = stress(specimen(), steps)[2].sum(axis=(0, 1))
        spread[steps] = np.ptp(force) / force.mean()
    assert spread[160] < 1e-5
    assert spread[400] < 1e-5
    assert spread[160] < spread[20] < spread[0]


def test_more_steps_come_closer_to_the_solution():
    exact = stress(specimen(), 160)
    errors = np.array([np.linalg.norm(stress(specimen(), n) - exact) for n in (0, 5, 10, 20, 40, 80)])
    assert (np.diff(errors) < 0).all()
    assert errors[3] < 0.5 * errors[0]
    assert errors[5] < 1e-3 * errors[0]


def test_the_stiffness_of_the_bar_is_that_of_the_implicit_solver_in_the_elastic_limit():
    """Up to the discretisation: one point and hourglass resistance are softer than eight points."""
    small = 1e-6
    pores = specimen(1)
    settings = ImplicitSettings(small, maximum_strain=small, newton_tolerance=1e-6, linear_tolerance=1e-6)
    exact = fail_implicitly(pores, MATERIAL, settings).stress[0] / (MATERIAL.young * small)
    assert 0.95 < exact < 0.97  # the pores count
    assert exact - 0.15 * (1 - exact) < stress(pores, 160)[2].mean() < exact


def solve_with_jax_fem(pores):
    """Axial stress over Young's modulus at the element centres, from JAX-FEM's tangents."""
    solid = ~pores
    corners = np.argwhere(solid)[:, None] + CUBE.astype(int)
    shape = tuple(n + 1 for n in pores.shape)
    nodes = np.ravel_multi_index(np.moveaxis(corners, -1, 0), shape)
    dofs = (3 * nodes[:, :, None] + np.arange(3)).reshape(len(nodes), 24)
    with jax.enable_x64(True):
        _, tangent = voxel_kernels(MATERIAL, 0.1).tangent(jnp.zeros((1, 8, 3)), virgin_history(1, MATERIAL))
    tangents = np.broadcast_to(np.asarray(tangent), (len(dofs), 24, 24))
    size = 3 * int(np.prod(shape))
    rows, columns = np.repeat(dofs, 24, axis=1).ravel(), np.tile(dofs, (1, 24)).ravel()
    matrix = sp.csr_matrix((tangents.ravel(), (rows, columns)), shape=(size, size))
    numbers = np.arange(np.prod(shape)).reshape(shape)
    u = np.zeros(size)
    u[3 * numbers[:, :, -1].ravel() + 2] = pores.shape[2]
    held = [3 * numbers[:, :, 0].ravel() + 2, 3 * numbers[:, :, -1].ravel() + 2]
    held += [3 * numbers[0, 0, 0], 3 * numbers[0, 0, 0] + 1, 3 * numbers[-1, 0, 0] + 1]
    held = np.concatenate([np.atleast_1d(h) for h in held])
    used = np.unique(dofs)
    free = np.setdiff1d(used, held)
    u[free] = spla.spsolve(matrix[free][:, free].tocsc(), -(matrix @ u)[free])
    signs = 2.0 * CUBE - 1.0
    gradient = np.einsum("cni,nj->cij", u[dofs].reshape(-1, 8, 3), signs) / 4.0
    volume, axial = np.trace(gradient, axis1=1, axis2=2), gradient[:, 2, 2]
    shear = MATERIAL.shear_modulus / MATERIAL.young
    lame = MATERIAL.bulk_modulus / MATERIAL.young - 2 / 3 * shear
    field = np.zeros(pores.shape)
    field[solid] = lame * volume + 2 * shear * axial
    return field


def test_twenty_steps_show_where_jax_fems_elements_carry_the_highest_stress():
    """Reduced elements against eight points: another discretisation, the same stress concentrations."""
    pores = specimen(1)
    exact = solve_with_jax_fem(pores)[~pores]
    converged, short = (stress(pores, steps)[2][~pores] for steps in (160, 20))
    assert np.corrcoef(exact, converged)[0, 1] > 0.98
    assert np.corrcoef(exact, short)[0, 1] > 0.97
    assert short.argmax() == converged.argmax() == exact.argmax()


def test_the_stress_of_a_mirrored_or_turned_specimen_is_mirrored_or_turned():
    pores = specimen(2)
    xx, yy, zz, yz, xz, xy = stress(pores, 20)
    mirrored = stress(pores[:, :, ::-1], 20)
    np.testing.assert_allclose(mirrored[:, :, :, ::-1], [xx, yy, zz, -yz, -xz, xy], atol=2e-5)
    swapped = stress(pores.swapaxes(0, 1), 20)  # x and y change places
    np.testing.assert_allclose(swapped.swapaxes(1, 2), [yy, xx, zz, xz, yz, xy], atol=2e-5)


def test_specimens_side_by_side_are_solved_as_if_each_were_alone():
    pores = np.stack([specimen(i) for i in range(3)])
    together = np.stack([np.asarray(s) for s in elastic_stress(jnp.asarray(pores), MATERIAL)])
    for i in range(3):
        np.testing.assert_allclose(together[:, i], stress(pores[i], 20), atol=2e-5)


def test_young_modulus_cancels():
    pores = jnp.asarray(specimen())[None]
    soft = elastic_stress(pores, Material(young=1.0))
    stiff = elastic_stress(pores, Material(young=1e6))
    np.testing.assert_allclose(np.stack(soft), np.stack(stiff), atol=1e-5)
