# SPDX-License-Identifier: GPL-3.0-or-later
"""Apparent permeability of a two-phase image by finite-element homogenisation.

Aldakheel et al. 2023, section 2: div B = 0, B = μ H, H = H̄ + grad of a fluctuation, one bilinear (trilinear)
element per pixel (voxel); the columns of μ* are the mean inductions of unit mean fields H̄ (section 2.3).
Here its components come from the energy, μ*_ij = (1/V) ∫ μ H_i · H_j dV, whose error is the square of the
field's and which is symmetric by construction. Images are (y, x) or (z, y, x); components are ordered x,
y[, z].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.cell.boundary import Boundary
from mesobayes.fem.cell.preconditioner import HomogeneousInverse, apply_inverse, make_inverse
from mesobayes.fem.cell.refined_cg import solve_refined
from mesobayes.fem.cell.stencil import Stencil, apply_stencil, gradient_load, make_stencil
from mesobayes.fem.errors import SolveError

FloatArray = NDArray[np.float64]
INNER_PRECISION = {2: np.float64, 3: np.float32}  # of the conjugate gradients, by dimension: see refined_cg


@dataclass(frozen=True)
class Homogenised:
    """Result of one image.

    Attributes:
        permeability: (l, l) symmetric, of the l loads that were asked for.
        residual: (l,) relative residual of every load.
        iterations: (l,) iterations of every load.
    """

    permeability: FloatArray
    residual: FloatArray
    iterations: NDArray[np.int32]


def effective_permeability(
    image: np.ndarray, matrix: float = 1.0, inclusion: float = 250.0, tolerance: float = 1e-8
) -> FloatArray:
    """Apparent permeability tensor of a periodic two-phase image.

    Args:
        image: boolean (ny, nx) or (nz, ny, nx), True in the inclusions; row index = y, increasing.
        matrix, inclusion: relative permeabilities of the phases (Table 1).
        tolerance: relative residual of every finite-element solution.

    Returns:
        (d, d) float64, components ordered x, y[, z].

    Raises:
        ValueError: the image is not boolean of two or three axes, or a permeability is not positive and
            finite.
        SolveError: the tolerance was not reached.
    """
    return homogenise(image, matrix, inclusion, tolerance).permeability


def homogenise(
    image: np.ndarray,
    matrix: float = 1.0,
    inclusion: float = 250.0,
    tolerance: float = 1e-8,
    boundary: Boundary = "periodic",
    loads: tuple[int, ...] | None = None,
) -> Homogenised:
    """As `effective_permeability`, with a choice of boundary conditions and of loads.

    `loads` are the components of the mean field, 0 = x; by default all. Uniform Neumann conditions
    prescribe mean inductions and need them all: their tensor is the inverse of the compliance.
    """
    image = _checked(image, matrix, inclusion, tolerance)
    loads = tuple(range(image.ndim)) if loads is None else loads
    if not loads or any(not 0 <= load < image.ndim for load in loads):
        raise ValueError(f"loads are components of the mean field, 0 to {image.ndim - 1}; got {loads}")
    if boundary == "neumann" and len(loads) < image.ndim:
        raise ValueError(
            "uniform Neumann conditions need all loads: their tensor is the inverse of the compliance"
        )
    with jax.enable_x64(True):
        inverse = make_inverse(image.shape, boundary, INNER_PRECISION[image.ndim])
        fields = jnp.asarray(np.where(image, float(inclusion), float(matrix)))
        result = _solve_image(fields, inverse, jnp.asarray(tolerance), boundary, loads)
        tensor, residual, iterations = (np.asarray(part) for part in result)
    _require(residual, tolerance, iterations)
    return Homogenised(np.linalg.inv(tensor) if boundary == "neumann" else tensor, residual, iterations)


def homogenise_batch(
    images: np.ndarray,
    matrix: float = 1.0,
    inclusion: float = 250.0,
    tolerance: float = 1e-8,
    loads: tuple[int, ...] | None = None,
) -> list[Homogenised]:
    """Periodic permeabilities of images (n, …), all at once where there is an accelerator.

    On a CPU one image after the other is faster. A batch iterates until its slowest image is done: order
    images by volume fraction before cutting them into batches.
    """
    if jax.default_backend() == "cpu":
        return [homogenise(image, matrix, inclusion, tolerance, loads=loads) for image in images]
    images = np.stack([_checked(image, matrix, inclusion, tolerance) for image in images])
    loads = tuple(range(images.ndim - 1)) if loads is None else loads
    with jax.enable_x64(True):
        inverse = make_inverse(images.shape[1:], "periodic", INNER_PRECISION[images.ndim - 1])
        fields = jnp.asarray(np.where(images, float(inclusion), float(matrix)))
        result = _solve_batch(fields, inverse, jnp.asarray(tolerance), "periodic", loads)
        tensors, residuals, iterations = (np.asarray(part) for part in result)
    _require(residuals, tolerance, iterations)
    return [Homogenised(*parts) for parts in zip(tensors, residuals, iterations, strict=True)]


def _solve(
    permeability: jax.Array,
    inverse: HomogeneousInverse,
    tolerance: jax.Array,
    boundary: Boundary,
    loads: tuple[int, ...],
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Tensor (for Neumann its inverse) (l, l), residuals (l,) and iterations (l,)."""
    d, shape = permeability.ndim, permeability.shape
    free: jax.Array | float = 1.0
    nodal = permeability
    if boundary != "periodic":  # one more node than elements along each axis: a layer of k = 0 opens the grid
        nodal = jnp.pad(permeability, [(0, 1)] * d)
    if boundary == "dirichlet":
        free = jnp.pad(jnp.ones([n - 1 for n in shape]), [(1, 1)] * d)
    stencil = make_stencil(nodal)
    inner = INNER_PRECISION[d]
    inner_stencil = jax.tree.map(lambda array: array.astype(inner), stencil)
    source = jnp.where(nodal > 0, 1.0, 0.0) if boundary == "neumann" else -nodal
    right = jnp.stack([free * gradient_load(source, d - 1 - load) for load in loads])  # (l, …)

    def apply(coefficients: Stencil, u: jax.Array) -> jax.Array:
        return jnp.asarray(free, u.dtype) * apply_stencil(coefficients, u)

    solution = jax.lax.map(
        lambda load: solve_refined(
            partial(apply, stencil),
            partial(apply, inner_stencil),
            partial(apply_inverse, inverse),
            load,
            tolerance,
            inner,
        ),
        right,
    )
    u = solution.u.reshape(len(loads), -1)
    work = u @ right.reshape(len(loads), -1).T
    energy = u @ jax.lax.map(partial(apply, stencil), solution.u).reshape(len(loads), -1).T
    volume = np.prod(shape)
    first = permeability.reshape(-1)[0]
    mean = first + jnp.mean(permeability - first)  # exact for a homogeneous image
    tensor = (work + work.T - energy) / volume if boundary == "neumann" else (energy - work - work.T) / volume
    if boundary != "neumann":
        tensor = tensor + mean * jnp.eye(len(loads))
    return 0.5 * (tensor + tensor.T), solution.residual, solution.iterations


_solve_image = jax.jit(_solve, static_argnames=("boundary", "loads"))


@partial(jax.jit, static_argnames=("boundary", "loads"))
def _solve_batch(permeability, inverse, tolerance, boundary, loads):
    return jax.vmap(lambda field: _solve(field, inverse, tolerance, boundary, loads))(permeability)


def _checked(image: np.ndarray, matrix: float, inclusion: float, tolerance: float) -> np.ndarray:
    image = np.asarray(image)
    if image.dtype != bool:
        raise ValueError(
            f"the image must be boolean, not {image.dtype}: threshold it first, e.g. image > 0.5"
        )
    if image.ndim not in (2, 3) or min(image.shape) < 2:
        raise ValueError(
            f"the image needs two or three axes of at least two pixels, not the shape {image.shape}"
        )
    for name, value in (("matrix", matrix), ("inclusion", inclusion), ("tolerance", tolerance)):
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be positive and finite, got {value}")
    return image


def _require(residual: np.ndarray, tolerance: float, iterations: np.ndarray) -> None:
    worst = float(np.max(residual))
    if not worst <= tolerance:
        raise SolveError(
            f"the relative residual stayed at {worst:.1e} after {int(np.max(iterations))} iterations, "
            f"above the tolerance {tolerance:.1e}: raise the tolerance, or lower the contrast of the phases"
        )
