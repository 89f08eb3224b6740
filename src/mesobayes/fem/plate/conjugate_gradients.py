# SPDX-License-Identifier: GPL-3.0-or-later
"""Preconditioned conjugate gradients on the device of JAX for the stiffness of meshes, without its matrix.

Element stiffnesses K_c come from JAX-FEM's kernels; the stiffness is applied cell by cell, K v = Σ_c G_cᵀ K_c
G_c v, to several loads at once. The preconditioner adds the inverses in three nested spaces,

    M⁻¹ = D⁻¹ + P (D₁⁻¹ + T (Tᵀ K₁ T)⁻¹ Tᵀ) Pᵀ,

with the 2 × 2 blocks D of the nodes and D₁ of the vertices, the stiffness K₁ = Pᵀ K P of the linear triangles
P, and the coarse points T of `coarse.py`, whose stiffness is inverted once. All functions belong inside
`jax.enable_x64(True)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.linalg import cho_solve

from mesobayes.fem.plate.assembly import raise_order
from mesobayes.fem.plate.triangles import NODES, shape_values

Kernel = Callable[[jax.Array, jax.Array], tuple[jax.Array, jax.Array]]  # x, u -> residuals, tangents
LinearMap = Callable[[jax.Array], jax.Array]
_MARGIN = (
    0.9  # of the tolerance: the true residual is a little larger than the one that the iteration carries
)
_SHIFT = 1e-10  # of the mean pivot on the coarse stiffness, whose unused points have none


class PaddedMesh(NamedTuple):
    """Arrays of one mesh, or behind a leading axis of several, filled up to one size.

    points (node, 2); free (node,): 1 where the displacement is unknown, 0 on the outer edge and where padded;
    cells (cell, n); solid (cell,): 0 where padded; curved: indices of curved cells; parents (node, 2),
    corners and weights (vertex, 3) as in `CoarseSpaces`. Padded indices repeat others, padded values are 0.
    """

    points: jax.Array
    free: jax.Array
    cells: jax.Array
    solid: jax.Array
    curved: jax.Array
    parents: jax.Array
    corners: jax.Array
    weights: jax.Array


def element_matrices(mesh: PaddedMesh, kernels: tuple[Kernel, ...]) -> jax.Array:
    """Element stiffnesses (cell, dof, dof) as in `assembly.element_stiffness`, zero of padded cells."""
    x = mesh.points[mesh.cells]
    stiffness = kernels[0](x[:, :3], jnp.zeros_like(x[:, :3]))[1]
    if len(kernels) == 2:
        x = x[mesh.curved]
        curved = kernels[1](x, jnp.zeros_like(x))[1]
        stiffness = raise_order(stiffness).at[mesh.curved].set(curved)
    return stiffness * mesh.solid[:, None, None]


def apply_stiffness(mesh: PaddedMesh, stiffness: jax.Array, u: jax.Array) -> jax.Array:
    """Forces (node, component, load) of displacements, zero at held nodes."""
    of_cells = u[mesh.cells]  # (cell, n, component, load)
    forces = jnp.einsum("cij,cjl->cil", stiffness, of_cells.reshape(*stiffness.shape[:2], -1))
    forces = jnp.zeros_like(u).at[mesh.cells].add(forces.reshape(of_cells.shape))
    return mesh.free[:, None, None] * forces


class Preconditioner(NamedTuple):
    """Inverses of the 2 × 2 blocks of nodes (node, 2, 2) and vertices (vertex, 2, 2), and of the stiffness
    of the coarse points (2 point, 2 point)."""

    nodes: jax.Array
    vertices: jax.Array
    points: jax.Array


def make_preconditioner(mesh: PaddedMesh, stiffness: jax.Array, coarse_points: int) -> Preconditioner:
    """Preconditioner from the element stiffnesses (cell, dof, dof)."""
    vertices, n = len(mesh.weights), mesh.cells.shape[1]
    triangles = mesh.cells[:, :3]
    blocks = stiffness.reshape(-1, n, 2, n, 2)
    continued = shape_values(1, NODES[:n])  # (n, 3): a linear field at the nodes of a cell
    linear = jnp.einsum("pa,cpiqj,qb->caibj", continued, blocks, continued)  # K₁

    weights, corners = mesh.weights[triangles], mesh.corners[triangles].reshape(-1, 9)  # (c, 3, 3), (c, 9)
    entries = jnp.einsum("cak,caibj,cbm->cakbmij", weights, linear, weights).reshape(-1, 9, 9, 2, 2)
    coarse = jnp.zeros((coarse_points, coarse_points, 2, 2))
    coarse = coarse.at[corners[:, :, None], corners[:, None, :]].add(entries)
    coarse = coarse.transpose(0, 2, 1, 3).reshape(2 * coarse_points, -1)
    identity = jnp.eye(len(coarse))
    shift = _SHIFT * jnp.trace(coarse) / len(coarse)
    return Preconditioner(
        _inverse_blocks(mesh.cells, blocks, mesh.free),
        _inverse_blocks(triangles, linear, mesh.free[:vertices]),
        cho_solve((jnp.linalg.cholesky(coarse + shift * identity), True), identity),
    )


def precondition(mesh: PaddedMesh, inverse: Preconditioner, r: jax.Array) -> jax.Array:
    """M⁻¹ r (node, component, load): symmetric, and positive definite on the free nodes."""
    halves = jnp.broadcast_to(0.5 * r[:, None], (len(r), 2, *r.shape[1:]))
    on_vertices = jnp.zeros((len(mesh.weights), *r.shape[1:])).at[mesh.parents].add(halves)  # Pᵀ r
    shared = mesh.weights[:, :, None, None] * on_vertices[:, None]
    on_points = jnp.zeros((len(inverse.points) // 2, *r.shape[1:])).at[mesh.corners].add(shared)
    from_points = (inverse.points @ on_points.reshape(len(inverse.points), -1)).reshape(on_points.shape)
    z = jnp.einsum("vij,vjl->vil", inverse.vertices, on_vertices)
    z = z + jnp.einsum("vk,vkil->vil", mesh.weights, from_points[mesh.corners])
    continued = 0.5 * jnp.sum(z[mesh.parents], axis=1)
    return jnp.einsum("nij,njl->nil", inverse.nodes, r) + mesh.free[:, None, None] * continued


def conjugate_gradients(
    product: LinearMap, preconditioned: LinearMap, load: jax.Array, tolerance: float, iterations_max: int
) -> tuple[jax.Array, jax.Array]:
    """Solutions (mesh, node, component, load) of all loads of several meshes, and iterations (mesh,).

    A load whose residual has fallen to `tolerance` times its norm stays as it is while others go on.
    """
    goal = (_MARGIN * tolerance) ** 2 * dot(load, load)

    def step(state):
        v, r, p, rz, unfinished, count = state
        kp = product(p)
        length = jnp.where(unfinished, ratio(rz, dot(p, kp)), 0.0)
        v, r = v + length * p, r - length * kp
        z = preconditioned(r)
        rz_new = dot(r, z)
        left = dot(r, r) > goal
        return v, r, z + ratio(rz_new, rz) * p, rz_new, left, count + jnp.any(unfinished, axis=-1).ravel()

    def some_left(state):
        *_, unfinished, count = state
        return jnp.any(unfinished) & (jnp.max(count) < iterations_max)

    z = preconditioned(load)
    count = jnp.zeros(len(load), jnp.int32)
    start = (jnp.zeros_like(load), load, z, dot(load, z), dot(load, load) > goal, count)
    v, *_, count = lax.while_loop(some_left, step, start)
    return v, count


def _inverse_blocks(cells: jax.Array, blocks: jax.Array, free: jax.Array) -> jax.Array:
    """Inverses (node, 2, 2) of the diagonal blocks of (cell, n, 2, n, 2) stiffnesses, zero where not free."""
    n = np.arange(cells.shape[1])
    diagonal = jnp.zeros((len(free), 2, 2)).at[cells].add(blocks[:, n, :, n].swapaxes(0, 1))
    (a, b), (c, d) = diagonal.transpose(1, 2, 0)
    adjugate = jnp.stack([d, -b, -c, a], axis=-1).reshape(-1, 2, 2)
    return ratio(free, a * d - b * c)[:, None, None] * adjugate


def dot(a: jax.Array, b: jax.Array) -> jax.Array:
    """Products (mesh, 1, 1, load) of nodal fields (mesh, node, component, load)."""
    return jnp.sum(a * b, axis=(1, 2), keepdims=True)


def ratio(a: jax.Array, b: jax.Array) -> jax.Array:
    """a/b, 0 where b is 0: nothing is left to correct."""
    return jnp.where(b > 0.0, a / jnp.where(b > 0.0, b, 1.0), 0.0)
