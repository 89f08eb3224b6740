# SPDX-License-Identifier: GPL-3.0-or-later
"""Trilinear hexahedra on a voxel grid, written as sums and differences of neighbouring nodes.

On a unit voxel with ξ, η, ζ in [-½, ½], a nodal field is

    u = m + x ξ + y η + z ζ + xy ξη + yz ηζ + xz ξζ + xyz ξηζ,

and its eight coefficients are means and differences of the eight nodal values along the axes. No index list
is needed, and the transposed map, from forces conjugate to the coefficients to nodal forces, is as plain.
Arrays are (..., x, y, z); a grid of n voxels has n + 1 nodes along an axis.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

GAUSS = 0.5 / 3.0**0.5  # |ξ| of the two-point rule on [-½, ½]
CORNERS = tuple((i, j, k) for i in (-1, 1) for j in (-1, 1) for k in (-1, 1))  # signs of the Gauss points


class Modes(NamedTuple):
    """Coefficients of one nodal field, or the forces conjugate to them; each (..., x, y, z) over voxels."""

    m: jax.Array
    x: jax.Array
    y: jax.Array
    z: jax.Array
    xy: jax.Array
    yz: jax.Array
    xz: jax.Array
    xyz: jax.Array


def nodal_to_modes(u: jax.Array) -> Modes:
    """Coefficients of a nodal field (..., nx + 1, ny + 1, nz + 1) on every voxel."""
    az, dz = _mean(u, -1), _difference(u, -1)
    azay, azdy, dzay, dzdy = _mean(az, -2), _difference(az, -2), _mean(dz, -2), _difference(dz, -2)
    return Modes(
        m=_mean(azay, -3),
        x=_difference(azay, -3),
        y=_mean(azdy, -3),
        z=_mean(dzay, -3),
        xy=_difference(azdy, -3),
        yz=_mean(dzdy, -3),
        xz=_difference(dzay, -3),
        xyz=_difference(dzdy, -3),
    )


def modes_to_nodal(force: Modes) -> jax.Array:
    """Transpose of :func:`nodal_to_modes` for stresses: the force conjugate to the mean `m` is taken as 0."""
    azay = _difference_transposed(force.x, -3)
    azdy = _mean_transposed(force.y, -3) + _difference_transposed(force.xy, -3)
    dzay = _mean_transposed(force.z, -3) + _difference_transposed(force.xz, -3)
    dzdy = _mean_transposed(force.yz, -3) + _difference_transposed(force.xyz, -3)
    az = _mean_transposed(azay, -2) + _difference_transposed(azdy, -2)
    dz = _mean_transposed(dzay, -2) + _difference_transposed(dzdy, -2)
    return _mean_transposed(az, -1) + _difference_transposed(dz, -1)


def _halves(u: jax.Array, axis: int) -> tuple[jax.Array, jax.Array]:
    n = u.shape[axis]
    return lax.slice_in_dim(u, 0, n - 1, axis=axis % u.ndim), lax.slice_in_dim(u, 1, n, axis=axis % u.ndim)


def _mean(u: jax.Array, axis: int) -> jax.Array:
    low, high = _halves(u, axis)
    return 0.5 * (low + high)


def _difference(u: jax.Array, axis: int) -> jax.Array:
    low, high = _halves(u, axis)
    return high - low


def _padded(a: jax.Array, axis: int) -> tuple[jax.Array, jax.Array]:
    """The array shifted to the lower and to the upper node of each voxel, zero elsewhere."""
    widths = [(0, 0)] * a.ndim
    low, high = list(widths), list(widths)
    low[axis % a.ndim], high[axis % a.ndim] = (0, 1), (1, 0)
    return jnp.pad(a, low), jnp.pad(a, high)


def _mean_transposed(a: jax.Array, axis: int) -> jax.Array:
    low, high = _padded(a, axis)
    return 0.5 * (low + high)


def _difference_transposed(a: jax.Array, axis: int) -> jax.Array:
    low, high = _padded(a, axis)
    return high - low
