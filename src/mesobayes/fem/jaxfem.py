# SPDX-License-Identifier: GPL-3.0-or-later
"""Adapter to JAX-FEM: the only module that imports jax_fem.

A JAX-FEM `Problem` compiles afresh for every mesh. Its element kernels, however, are pure functions of cell
arrays. One template problem on a single element lends its kernels, and every mesh goes through them in blocks
of one fixed number of cells, the last block padded: after the first block nothing is ever compiled again. All
of it runs in double precision, enabled for the calls made here and nowhere else.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
StressLaw = Callable[[jax.Array], jax.Array]  # displacement gradient (2, 2) -> stress (2, 2); hashable

_CELLS_PER_BLOCK = {"cpu": 512}
_CELLS_PER_BLOCK_ELSEWHERE = 16384
_ELEMENTS = {1: "TRI3", 2: "TRI6"}
_REFERENCE_NODES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.5, 0.0], [0.5, 0.5], [0.0, 0.5]])


@cache
def import_jax_fem() -> SimpleNamespace:
    """Import jax_fem without its banner and without its changes to loggers and print options.

    Returns a namespace with `Problem` and `Mesh`.
    """
    levels = {name: logging.getLogger(name).level for name in ("jax", "tensorflow")}
    printing = np.get_printoptions()
    with contextlib.redirect_stdout(io.StringIO()):
        from jax_fem.generate_mesh import Mesh
        from jax_fem.problem import Problem
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
    np.set_printoptions(**printing)
    logger = logging.getLogger("jax_fem")
    logger.handlers.clear()
    logger.propagate = True
    logger.setLevel(logging.WARNING)
    return SimpleNamespace(Problem=Problem, Mesh=Mesh)


def make_problem(
    law: StressLaw, points: FloatArray, cells: NDArray[np.integer], quadrature_degree: int | None = None
):
    """A JAX-FEM problem with one displacement field on a mesh of triangles (cell, 3 or 6).

    The call, and every use of the problem, belongs inside `jax.enable_x64(True)`.
    """
    jax_fem = import_jax_fem()

    class MomentumBalance(jax_fem.Problem):  # type: ignore[name-defined]
        def get_tensor_map(self) -> StressLaw:
            return law

    element = _ELEMENTS[1 if cells.shape[1] == 3 else 2]
    mesh = jax_fem.Mesh(points, cells, ele_type=element)
    return MomentumBalance(mesh, vec=2, dim=2, ele_type=element, gauss_order=quadrature_degree)


@dataclass(frozen=True)
class ElementKernels:
    """Residual and tangent of any set of triangles of one kind."""

    evaluate: Callable[[ArrayLike, ArrayLike], tuple[jax.Array, jax.Array]]
    cells_per_block: int

    def tangents(self, coordinates: FloatArray) -> FloatArray:
        """Element tangents (cell, dof, dof) at rest from node coordinates (cell, node, 2).

        Degrees of freedom are ordered (node, component).
        """
        return self.residuals_and_tangents(coordinates, np.zeros_like(coordinates))[1]

    def residuals_and_tangents(
        self, coordinates: FloatArray, displacements: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Element residuals (cell, dof) and tangents (cell, dof, dof) at displacements (cell, node, 2)."""
        count, nodes, _ = coordinates.shape
        residuals, tangents = np.empty((count, 2 * nodes)), np.empty((count, 2 * nodes, 2 * nodes))
        block = self.cells_per_block
        with jax.enable_x64(True):
            for start in range(0, count, block):
                part = slice(start, min(start + block, count))
                size = part.stop - part.start
                residual, tangent = self.evaluate(
                    _padded(coordinates[part], block), _padded(displacements[part], block)
                )
                residuals[part] = np.asarray(residual)[:size]
                tangents[part] = np.asarray(tangent)[:size]
        return residuals, tangents


def _padded(array: FloatArray, count: int) -> FloatArray:
    """Repeat the last entry until there are `count`."""
    return (
        array
        if len(array) == count
        else np.pad(array, ((0, count - len(array)), (0, 0), (0, 0)), mode="edge")
    )


@cache
def element_kernels(law: StressLaw, order: int, quadrature_degree: int) -> ElementKernels:
    """Kernels of the weak form ∫ σ(∇u) : ∇v dx on triangles of the given order.

    The quadrature degree is that of the polynomial integrated exactly: 0 for linear triangles, 2 (three
    points) for straight and 4 (six points) for curved quadratic ones. Equal arguments give the same, already
    compiled, kernels.
    """
    nodes = 3 * order
    with jax.enable_x64(True):
        problem = make_problem(law, _REFERENCE_NODES[:nodes], np.arange(nodes)[None, :], quadrature_degree)
    element = problem.fes[0]
    gradients, values, weights = element.shape_grads_ref, element.shape_vals, element.quad_weights

    def evaluate(x: jax.Array, u: jax.Array) -> tuple[jax.Array, jax.Array]:
        jacobian = jnp.einsum("cni,qnj->cqij", x, gradients)  # dx/dξ (cell, quadrature, 2, 2)
        determinant = jacobian[..., 0, 0] * jacobian[..., 1, 1] - jacobian[..., 0, 1] * jacobian[..., 1, 0]
        adjugate = jnp.stack(
            [
                jnp.stack([jacobian[..., 1, 1], -jacobian[..., 0, 1]], axis=-1),
                jnp.stack([-jacobian[..., 1, 0], jacobian[..., 0, 0]], axis=-1),
            ],
            axis=-2,
        )
        inverse = adjugate / determinant[..., None, None]  # dξ/dx
        shape_gradients = jnp.einsum("qnj,cqji->cqni", gradients, inverse)  # (cell, quadrature, node, 2)
        volume = determinant * weights  # (cell, quadrature)
        return problem.kernel_jac(
            u.reshape(u.shape[0], -1),
            jnp.einsum("qn,cni->cqi", values, x),
            shape_gradients,
            volume[:, None, :],
            shape_gradients[:, :, :, None, :] * volume[:, :, None, None, None],
        )

    block = _CELLS_PER_BLOCK.get(jax.default_backend(), _CELLS_PER_BLOCK_ELSEWHERE)
    return ElementKernels(jax.jit(evaluate), block)
