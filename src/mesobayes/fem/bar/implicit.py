# SPDX-License-Identifier: GPL-3.0-or-later
"""Implicit tension of a porous voxel specimen on JAX-FEM's HEX8: the check of the explicit solver.

Backward Euler in equilibrium at every step; the damage lags by one step, which keeps the tangent symmetric.
Each Newton step is solved by conjugate gradients with the factorised stiffness of the bar without pores, and
a tangent serves as long as the residual falls to a third.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from numpy.typing import NDArray

from mesobayes.fem.bar.jaxfem_kernels import CUBE, History, VoxelKernels, virgin_history, voxel_kernels
from mesobayes.fem.bar.settings import Material
from mesobayes.fem.errors import SolveError

FloatArray = NDArray[np.float64]
_NEWTON_LIMIT = 25


@dataclass(frozen=True)
class ImplicitSettings:
    """Axial strain per step and per s, largest strain, and relative residuals of the two iterations."""

    strain_step: float = 2.5e-4
    strain_rate: float = 0.002
    maximum_strain: float = 0.3
    newton_tolerance: float = 1e-4
    linear_tolerance: float = 1e-2


class ImplicitResult(NamedTuple):
    """First failure, interpolated within its step: φ (x, y, z) and strain (NaN if none).

    phi: element means; largest: of the element's points; both 0 in voids. stress: axial stress in MPa of
    every step done, over the full cross-section.
    """

    phi: FloatArray
    largest: FloatArray
    strain: float
    stress: FloatArray


@dataclass(frozen=True)
class _Grid:
    """Solid cells of a voxel grid: degrees of freedom (cell, 24), prescribed ones, total number."""

    dofs: NDArray[np.int64]
    fixed: NDArray[np.int64]
    top: NDArray[np.int64]
    size: int

    def assemble(self, tangents: FloatArray) -> sp.csr_matrix:
        rows = np.repeat(self.dofs, 24, axis=1).ravel()
        columns = np.tile(self.dofs, (1, 24)).ravel()
        return sp.csr_matrix((tangents.ravel(), (rows, columns)), shape=(self.size, self.size))

    def scatter(self, residuals: FloatArray) -> FloatArray:
        return np.bincount(self.dofs.ravel(), residuals.ravel(), minlength=self.size).astype(float)


def _grid(solid: NDArray[np.bool_]) -> _Grid:
    shape = tuple(n + 1 for n in solid.shape)
    corners = np.argwhere(solid)[:, None, :] + CUBE.astype(int)  # (cell, node, 3)
    nodes = np.ravel_multi_index(np.moveaxis(corners, -1, 0), shape)
    numbers = np.arange(np.prod(shape)).reshape(shape)
    bottom, top = 3 * numbers[:, :, 0].ravel() + 2, 3 * numbers[:, :, -1].ravel() + 2
    rigid = [
        3 * numbers[0, 0, 0],
        3 * numbers[0, 0, 0] + 1,
        3 * numbers[-1, 0, 0] + 1,
    ]  # two shifts, one turn
    dofs = (3 * nodes[:, :, None] + np.arange(3)).reshape(len(nodes), 24)
    return _Grid(dofs, np.concatenate([bottom, top, rigid]), top, 3 * int(np.prod(shape)))


def fail_implicitly(
    pores: NDArray[np.bool_], material: Material, settings: ImplicitSettings | None = None
) -> ImplicitResult:
    """Pull one specimen (nx, ny, nz) until the first Gauss point fails.

    Raises:
        SolveError: Newton's iteration does not converge.
    """
    settings = settings or ImplicitSettings()
    solid = ~np.asarray(pores, bool)
    grid = _grid(solid)
    kernels = voxel_kernels(material, settings.strain_step / settings.strain_rate)
    factor = _homogeneous_factor(solid.shape, kernels, material)
    length = solid.shape[2]
    stresses: list[float] = []
    with jax.enable_x64(True):
        history = virgin_history(len(grid.dofs), material)
        increment = np.zeros(grid.size)
        increment[2::3] = settings.strain_step * np.tile(
            np.arange(length + 1), (solid.shape[0] + 1) * (solid.shape[1] + 1)
        )
        for number in range(1, round(settings.maximum_strain / settings.strain_step) + 1):
            increment, reaction = _equilibrium(grid, kernels, history, increment, factor, settings)
            before, history = history, kernels.advance(_gather(grid, increment), history)
            stresses.append(reaction / (solid.shape[0] * solid.shape[1]))
            old, new = float(jnp.max(before.phi)), float(jnp.max(history.phi))
            if new >= material.maximum_damage:
                share = (material.maximum_damage - old) / (new - old)
                phi = (1.0 - share) * np.asarray(before.phi) + share * np.asarray(history.phi)
                return _result(solid, phi, (number - 1 + share) * settings.strain_step, stresses)
    return _result(solid, np.asarray(history.phi), float("nan"), stresses)


def _gather(grid: _Grid, values: FloatArray) -> jax.Array:
    return jnp.asarray(values[grid.dofs].reshape(-1, 8, 3))


def _equilibrium(
    grid: _Grid,
    kernels: VoxelKernels,
    history: History,
    increment: FloatArray,
    factor: spla.SuperLU,
    settings: ImplicitSettings,
) -> tuple[FloatArray, float]:
    """Displacement increment (dof,) in equilibrium, from that of the last step, and the axial force."""
    matrix, last = None, np.inf
    for _ in range(_NEWTON_LIMIT):
        residuals = np.asarray(kernels.residual(_gather(grid, increment), history))
        force = grid.scatter(residuals)
        reaction = float(force[grid.top].sum())
        force[grid.fixed] = 0.0
        error = float(np.linalg.norm(force) / np.linalg.norm(residuals))
        if error <= settings.newton_tolerance:
            return increment, reaction
        if matrix is None or error > last / 3.0:
            _, tangents = kernels.tangent(_gather(grid, increment), history)
            matrix = _held(grid.assemble(np.asarray(tangents)), grid.fixed)
        last = error
        step, info = spla.cg(
            matrix,
            -force,
            rtol=settings.linear_tolerance,
            maxiter=500,
            M=spla.LinearOperator(matrix.shape, factor.solve),
        )
        if info:
            raise SolveError("conjugate gradients did not converge in 500 iterations: reduce the strain step")
        increment = increment + step
    raise SolveError(f"no equilibrium after {_NEWTON_LIMIT} Newton steps: reduce the strain step")


def _held(matrix: sp.csr_matrix, fixed: NDArray[np.int64]) -> sp.csr_matrix:
    """Rows and columns of prescribed degrees of freedom replaced by those of the identity."""
    free = np.ones(matrix.shape[0])
    free[fixed] = 0.0
    mask = sp.diags(free)
    return (mask @ matrix @ mask + sp.diags(1.0 - free)).tocsr()


def _homogeneous_factor(shape: tuple[int, ...], kernels: VoxelKernels, material: Material) -> spla.SuperLU:
    """Factor of the elastic stiffness of the bar without pores."""
    grid = _grid(np.ones(shape, bool))
    with jax.enable_x64(True):
        _, tangent = kernels.tangent(jnp.zeros((1, 8, 3)), virgin_history(1, material))
    tangents = np.broadcast_to(np.asarray(tangent), (len(grid.dofs), 24, 24))
    return spla.splu(_held(grid.assemble(tangents), grid.fixed).tocsc(), options={"SymmetricMode": True})


def _result(
    solid: NDArray[np.bool_], points: FloatArray, strain: float, stresses: list[float]
) -> ImplicitResult:
    mean, largest = np.zeros(solid.shape), np.zeros(solid.shape)
    mean[solid], largest[solid] = points.mean(axis=1), points.max(axis=1)
    return ImplicitResult(mean, largest, strain, np.array(stresses))
