# SPDX-License-Identifier: GPL-3.0-or-later
"""JAX-FEM kernels of unit cubes (HEX8, eight Gauss points) with a history at every Gauss point."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.bar.settings import Material
from mesobayes.fem.bar.viscoplastic import State, update
from mesobayes.fem.jaxfem import import_jax_fem

FloatArray = NDArray[np.float64]

CUBE = np.array(
    [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 1, 1)], dtype=float
)  # nodes of a voxel in the order of JAX-FEM


class History(NamedTuple):
    """State of Gauss points (..., quadrature): stress (..., 6) in MPa, kappa, eta, phi; as in `State`."""

    stress: jax.Array
    kappa: jax.Array
    eta: jax.Array
    phi: jax.Array

    def state(self) -> State:
        return State(tuple(jnp.moveaxis(self.stress, -1, 0)), self.kappa, self.eta, self.phi)


def virgin_history(cells: int, material: Material) -> History:
    """Unloaded Gauss points (cell, 8)."""
    ones = jnp.ones((cells, 8))
    return History(
        jnp.zeros((cells, 8, 6)),
        material.initial_hardening * ones,
        material.void_density * ones,
        material.initial_damage * ones,
    )


def strain_components(gradient: jax.Array) -> tuple[jax.Array, ...]:
    """Tensor strains xx, yy, zz, yz, xz, xy of displacement gradients (..., 3, 3)."""
    sym = 0.5 * (gradient + jnp.swapaxes(gradient, -1, -2))
    return tuple(sym[..., i, j] for i, j in ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)))


class VoxelKernels(NamedTuple):
    """Compiled functions of displacement increments (cell, 8, 3) and histories; double precision.

    residual: (cell, 24) with the damage of the last step; tangent: the same and its derivative (cell, 24,
    24). advance: histories after the step.
    """

    residual: jax.stages.Wrapped
    tangent: jax.stages.Wrapped
    advance: jax.stages.Wrapped


@cache
def voxel_kernels(material: Material, duration: float) -> VoxelKernels:
    """Kernels for steps of `duration` s; use them inside `jax.enable_x64(True)`."""
    jax_fem = import_jax_fem()

    def law(gradient: jax.Array, stress: jax.Array, kappa: jax.Array, eta: jax.Array, phi: jax.Array):
        """σ = (1 - φ_old) S(ε): the weak form's physics at one Gauss point."""
        old = History(stress, kappa, eta, phi)
        new, _ = update(old.state(), strain_components(gradient), duration, material)
        xx, yy, zz, yz, xz, xy = new.stress
        return (1.0 - phi) * jnp.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])

    class Tension(jax_fem.Problem):  # type: ignore[name-defined]
        def get_tensor_map(self):
            return law

    with jax.enable_x64(True):
        mesh = jax_fem.Mesh(CUBE, np.arange(8)[None, :], ele_type="HEX8")
        problem = Tension(mesh, vec=3, dim=3, ele_type="HEX8", gauss_order=2)
    element = problem.fes[0]
    grads, weights = np.asarray(element.shape_grads[0]), np.asarray(element.JxW[0])  # (8, 8, 3), (8,)

    def arguments(u: jax.Array, history: History) -> tuple[jax.Array, ...]:
        cells = u.shape[0]
        shape_gradients = jnp.broadcast_to(grads, (cells, *grads.shape))
        volume = jnp.broadcast_to(weights, (cells, *weights.shape))
        points = jnp.zeros((cells, 8, 3))  # no body force: the place does not enter
        test_gradients = shape_gradients[:, :, :, None, :] * volume[:, :, None, None, None]
        return u.reshape(cells, 24), points, shape_gradients, volume[:, None, :], test_gradients, *history

    def residual(u: jax.Array, history: History) -> jax.Array:
        return problem.kernel(*arguments(u, history))

    def tangent(u: jax.Array, history: History) -> tuple[jax.Array, jax.Array]:
        return problem.kernel_jac(*arguments(u, history))

    def advance(u: jax.Array, history: History) -> History:
        gradient = jnp.einsum("qnj,cni->cqij", grads, u)
        new, _ = update(history.state(), strain_components(gradient), duration, material)
        return History(jnp.stack(new.stress, axis=-1), new.kappa, new.eta, new.phi)

    return VoxelKernels(jax.jit(residual), jax.jit(tangent), jax.jit(advance))
