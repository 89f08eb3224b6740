# SPDX-License-Identifier: GPL-3.0-or-later
"""Element kernels of the explicit solver: strains, constitutive update and forces of all voxels at once.

Three integrations. "reduced": one point at the centre, and hourglass stresses that follow the deviatoric
return. "full": eight Gauss points; nearly incompressible flow makes it lock. "bbar": eight Gauss points with
the dilatation and the mean stress of the element. Arrays are (specimen, x, y, z), behind a Gauss axis (8,
...) for the last two.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from mesobayes.fem.bar.settings import Material
from mesobayes.fem.bar.viscoplastic import Increment, State, update
from mesobayes.fem.bar.voxels import CORNERS, GAUSS, Modes


class Load(NamedTuple):
    """Uniform extension of one step.

    axial, lateral: strain along z, and along x and y. duration in s.
    """

    axial: float
    lateral: jax.Array
    duration: float


def reduced_forces(
    points: State,
    hourglass: tuple[jax.Array, ...],
    alive: jax.Array,
    modes: tuple[Modes, Modes, Modes],
    load: Load,
    material: Material,
    stiffness: float,
) -> tuple[State, tuple[jax.Array, ...], tuple[Modes, Modes, Modes]]:
    """One-point kernel; `stiffness` is χ, the stiffness of the hourglass modes relative to 2G.

    The hourglass stresses (12 arrays: xy, yz, xz, xyz of u, v, w) are those of an element whose stress varies
    linearly, with the variances 1/12 and 1/144 of ξ and ξη. Voids go on deforming without resistance; their
    numbers may overflow and are kept out of the forces by selection, not by a factor 0.
    """
    u, v, w = modes
    strain = (
        u.x + load.lateral,
        v.y + load.lateral,
        w.z + load.axial,
        0.5 * (v.z + w.y),
        0.5 * (u.z + w.x),
        0.5 * (u.y + v.x),
    )
    points, increment = update(points, strain, load.duration, material)
    intact = 1.0 - points.phi
    hourglass = _hourglass(hourglass, modes, increment, 2.0 * material.shear_modulus * stiffness)
    xx, yy, zz, yz, xz, xy = (jnp.where(alive, s * intact, 0.0) for s in points.stress)
    q = [jnp.where(alive, h * intact, 0.0) for h in hourglass]
    zero = jnp.zeros_like(xx)
    forces = (
        Modes(zero, xx, xy, xz, *q[0:4]),
        Modes(zero, xy, yy, yz, *q[4:8]),
        Modes(zero, xz, yz, zz, *q[8:12]),
    )
    return points, hourglass, forces


def _hourglass(
    old: tuple[jax.Array, ...], modes: tuple[Modes, ...], increment: Increment, stiffness: float
) -> tuple[jax.Array, ...]:
    new = []
    for i, mode in enumerate(modes):
        changes = ((mode.xy, 1 / 12), (mode.yz, 1 / 12), (mode.xz, 1 / 12), (mode.xyz, 1 / 144))
        for j, (change, variance) in enumerate(changes):
            new.append((old[4 * i + j] + (stiffness * variance) * change) * increment.retained)
    return tuple(new)


def full_forces(
    points: State,
    alive: jax.Array,
    modes: tuple[Modes, Modes, Modes],
    load: Load,
    material: Material,
    mean_dilatation: bool,
) -> tuple[State, tuple[Modes, Modes, Modes]]:
    """Eight-point kernel; `mean_dilatation` makes it B-bar."""
    gradient = [
        [jnp.stack([_derivative(mode, axis, corner) for corner in CORNERS]) for axis in range(3)]
        for mode in modes
    ]  # [component][axis] -> (8, b, x, y, z)
    normal = [
        gradient[0][0] + load.lateral,
        gradient[1][1] + load.lateral,
        gradient[2][2] + load.axial,
    ]
    if mean_dilatation:
        normal = _share_mean(normal)
    strain = (
        *normal,
        0.5 * (gradient[1][2] + gradient[2][1]),
        0.5 * (gradient[0][2] + gradient[2][0]),
        0.5 * (gradient[0][1] + gradient[1][0]),
    )
    points, _ = update(points, strain, load.duration, material)
    intact = (1.0 - points.phi) / 8.0  # 1/8 is the weight of a Gauss point
    xx, yy, zz, yz, xz, xy = (jnp.where(alive, s * intact, 0.0) for s in points.stress)
    if mean_dilatation:
        xx, yy, zz = _share_mean([xx, yy, zz])
    return points, (_conjugate(xx, xy, xz), _conjugate(xy, yy, yz), _conjugate(xz, yz, zz))


def _share_mean(normal: list[jax.Array]) -> list[jax.Array]:
    """Replace the mean of three normal components at the Gauss points by its average over the element."""
    third = (normal[0] + normal[1] + normal[2]) / 3.0
    shift = jnp.mean(third, axis=0) - third
    return [component + shift for component in normal]


def _derivative(mode: Modes, axis: int, corner: tuple[int, int, int]) -> jax.Array:
    """∂u/∂x, ∂u/∂y or ∂u/∂z at one Gauss point."""
    a, b, c = (GAUSS * sign for sign in corner)
    if axis == 0:
        return mode.x + b * mode.xy + c * mode.xz + (b * c) * mode.xyz
    if axis == 1:
        return mode.y + a * mode.xy + c * mode.yz + (a * c) * mode.xyz
    return mode.z + b * mode.yz + a * mode.xz + (a * b) * mode.xyz


def _conjugate(sx: jax.Array, sy: jax.Array, sz: jax.Array) -> Modes:
    """Forces conjugate to the modes of one displacement component from the weighted stresses (8, ...)."""

    def moment(*terms: tuple[jax.Array, tuple[int, ...]]) -> jax.Array:
        total = jnp.zeros_like(sx[0])
        for stress, axes in terms:
            for point, corner in enumerate(CORNERS):
                factor = 1.0
                for axis in axes:
                    factor *= GAUSS * corner[axis]
                total = total + factor * stress[point]
        return total

    return Modes(
        m=jnp.zeros_like(sx[0]),
        x=moment((sx, ())),
        y=moment((sy, ())),
        z=moment((sz, ())),
        xy=moment((sx, (1,)), (sy, (0,))),
        yz=moment((sy, (2,)), (sz, (1,))),
        xz=moment((sx, (2,)), (sz, (0,))),
        xyz=moment((sx, (1, 2)), (sy, (0, 2)), (sz, (0, 1))),
    )
