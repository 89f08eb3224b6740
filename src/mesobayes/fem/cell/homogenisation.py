# SPDX-License-Identifier: GPL-3.0-or-later
"""Apparent permeability of a two-phase image by finite-element homogenisation.

Aldakheel et al. 2023, section 2: div B = 0, B = μ H, H = H̄ + grad of a fluctuation, one bilinear (trilinear)
element per pixel (voxel); the columns of μ* are the mean inductions of unit mean fields H̄ (section 2.3).
Here its components come from the energy, μ*_ij = (1/V) ∫ μ H_i · H_j dV, whose error is the square of the
field's and which is symmetric by construction. Images are (y, x) or (z, y, x); components are ordered x,
y[, z].

The error of the answer is bounded, not only the residual r = b - A u: A ≥ k_min A₀ with A₀ the operator of
the homogeneous image, whose inverse is at hand, so that

    0 ≤ μ*_ii(u) - μ*_ii ≤ rᵀ A⁻¹ r / V ≤ rᵀ A₀⁻¹ r / (k_min V),

and to this comes the rounding of the sums that μ* is the difference of. Where it exceeds the tolerance the
solution is continued to a smaller residual, and beyond double precision refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from numbers import Real
from typing import Any, NamedTuple, get_args

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
_RELATIVE_ERROR = 1e-6  # of the answer, where the tolerance is smaller
_TOLERANCE_MAX = 0.1  # a residual of 1 is that of no solution at all
_ROUNDING = 4.0 * float(np.finfo(np.float64).eps)
INNER_PRECISION = {2: np.float64, 3: np.float32}  # of the conjugate gradients, by dimension: see refined_cg


@dataclass(frozen=True)
class Homogenised:
    """Result of one image.

    Attributes:
        permeability: (l, l) symmetric, of the l loads that were asked for.
        residual: (l,) relative residual of every load.
        iterations: (l,) iterations of every load.
        error: bound of the relative error of the permeability as the answer of the discrete problem.
    """

    permeability: FloatArray
    residual: FloatArray
    iterations: NDArray[np.int32]
    error: float


def effective_permeability(
    image: np.ndarray, matrix: float = 1.0, inclusion: float = 250.0, tolerance: float = 1e-8
) -> FloatArray:
    """Apparent permeability tensor of a periodic two-phase image.

    Args:
        image: boolean (ny, nx) or (nz, ny, nx), True in the inclusions; row index = y, increasing.
        matrix, inclusion: relative permeabilities of the phases (Table 1).
        tolerance: relative residual of every finite-element solution, and relative error of the answer.

    Returns:
        (d, d) float64, components ordered x, y[, z].

    Raises:
        ValueError: the image is not boolean of two or three axes, a permeability is not positive and finite,
            or the tolerance not between 0 and 0.1.
        SolveError: the tolerance was not reached, or the contrast is beyond double precision.

    Along layers the mean is arithmetic, across them harmonic:

    >>> layers = np.zeros((8, 8), bool)
    >>> layers[:2] = True
    >>> effective_permeability(layers).round(6).tolist()
    [[63.25, 0.0], [0.0, 1.331558]]
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
    loads = _checked_loads(loads, image.ndim)
    if boundary not in get_args(Boundary):
        raise ValueError(f"boundary {boundary!r} is unknown: choose one of {', '.join(get_args(Boundary))}")
    if boundary == "neumann" and len(loads) < image.ndim:
        raise ValueError(
            "uniform Neumann conditions need all loads: their tensor is the inverse of the compliance"
        )
    with jax.enable_x64(True):
        inverse = make_inverse(image.shape, boundary, INNER_PRECISION[image.ndim])
        fields = jnp.asarray(np.where(image, float(inclusion), float(matrix)))
        raw = _within(lambda goal: _solve_image(fields, inverse, goal, boundary, loads), tolerance)
    tensor = np.linalg.inv(raw.tensor) if boundary == "neumann" else raw.tensor
    return Homogenised(tensor, raw.residual, raw.iterations, float(raw.relative_error()))


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
    loads = _checked_loads(loads, images.ndim - 1)
    with jax.enable_x64(True):
        inverse = make_inverse(images.shape[1:], "periodic", INNER_PRECISION[images.ndim - 1])
        fields = jnp.asarray(np.where(images, float(inclusion), float(matrix)))
        raw = _within(lambda goal: _solve_batch(fields, inverse, goal, "periodic", loads), tolerance)
    parts = zip(raw.tensor, raw.residual, raw.iterations, raw.relative_error().tolist(), strict=True)
    return [Homogenised(*each) for each in parts]


class _Raw(NamedTuple):
    """What a solution yields, behind any axes of a batch.

    tensor (l, l), for Neumann its inverse; residual, iterations (l,); bound (l,) of the error of the diagonal
    by the residual; rounding (l,) of the sums that it is the difference of.
    """

    tensor: Any
    residual: Any
    iterations: Any
    bound: Any
    rounding: Any

    def relative_error(self) -> FloatArray:
        """Bound of the error of each image, over the smallest eigenvalue of its tensor."""
        return self._relative(self.bound + self.rounding)

    def _relative(self, error: FloatArray) -> FloatArray:
        smallest = np.linalg.eigvalsh(self.tensor)[..., 0]
        worst = error.max(axis=-1)
        return np.where(smallest > worst, worst / np.where(smallest > worst, smallest, 1.0), np.inf)

    def rounding_error(self) -> FloatArray:
        """The part of it that no further iteration lowers."""
        return self._relative(self.rounding)


def _within(solve: Callable[[jax.Array], _Raw], tolerance: float) -> _Raw:
    """Solve until residual and answer are within the tolerance; raise SolveError if that cannot be."""
    wanted, goal = tolerance, max(tolerance, _RELATIVE_ERROR)
    while True:
        raw = _Raw(*(np.asarray(part) for part in solve(jnp.asarray(wanted))))
        residual, error = float(np.max(raw.residual)), float(np.max(raw.relative_error()))
        if not residual <= tolerance:
            raise SolveError(
                f"the relative residual stayed at {residual:.1e} after {int(np.max(raw.iterations))} "
                f"iterations, above the tolerance {tolerance:.1e}: raise the tolerance, or lower the "
                "contrast of the phases"
            )
        if error <= goal:
            return raw
        if residual > wanted or np.max(raw.rounding_error()) > 0.5 * goal:
            known = f"to a relative error of {error:.1e} only" if np.isfinite(error) else "in no digit"
            raise SolveError(
                f"in double precision the answer is known {known}, and {goal:.1e} is needed: lower the "
                "contrast of the phases; beyond 1e6 the answer hardly changes"
            )
        wanted *= max(0.5 * (goal / error) ** 0.5, 1e-4)  # the bound falls with the square of the residual


def _solve(
    permeability: jax.Array,
    inverse: HomogeneousInverse,
    tolerance: jax.Array,
    boundary: Boundary,
    loads: tuple[int, ...],
) -> _Raw:
    """Solve one image for all loads."""
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
    applied = jax.lax.map(partial(apply, stencil), solution.u)
    energy = u @ applied.reshape(len(loads), -1).T
    volume = np.prod(shape)
    first = permeability.reshape(-1)[0]
    mean = first + jnp.mean(permeability - first)  # exact for a homogeneous image
    tensor = (work + work.T - energy) / volume if boundary == "neumann" else (energy - work - work.T) / volume
    if boundary != "neumann":
        tensor = tensor + mean * jnp.eye(len(loads))

    def squared(rest: jax.Array) -> jax.Array:
        """rᵀ A₀⁻¹ r"""
        return jnp.sum(rest * apply_inverse(inverse, rest.astype(inner)).astype(rest.dtype))

    left = jax.lax.map(squared, right - applied)
    size = jnp.abs(jnp.diagonal(energy)) + 2.0 * jnp.abs(jnp.diagonal(work))
    return _Raw(
        0.5 * (tensor + tensor.T),
        solution.residual,
        solution.iterations,
        jnp.maximum(left, 0.0) / (volume * jnp.min(permeability)),
        _ROUNDING * (size / volume + (0.0 if boundary == "neumann" else mean)),
    )


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
        if not isinstance(value, Real) or isinstance(value, bool):
            raise ValueError(f"{name} must be a number, not {value!r}")
        if not (np.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be positive and finite, got {value}")
    if tolerance > _TOLERANCE_MAX:
        raise ValueError(f"tolerance is a relative residual, at most {_TOLERANCE_MAX:g}; got {tolerance:g}")
    return image


def _checked_loads(loads: tuple[int, ...] | None, dimension: int) -> tuple[int, ...]:
    loads = tuple(range(dimension)) if loads is None else tuple(loads)
    if not loads or any(load not in range(dimension) for load in loads) or len(set(loads)) < len(loads):
        raise ValueError(
            f"loads are components of the mean field, 0 to {dimension - 1}, each once; got {loads}"
        )
    return tuple(int(load) for load in loads)
