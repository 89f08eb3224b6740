# SPDX-License-Identifier: GPL-3.0-or-later
"""Linear stress of porous bars in a few steps of conjugate gradients: a cheap look at where damage starts.

The element is the reduced one of the explicit solver: the stress of its centre, and a share χ of the shear
stiffness against hourglass modes. The bar is extended along z by a unit strain, u_z is held on both end
faces and everything else is free. The iteration starts from the uniform extension with Poisson's
contraction, which is the solution of a bar without pores, and is preconditioned by the inverse lumped mass.
Arrays are (specimen, x, y, z); specimens are solved side by side.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from mesobayes.fem.bar.settings import Material
from mesobayes.fem.bar.voxels import Modes, modes_to_nodal, nodal_to_modes

Fields = tuple[jax.Array, ...]
_CONVERGED = 1e-10  # of the squared residual at the start, in single precision


@partial(jax.jit, static_argnames=("material", "hourglass", "steps"))
def elastic_stress(
    pores: jax.Array, material: Material, hourglass: float = 0.3, steps: int = 20
) -> tuple[jax.Array, ...]:
    """Stress of voxels after so many steps, over that of the bar without pores; 0 in voids.

    Args:
        pores: (n, x, y, z), True in a void.
        material: its Young's modulus cancels, Poisson's ratio does not.
        hourglass: stiffness χ of the hourglass modes relative to 2G.
        steps: of conjugate gradients.

    Returns:
        The components xx, yy, zz, yz, xz, xy, each (n, x, y, z) float32.
    """
    alive = ~pores
    shape = (len(pores), *(n + 1 for n in pores.shape[1:]))
    zero = (jnp.zeros(shape, jnp.float32),) * 3
    inverse_mass = 1.0 / _lumped_mass(shape[1:])

    def internal(u: Fields, axial: float) -> Fields:
        """Nodal forces of a motion relative to the uniform extension, 0 where u_z is held."""
        _, forces = _response(u, axial, alive, material, hourglass)
        x, y, z = (modes_to_nodal(force) for force in forces)
        return x, y, z.at[..., 0].set(0.0).at[..., -1].set(0.0)

    def advance(_, carry):
        u, residual, direction, product = carry
        pushed = internal(direction, 0.0)
        left = product > _CONVERGED * first  # else what follows would be rounding errors
        length = jnp.where(left, _ratio(product, _dot(direction, pushed)), 0.0)
        u = tuple(a + length * d for a, d in zip(u, direction, strict=True))
        residual = tuple(r - length * k for r, k in zip(residual, pushed, strict=True))
        scaled = tuple(inverse_mass * r for r in residual)
        new = _dot(residual, scaled)
        direction = tuple(s + _ratio(new, product) * d for s, d in zip(scaled, direction, strict=True))
        return u, residual, direction, new

    residual = tuple(-force for force in internal(zero, 1.0))
    scaled = tuple(inverse_mass * r for r in residual)
    first = _dot(residual, scaled)
    carry = (zero, residual, scaled, first)
    u, *_ = lax.fori_loop(0, steps, advance, carry)
    stress, _ = _response(u, 1.0, alive, material, hourglass)
    return stress


def _response(
    u: Fields, axial: float, alive: jax.Array, material: Material, hourglass: float
) -> tuple[Fields, tuple[Modes, Modes, Modes]]:
    """Stress over Young's modulus, and forces conjugate to the modes of the three displacements."""
    a, b, c = (nodal_to_modes(component) for component in u)
    lateral = -material.poisson * axial
    shear = material.shear_modulus / material.young
    lame = (material.bulk_modulus - 2.0 / 3.0 * material.shear_modulus) / material.young
    xx, yy, zz = a.x + lateral, b.y + lateral, c.z + axial
    volume = lame * (xx + yy + zz)
    normal = [jnp.where(alive, volume + 2.0 * shear * strain, 0.0) for strain in (xx, yy, zz)]
    sheared = (b.z + c.y, a.z + c.x, a.y + b.x)
    yz, xz, xy = (jnp.where(alive, shear * angle, 0.0) for angle in sheared)
    xx, yy, zz = normal
    stiffness = 2.0 * shear * hourglass

    def bent(mode: Modes) -> list[jax.Array]:
        """Hourglass forces of one component; 1/12 and 1/144 are the variances of ξ and ξη."""
        changes = ((mode.xy, 1 / 12), (mode.yz, 1 / 12), (mode.xz, 1 / 12), (mode.xyz, 1 / 144))
        return [jnp.where(alive, stiffness * variance * change, 0.0) for change, variance in changes]

    none = jnp.zeros_like(xx)
    forces = (
        Modes(none, xx, xy, xz, *bent(a)),
        Modes(none, xy, yy, yz, *bent(b)),
        Modes(none, xz, yz, zz, *bent(c)),
    )
    return (xx, yy, zz, yz, xz, xy), forces


def _lumped_mass(nodes: tuple[int, ...]) -> jax.Array:
    """Share of the voxels at each node over that of a node inside, from 1/8 at corners to 1."""
    x, y, z = (jnp.ones(n).at[jnp.array([0, n - 1])].set(0.5) for n in nodes)
    return x[:, None, None] * y[:, None] * z


def _dot(a: Fields, b: Fields) -> jax.Array:
    """Products of nodal fields, one number (n, 1, 1, 1) a specimen."""
    total = sum(x * y for x, y in zip(a, b, strict=True))
    return jnp.sum(total, axis=(1, 2, 3), keepdims=True)


def _ratio(a: jax.Array, b: jax.Array) -> jax.Array:
    """a/b, 0 where b is 0: nothing is left to correct."""
    return jnp.where(b > 0.0, a / jnp.where(b > 0.0, b, 1.0), 0.0)
