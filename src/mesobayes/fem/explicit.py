# SPDX-License-Identifier: GPL-3.0-or-later
"""Explicit quasi-static tension of porous voxel specimens up to the first failure and on to collapse.

The bar is pulled along z: u_z is prescribed on both end faces, everything else is free. Dynamics serve as the
iteration: mass is scaled so that one load step is one stable time step, and the nodal velocity is damped relative
to a uniform extension. Arrays are (specimen, x, y, z) over voxels; lengths in voxels, stresses in MPa, load in
strain per step. Bridgman et al. 2022, sections 2.1 to 2.4.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from mesobayes.fem.sections import section_acceleration, section_compliance
from mesobayes.fem.viscoplastic import Increment, Material, State, update, virgin_state
from mesobayes.fem.voxels import CORNERS, GAUSS, Modes, modes_to_nodal, nodal_to_modes

Integration = Literal["reduced", "full", "bbar"]


@dataclass(frozen=True)
class ExplicitSettings:
    """How a specimen is loaded and integrated.

    integration: "reduced" is one point with hourglass stiffness, "full" eight Gauss points, "bbar" eight with the
        mean dilatation of the element.
    strain_step: axial strain per step; 5e-5 are 1000 steps per 5 %.
    strain_rate: axial strain per s.
    maximum_strain: where loading ends without failure.
    hourglass: stiffness χ of the hourglass modes of "reduced", relative to the shear stiffness.
    courant: fraction of the stable time step that one step amounts to.
    damping: share of the velocity, relative to a uniform extension, that is lost in a step.
    section_frequency: frequency ω to which the slow motions of whole cross-sections are lifted, per step.
    """

    integration: Integration = "reduced"
    strain_step: float = 5e-5
    strain_rate: float = 0.002
    maximum_strain: float = 0.3
    hourglass: float = 0.3
    courant: float = 0.9
    damping: float = 0.03
    section_frequency: float = 0.5

    @property
    def duration(self) -> float:
        """Time of one step in s."""
        return self.strain_step / self.strain_rate


class Specimen(NamedTuple):
    """What changes from step to step.

    velocity: three nodal arrays (b, nx + 1, ny + 1, nz + 1), per step, relative to the uniform extension.
    points: state at the integration points, each array (b, x, y, z), behind a Gauss axis (8, ...) unless reduced.
    hourglass: stresses conjugate to xy, yz, xz, xyz of each displacement component, 12 arrays; () unless reduced.
    alive: 1 where the voxel carries stress, 0 in voids and failed voxels.
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
        alive=jnp.where(pores, 0.0, 1.0).astype(jnp.float32),
    )


def step(
    specimen: Specimen, contraction: jax.Array, material: Material, settings: ExplicitSettings
) -> tuple[Specimen, jax.Array]:
    """One load step; `contraction` is the lateral strain of the uniform extension over its axial strain.

    Returns the specimen and the largest damage (b, x, y, z) among the integration points of each voxel.
    Voxels are not deleted here.
    """
    modes = tuple(nodal_to_modes(v) for v in specimen.velocity)
    kernel = _reduced if settings.integration == "reduced" else _full
    points, hourglass, forces = kernel(specimen, modes, contraction, material, settings)
    velocity = _accelerate(specimen.velocity, forces, material, settings)
    damage = points.phi if settings.integration == "reduced" else jnp.max(points.phi, axis=0)
    return Specimen(velocity, points, hourglass, specimen.alive), damage


def _reduced(specimen, modes, contraction, material, settings):
    u, v, w = modes
    rate = settings.strain_step
    strain = (
        u.x - contraction * rate,
        v.y - contraction * rate,
        w.z + rate,
        0.5 * (v.z + w.y),
        0.5 * (u.z + w.x),
        0.5 * (u.y + v.x),
    )
    points, increment = update(specimen.points, strain, settings.duration, material)
    intact = specimen.alive * (1.0 - points.phi)
    stiffness = 2.0 * material.shear_modulus * settings.hourglass
    hourglass = _hourglass(specimen.hourglass, modes, increment, stiffness)
    xx, yy, zz, yz, xz, xy = (s * intact for s in points.stress)
    q = [h * intact for h in hourglass]
    forces = (
        Modes(None, xx, xy, xz, *q[0:4]),
        Modes(None, xy, yy, yz, *q[4:8]),
        Modes(None, xz, yz, zz, *q[8:12]),
    )
    return points, hourglass, forces


def _hourglass(old, modes: tuple[Modes, ...], increment: Increment, stiffness: float):
    """Hourglass stresses: elastic with the variances 1/12 and 1/144 of ξ and ξη, returned like the deviator."""
    new = []
    for i, mode in enumerate(modes):
        for j, (change, variance) in enumerate(
            ((mode.xy, 1 / 12), (mode.yz, 1 / 12), (mode.xz, 1 / 12), (mode.xyz, 1 / 144))
        ):
            new.append((old[4 * i + j] + (stiffness * variance) * change) * increment.retained)
    return tuple(new)


def _full(specimen, modes, contraction, material, settings):
    rate = settings.strain_step
    ones = specimen.alive[None] * 0.0
    gradient = [
        [jnp.stack([_derivative(mode, axis, corner) for corner in CORNERS]) for axis in range(3)]
        for mode in modes
    ]  # [component][axis] -> (8, b, x, y, z)
    normal = [
        gradient[0][0] - contraction * rate + ones,
        gradient[1][1] - contraction * rate + ones,
        gradient[2][2] + rate + ones,
    ]
    if settings.integration == "bbar":
        third = (normal[0] + normal[1] + normal[2]) / 3.0
        shift = jnp.mean(third, axis=0) - third
        normal = [e + shift for e in normal]
    strain = (
        *normal,
        0.5 * (gradient[1][2] + gradient[2][1]),
        0.5 * (gradient[0][2] + gradient[2][0]),
        0.5 * (gradient[0][1] + gradient[1][0]),
    )
    points, _ = update(specimen.points, strain, settings.duration, material)
    intact = specimen.alive * (1.0 - points.phi) / 8.0
    xx, yy, zz, yz, xz, xy = (s * intact for s in points.stress)
    if settings.integration == "bbar":
        third = (xx + yy + zz) / 3.0
        shift = jnp.mean(third, axis=0) - third
        xx, yy, zz = xx + shift, yy + shift, zz + shift
    forces = (_conjugate(xx, xy, xz), _conjugate(xy, yy, yz), _conjugate(xz, yz, zz))
    return points, (), forces


def _derivative(mode: Modes, axis: int, corner: tuple[int, int, int]) -> jax.Array:
    """∂u/∂x, ∂u/∂y or ∂u/∂z at one Gauss point."""
    a, b, c = (GAUSS * sign for sign in corner)
    if axis == 0:
        return mode.x + b * mode.xy + c * mode.xz + (b * c) * mode.xyz
    if axis == 1:
        return mode.y + a * mode.xy + c * mode.yz + (a * c) * mode.xyz
    return mode.z + b * mode.yz + a * mode.xz + (a * b) * mode.xyz


def _conjugate(sx: jax.Array, sy: jax.Array, sz: jax.Array) -> Modes:
    """Forces conjugate to the modes of one displacement component from weighted stresses (8, ...) of its row."""

    def moment(*terms: tuple[jax.Array, tuple[int, ...]]) -> jax.Array:
        total = 0.0
        for stress, axes in terms:
            for point, corner in enumerate(CORNERS):
                factor = 1.0
                for axis in axes:
                    factor *= GAUSS * corner[axis]
                total = total + factor * stress[point]
        return total

    return Modes(
        m=None,
        x=moment((sx, ())),
        y=moment((sy, ())),
        z=moment((sz, ())),
        xy=moment((sx, (1,)), (sy, (0,))),
        yz=moment((sy, (2,)), (sz, (1,))),
        xz=moment((sx, (2,)), (sz, (0,))),
        xyz=moment((sx, (1, 2)), (sy, (0, 2)), (sz, (0, 1))),
    )


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


class Outcome(NamedTuple):
    """First failure of each specimen: φ (b, x, y, z) at that step, the step (0 if none), and whether it failed."""

    phi: jax.Array
    largest: jax.Array
    steps: jax.Array
    failed: jax.Array


@partial(jax.jit, static_argnames=("material", "settings"))
def run_to_failure(pores: jax.Array, material: Material, settings: ExplicitSettings) -> Outcome:
    specimen = start(pores, material, settings)
    batch = pores.shape[0]
    limit = round(settings.maximum_strain / settings.strain_step)
    yielding = 1.5 * (material.initial_hardening + material.yield_strength) / material.young

    def unfinished(carry):
        count, _, _, _, failed = carry
        return (count < limit) & ~jnp.all(failed)

    def advance(carry):
        count, specimen, largest, steps, failed = carry
        contraction = jnp.where(count * settings.strain_step < yielding, material.poisson, 0.5)
        new, damage = step(specimen, contraction, material, settings)
        top = jnp.max(damage * specimen.alive, axis=(1, 2, 3))
        if batch > 1:
            new, damage = jax.tree.map(
                lambda a, b: jnp.where(_align(failed, a), b, a), (new, damage), (specimen, largest)
            )
        steps = jnp.where(failed, steps, count + 1)
        return count + 1, new, damage, steps, failed | (top >= material.maximum_damage)

    def _align(flag, array):
        return flag.reshape((1,) * (array.ndim - 4) + (batch, 1, 1, 1))

    zero = jnp.zeros(pores.shape, jnp.float32)
    carry = (jnp.int32(0), specimen, zero, jnp.zeros(batch, jnp.int32), jnp.zeros(batch, bool))
    _, specimen, largest, steps, failed = lax.while_loop(unfinished, advance, carry)
    phi = specimen.points.phi
    return Outcome(
        phi if settings.integration == "reduced" else jnp.mean(phi, axis=0), largest, steps, failed
    )
