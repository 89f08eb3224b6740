# SPDX-License-Identifier: GPL-3.0-or-later
"""Fast equilibrium of a slender bar: the rigid motions of its cross-sections get a mass of their own.

An explicit iteration spreads information by one voxel a step, and the bending of a slender bar is slower
still by the square of its length. Six motions of each plane of nodes (three translations, two tilts, one
twist) carry all slow modes. With V these motions and K_V the stiffness of the homogeneous elastic bar in
their space, the inverse mass m⁻¹ + ω² V K_V⁻¹ Vᵀ moves every slow mode to the frequency ω and leaves the
fast ones as they are: the largest eigenvalue grows by ω² at most.
"""

from __future__ import annotations

from functools import lru_cache

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@lru_cache(maxsize=8)
def section_compliance(shape: tuple[int, int, int], lame: float, shear: float) -> FloatArray:
    """Inverse (6 (nz + 1), 6 (nz + 1)) of the stiffness of the homogeneous bar for motions of its sections.

    Ordered (motion, plane), motions x, y, z, tilt in x, tilt in y, twist. The end planes move in their plane
    only, and rigid motions of the whole bar are left out (pseudo-inverse).
    """
    nx, ny, nz = shape
    layer = _layer_stiffness(nx, ny, lame, shear)
    total = np.zeros((6, nz + 1, 6, nz + 1))
    for k in range(nz):
        for a in range(2):
            for b in range(2):
                total[:, k + a, :, k + b] += layer[a, :, b, :]
    free = np.ones((6, nz + 1), bool)
    free[2:5, [0, nz]] = False
    kept = np.flatnonzero(free.ravel())
    matrix = total.reshape(6 * (nz + 1), -1)
    inverse = np.zeros_like(matrix)
    inverse[np.ix_(kept, kept)] = np.linalg.pinv(matrix[np.ix_(kept, kept)], rcond=1e-10, hermitian=True)
    return inverse


def _layer_stiffness(nx: int, ny: int, lame: float, shear: float) -> FloatArray:
    """Stiffness (plane, motion, plane, motion) of one layer of voxels, one-point integration."""
    x, y = np.meshgrid(np.arange(nx + 1) - nx / 2, np.arange(ny + 1) - ny / 2, indexing="ij")
    zero, one = np.zeros_like(x), np.ones_like(x)
    motions = np.array(
        [
            (one, zero, zero),
            (zero, one, zero),
            (zero, zero, one),
            (zero, zero, x),
            (zero, zero, y),
            (-y, x, zero),
        ]
    )  # (motion, component, x, y)
    fields = np.zeros((2, 6, 3, nx + 1, ny + 1, 2))
    fields[0, ..., 0], fields[1, ..., 1] = motions, motions
    flat = fields.reshape(12, 3, nx + 1, ny + 1, 2)
    gradient = np.stack([_centre_derivative(flat, axis) for axis in (2, 3, 4)], axis=2)  # ∂u_i/∂x_j
    strain = 0.5 * (gradient + gradient.swapaxes(1, 2))
    trace = np.einsum("aiixy->axy", strain)
    energy = lame * np.einsum("axy,bxy->ab", trace, trace)
    energy += 2.0 * shear * np.einsum("aijxy,bijxy->ab", strain, strain)
    return energy.reshape(2, 6, 2, 6)


def _centre_derivative(u: FloatArray, axis: int) -> FloatArray:
    for other in (2, 3, 4):
        low = np.take(u, range(u.shape[other] - 1), axis=other)
        high = np.take(u, range(1, u.shape[other]), axis=other)
        u = high - low if other == axis else 0.5 * (low + high)
    return u[..., 0]


def section_acceleration(
    force: tuple[jax.Array, ...], compliance: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """V K_V⁻¹ Vᵀ f for nodal forces of three components, each (b, nx + 1, ny + 1, nz + 1)."""
    fx, fy, fz = force
    batch, px, py, pz = fx.shape
    x = jnp.arange(px, dtype=fx.dtype)[:, None, None] - (px - 1) / 2
    y = jnp.arange(py, dtype=fx.dtype)[:, None] - (py - 1) / 2

    def total(f: jax.Array) -> jax.Array:
        return jnp.sum(f, axis=(1, 2))

    loads = jnp.stack(
        [total(fx), total(fy), total(fz), total(x * fz), total(y * fz), total(x * fy - y * fx)], axis=1
    )
    motion = jnp.matmul(loads.reshape(batch, -1), compliance, precision=lax.Precision.HIGHEST)
    motion = motion.reshape(batch, 6, 1, 1, pz)
    u, v, w, tilt_x, tilt_y, twist = (motion[:, i] for i in range(6))
    return u - twist * y, v + twist * x, w + tilt_x * x + tilt_y * y
