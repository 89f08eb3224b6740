# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounds of the apparent permeability from the first iterations of the solver.

The energy of any admissible field is no less than that of the solution. After k steps of the conjugate
gradients of `refined_cg` the field is the best one in a space of k dimensions, and its energy costs nothing:

    μ_k = mean of μ - (1/V) Σ_{j<k} γ_j r_j·z_j,    γ_j the length of step j, z_j = A₀⁻¹ r_j

(Hestenes and Stiefel 1952, theorem 6.1). The eigenvalues of A₀⁻¹ A lie between the permeabilities of the
phases. A rule of Gauss and Radau with a node b at the larger one adds γ*_k r_k·z_k for the steps that were
not taken and stays an upper bound; with a node at the smaller one it is a lower bound (Meurant and Tichý
2013, algorithm 2):

    γ*_0 = 1/b,    γ*_{k+1} = (γ*_k - γ_k) / (b (γ*_k - γ_k) + δ_{k+1}),    δ_k = r_k·z_k / r_{k-1}·z_{k-1}.

The harmonic mean of the pixels is a lower bound without any step (Wiener 1912).

Volumes are solved in single precision: their bounds hold up to 1e-4, which is what rounding leaves of a sum
that cancels most of the mean.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from mesobayes.fem.cell.homogenisation import INNER_PRECISION
from mesobayes.fem.cell.preconditioner import HomogeneousInverse, apply_inverse, make_inverse
from mesobayes.fem.cell.stencil import apply_stencil, gradient_load, make_stencil


class StoppedBounds(NamedTuple):
    """Bounds of the diagonal after 1, 2, ... steps, each (l, steps), of l loads from x on.

    Attributes:
        energy: upper bound, of the field so far.
        radau: upper bound, with what the steps that were not taken will gain at least.
        lower: lower bound, with what they can gain at most; no less than the harmonic mean.
    """

    energy: NDArray[np.float64]
    radau: NDArray[np.float64]
    lower: NDArray[np.float64]


def stopped_bounds(
    image: NDArray[np.bool_],
    steps: int,
    matrix: float = 1.0,
    inclusion: float = 250.0,
    loads: int | None = None,
) -> StoppedBounds:
    """Bounds for a periodic image (ny, nx) or (nz, ny, nx) after each of so many steps.

    The steps are those of `homogenise`, in the precision that it takes them. Once they have converged the
    bounds stay as they are.

    Of layers, two steps say all:

    >>> layers = np.zeros((8, 8), bool)
    >>> layers[:2] = True
    >>> bounds = stopped_bounds(layers, 2)
    >>> bounds.radau[:, -1].round(6).tolist(), bounds.lower[:, -1].round(6).tolist()
    ([63.25, 1.331558], [63.25, 1.331558])
    """
    loads = image.ndim if loads is None else loads
    with jax.enable_x64(True):
        inverse = make_inverse(image.shape, "periodic", INNER_PRECISION[image.ndim])
        fields = jnp.asarray(np.where(image, float(inclusion), float(matrix)))
        nodes = jnp.asarray([max(matrix, inclusion), min(matrix, inclusion)], float)
        return StoppedBounds(*map(np.asarray, _bounds(fields, inverse, nodes, steps, loads)))


@partial(jax.jit, static_argnames=("steps", "loads"))
def _bounds(
    permeability: jax.Array, inverse: HomogeneousInverse, nodes: jax.Array, steps: int, loads: int
) -> tuple[jax.Array, jax.Array, jax.Array]:
    d, inner = permeability.ndim, INNER_PRECISION[permeability.ndim]
    stencil = jax.tree.map(lambda array: array.astype(inner), make_stencil(permeability))
    right = jnp.stack([gradient_load(-permeability, d - 1 - load) for load in range(loads)])
    gains, ahead = lax.map(
        lambda load: _gains(stencil, partial(apply_inverse, inverse), load.astype(inner), nodes, steps),
        right,
    )
    mean, volume = jnp.mean(permeability), permeability.size
    energy = mean - jnp.cumsum(gains, axis=1) / volume
    radau, lower = jnp.moveaxis(energy[..., None] - ahead / volume, -1, 0)
    return energy, radau, jnp.maximum(lower, 1.0 / jnp.mean(1.0 / permeability))


def _gains(stencil, preconditioner, load, nodes, steps):
    """γ_j r_j·z_j (steps,) of every step, and γ*_k r_k·z_k (steps, node) after it, float64."""
    dot = partial(jnp.vdot, precision=lax.Precision.HIGHEST)
    done = 1e-13 * dot(load, preconditioner(load))  # of r·z: nothing left to gain

    def step(state, _):
        r, z, p, rz, ahead = state
        ap = apply_stencil(stencil, p)
        going = rz > done
        gamma = jnp.where(going, rz / jnp.where(going, dot(p, ap), 1.0), 0.0)
        r = r - gamma * ap
        z = preconditioner(r)
        rz_next = jnp.where(going, dot(r, z), 0.0)
        delta = jnp.where(going, rz_next / jnp.where(going, rz, 1.0), 1.0)
        behind = ahead - gamma
        ahead = jnp.where(going, behind / (nodes * behind + delta), 0.0)
        state = (r, z, z + delta.astype(r.dtype) * p, rz_next, ahead)
        return state, ((gamma * rz).astype(jnp.float64), (ahead * rz_next).astype(jnp.float64))

    z = preconditioner(load)
    nodes = nodes.astype(load.dtype)
    start = (load, z, z, dot(load, z), 1.0 / nodes)
    return lax.scan(step, start, None, length=steps)[1]
