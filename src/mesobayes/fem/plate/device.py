# SPDX-License-Identifier: GPL-3.0-or-later
"""Plates solved on the device of JAX, several meshes of different size at once.

Unknown is the fluctuation v = u - E·X, which vanishes on the outer edge: K v = -K (E·X) on the free nodes,
for the three unit strains side by side. What a batch computes stays on the device from the element
stiffnesses to the displacements.

Estimate of the floor, not a measurement: in every iteration a quadratic cell moves 1,152 bytes of stiffness
and twice 288 of displacements and forces, a node about 700 of vectors and blocks, and the coarse inverse is
8 MiB. These are 45 MB on a mesh of 12,000 cells and 25,000 nodes: 15 µs at 3 TB/s, 1.4 ms for 90 iterations.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.errors import SolveError
from mesobayes.fem.jaxfem import element_kernels
from mesobayes.fem.plate.assembly import CURVED_DEGREE
from mesobayes.fem.plate.coarse import coarse_spaces
from mesobayes.fem.plate.conjugate_gradients import (
    Kernel,
    PaddedMesh,
    apply_stiffness,
    conjugate_gradients,
    dot,
    element_matrices,
    make_preconditioner,
    precondition,
    ratio,
)
from mesobayes.fem.plate.elasticity import UNIT_PLANE_STRAIN, UNIT_STRAINS, PlaneStrain
from mesobayes.fem.plate.meshing import Mesh

FloatArray = NDArray[np.float64]


class DeviceSolution(NamedTuple):
    """Displacements of one mesh.

    displacement (node, component, load); residual (load,): ‖f - K v‖ / ‖f‖ with f = -K (E·X), computed
    afresh; iterations: of all loads.
    """

    displacement: FloatArray
    residual: FloatArray
    iterations: int

    def checked(self, tolerance: float) -> FloatArray:
        """The displacement. Raises SolveError if a residual exceeds the tolerance."""
        if not np.max(self.residual) <= tolerance:
            raise SolveError(
                f"conjugate gradients left a relative residual of {np.max(self.residual):.1e} after "
                f"{self.iterations} iterations on {self.displacement[..., 0].size} unknowns, above "
                f"{tolerance:.0e}: the mesh is distorted, a part of it is held nowhere, or "
                "iterations_max is too small."
            )
        return self.displacement


def solve_on_device(
    meshes: Sequence[Mesh],
    material: PlaneStrain = UNIT_PLANE_STRAIN,
    tolerance: float = 1e-8,
    iterations_max: int = 1000,
) -> list[DeviceSolution]:
    """Displacements of the three unit strains on meshes of one order, all at once.

    Meshes are padded to common sizes, of which there are four to every power of two: batches of as many
    meshes with the same sizes share one compiled program.
    """
    with jax.enable_x64(True):
        padded, coarse_points = pad_meshes(meshes)
        kernels = [element_kernels(material, 1, 0).evaluate]
        if meshes[0].order == 2:
            kernels.append(element_kernels(material, 2, CURVED_DEGREE).evaluate)
        found = _solve_batch(padded, tolerance, tuple(kernels), coarse_points, iterations_max)
        u, residual, iterations = (np.asarray(array) for array in found)
    return [
        DeviceSolution(u[k, : len(mesh.points)], residual[k], int(iterations[k]))
        for k, mesh in enumerate(meshes)
    ]


def pad_meshes(meshes: Sequence[Mesh]) -> tuple[PaddedMesh, int]:
    """Meshes with a leading axis, and the number of coarse points; inside `jax.enable_x64(True)`."""
    spaces = [coarse_spaces(mesh) for mesh in meshes]
    nodes = bucket([len(mesh.points) for mesh in meshes])
    cells = bucket([len(mesh.cells) for mesh in meshes])
    vertices = bucket([len(space.weights) for space in spaces])
    curved = bucket([1, *(int(np.count_nonzero(mesh.curved)) for mesh in meshes)])
    padded = []
    for mesh, space in zip(meshes, spaces, strict=True):
        free = np.ones(len(mesh.points))
        free[mesh.outer] = 0.0
        arrays = {
            "points": _filled(mesh.points, nodes),
            "free": _filled(free, nodes),
            "cells": _repeated(mesh.cells, cells),
            "solid": _filled(np.ones(len(mesh.cells)), cells),
            "curved": _repeated(np.flatnonzero(mesh.curved), curved),
            "parents": _repeated(space.parents, nodes),
            "corners": _repeated(space.corners, vertices),
            "weights": _filled(space.weights, vertices),
        }
        padded.append(arrays)
    stacked = {name: jnp.asarray(np.stack([arrays[name] for arrays in padded])) for name in padded[0]}
    return PaddedMesh(**stacked), max(space.points for space in spaces)


def bucket(sizes: Sequence[int]) -> int:
    """A size for all: the next of four to a power of two, so that few programs are compiled."""
    step = 2 ** max(max(sizes).bit_length() - 3, 0)
    return -(-max(sizes) // step) * step


def _repeated(indices: np.ndarray, size: int) -> np.ndarray:
    """Indices from the first on again up to a size: what is padded adds its zeros all over the mesh."""
    return np.resize(indices, (size, *indices.shape[1:])).astype(np.int32)


def _filled(array: np.ndarray, size: int) -> np.ndarray:
    """Zeros behind the first axis up to a size."""
    return np.pad(array, [(0, size - len(array))] + [(0, 0)] * (array.ndim - 1))


@partial(jax.jit, static_argnames=("kernels", "coarse_points"))
def _solve_batch(
    meshes: PaddedMesh, tolerance: float, kernels: tuple[Kernel, ...], coarse_points: int, iterations_max: int
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Displacements (mesh, node, component, load), residuals (mesh, load) and iterations (mesh,)."""

    stiffness = jax.vmap(partial(element_matrices, kernels=kernels))(meshes)
    inverse = jax.vmap(partial(make_preconditioner, coarse_points=coarse_points))(meshes, stiffness)
    product = partial(jax.vmap(apply_stiffness), meshes, stiffness)
    affine = jnp.einsum("lij,mnj->mnil", UNIT_STRAINS, meshes.points)
    load = -product(affine)
    preconditioned = partial(jax.vmap(precondition), meshes, inverse)
    v, iterations = conjugate_gradients(product, preconditioned, load, tolerance, iterations_max)
    rest = load - product(v)
    residual = jnp.sqrt(ratio(dot(rest, rest), dot(load, load)))[:, 0, 0]
    return affine + v, residual, iterations
