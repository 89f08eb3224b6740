# SPDX-License-Identifier: GPL-3.0-or-later
"""Explicit quasi-static tension of porous voxel specimens up to the first failure and on to collapse.

The bar is pulled along z: u_z is prescribed on both end faces, everything else is free. Dynamics serve as the
iteration: mass is scaled so that one load step is one stable time step, and the nodal velocity is damped
relative to a uniform extension. Arrays are (specimen, x, y, z) over voxels; lengths in voxels, stresses in
MPa, load in strain per step. Bridgman et al. 2022, sections 2.1 to 2.4.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from mesobayes.fem.bar.kernels import Load, full_forces, reduced_forces
from mesobayes.fem.bar.sections import section_acceleration, section_compliance
from mesobayes.fem.bar.settings import ExplicitSettings, Material
from mesobayes.fem.bar.viscoplastic import State, virgin_state
from mesobayes.fem.bar.voxels import modes_to_nodal, nodal_to_modes


class Specimen(NamedTuple):
    """What changes from step to step.

    velocity: three nodal arrays (b, nx + 1, ny + 1, nz + 1), per step, relative to the uniform extension.
    points: state at the integration points, each array (b, x, y, z), behind a Gauss axis (8, ...) unless
    reduced. hourglass: stresses conjugate to xy, yz, xz, xyz of each displacement component, 12 arrays; ()
    unless reduced. alive: True where the voxel carries stress, False in voids and failed voxels.
    """

    velocity: tuple[jax.Array, ...]
    points: State
    hourglass: tuple[jax.Array, ...]
    alive: jax.Array


def start(pores: jax.Array, material: Material, settings: ExplicitSettings) -> Specimen:
    """Unloaded specimens from pores (b, nx, ny, nz), True in a void."""
    nodes = (pores.shape[0], *(n + 1 for n in pores.shape[1:]))
    reduced = settings.integration == "reduced"
    shape = pores.shape if reduced else (8, *pores.shape)
    zero = jnp.zeros(pores.shape, jnp.float32)
    return Specimen(
        velocity=(jnp.zeros(nodes, jnp.float32),) * 3,
        points=virgin_state(shape, material),
        hourglass=(zero,) * 12 if reduced else (),
        alive=~pores,
    )


def step(
    specimen: Specimen, contraction: jax.Array, material: Material, settings: ExplicitSettings
) -> Specimen:
    """One load step; `contraction` is minus the lateral over the axial strain of the uniform extension.

    Voxels are not deleted here.
    """
    u, v, w = (nodal_to_modes(velocity) for velocity in specimen.velocity)
    load = Load(settings.strain_step, -contraction * settings.strain_step, settings.duration)
    if settings.integration == "reduced":
        points, hourglass, forces = reduced_forces(
            specimen.points, specimen.hourglass, specimen.alive, (u, v, w), load, material, settings.hourglass
        )
    else:
        mean_dilatation = settings.integration == "bbar"
        points, forces = full_forces(
            specimen.points, specimen.alive, (u, v, w), load, material, mean_dilatation
        )
        hourglass = ()
    velocity = _accelerate(specimen.velocity, forces, material, settings)
    return Specimen(velocity, points, hourglass, specimen.alive)


def largest_damage(specimen: Specimen) -> jax.Array:
    """Largest φ (b, x, y, z) among the integration points of each voxel, 0 in voids and failed voxels."""
    phi = specimen.points.phi
    return jnp.where(specimen.alive, jnp.max(phi, axis=0) if phi.ndim == 5 else phi, 0.0)


def mean_damage(specimen: Specimen) -> jax.Array:
    """φ (b, x, y, z), averaged over the integration points of each voxel, 0 in voids and failed voxels."""
    phi = specimen.points.phi
    return jnp.where(specimen.alive, jnp.mean(phi, axis=0) if phi.ndim == 5 else phi, 0.0)


def axial_stress(specimen: Specimen) -> jax.Array:
    """Mean of σ_zz (b,) over the whole bar in MPa: the axial force over the full cross-section."""
    stress = (1.0 - specimen.points.phi) * specimen.points.stress[2]
    carried = jnp.where(specimen.alive, jnp.mean(stress, axis=0) if stress.ndim == 5 else stress, 0.0)
    return jnp.mean(carried, axis=(1, 2, 3))


def _accelerate(velocity, forces, material: Material, settings: ExplicitSettings):
    """Velocities after one step: mass per voxel from the wave speed `courant` voxels per step."""
    lame = material.bulk_modulus - 2.0 / 3.0 * material.shear_modulus
    density = (lame + 2.0 * material.shear_modulus) / settings.courant**2
    nx, ny, nz = (n - 1 for n in velocity[0].shape[1:])
    share = [jnp.full(n + 1, 1.0).at[jnp.array([0, n])].set(0.5) for n in (nx, ny, nz)]
    inverse_mass = 1.0 / (density * share[0][:, None, None] * share[1][:, None] * share[2])
    inside = jnp.ones(nz + 1).at[jnp.array([0, nz])].set(0.0)
    nodal = tuple(-modes_to_nodal(force) for force in forces)
    nodal = (nodal[0], nodal[1], nodal[2] * inside)
    compliance = section_compliance((nx, ny, nz), lame, material.shear_modulus)
    scaled = jnp.asarray(settings.section_frequency**2 * compliance, jnp.float32)
    sections = section_acceleration(nodal, scaled)
    keep = 1.0 - settings.damping
    return tuple(
        keep * old + force * inverse_mass + section
        for old, force, section in zip(velocity, nodal, sections, strict=True)
    )


def contraction_at(count: jax.Array, material: Material, settings: ExplicitSettings) -> jax.Array:
    """Lateral contraction of the reference motion: Poisson's ratio before general yield, ½ (no volume) after.

    It only says relative to what the velocity is damped; yield is taken at 1.5 times κ0 + Y.
    """
    yielding = 1.5 * (material.initial_hardening + material.yield_strength) / material.young
    return jnp.where(count * settings.strain_step < yielding, material.poisson, 0.5)


class FirstFailure(NamedTuple):
    """Where and when each specimen fails first.

    phi: (b, x, y, z) after the step of the failure, element means; largest: the same, largest of the element.
    steps: (b,) steps until then, or until the end of loading; failed: (b,).
    """

    phi: jax.Array
    largest: jax.Array
    steps: jax.Array
    failed: jax.Array


@partial(jax.jit, static_argnames=("material", "settings"))
def run_to_failure(pores: jax.Array, material: Material, settings: ExplicitSettings) -> FirstFailure:
    """Load specimens (b, nx, ny, nz) until each has failed once; those that have stay as they are."""
    batch = pores.shape[0]
    limit = round(settings.maximum_strain / settings.strain_step)

    def unfinished(carry):
        count, _, _, failed = carry
        return (count < limit) & ~jnp.all(failed)

    def advance(carry):
        count, specimen, steps, failed = carry
        new = step(specimen, contraction_at(count, material, settings), material, settings)
        if batch > 1:  # a single specimen ends the loop when it fails
            new = jax.tree.map(lambda a, b: jnp.where(_like(failed, a), b, a), new, specimen)
        top = jnp.max(largest_damage(new), axis=(1, 2, 3))
        return count + 1, new, jnp.where(failed, steps, count + 1), failed | (top >= material.maximum_damage)

    carry = (
        jnp.int32(0),
        start(pores, material, settings),
        jnp.zeros(batch, jnp.int32),
        jnp.zeros(batch, bool),
    )
    _, specimen, steps, failed = lax.while_loop(unfinished, advance, carry)
    return FirstFailure(mean_damage(specimen), largest_damage(specimen), steps, failed)


def _like(flag: jax.Array, array: jax.Array) -> jax.Array:
    """Flag (b,) shaped for arrays (..., b, x, y, z)."""
    return flag.reshape((1,) * (array.ndim - 4) + (-1, 1, 1, 1))
