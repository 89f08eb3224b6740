# SPDX-License-Identifier: GPL-3.0-or-later
"""Magnetic field and induction inside a periodic two-phase cell under a unit mean field."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.cell.preconditioner import apply_inverse, make_inverse
from mesobayes.fem.cell.refined_cg import solve_refined
from mesobayes.fem.cell.stencil import apply_stencil, gradient_load, make_stencil
from mesobayes.fem.errors import SolveError


def magnetic_field(
    image: NDArray[np.bool_],
    load: int = 0,
    matrix: float = 1.0,
    inclusion: float = 250.0,
    tolerance: float = 1e-8,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Field H and induction B = μ H at the centre of every pixel (Aldakheel et al. 2023, section 2).

    Args:
        image: (ny, nx) or (nz, ny, nx), True in the inclusions.
        load: component of the unit mean field, 0 = x.

    Returns:
        H and B (d, …), components ordered x, y[, z]; the mean of H is the unit field, that of B the column of
        the apparent permeability.

    Raises:
        SolveError: the tolerance was not reached.
    """
    d = image.ndim
    with jax.enable_x64(True):
        permeability = jnp.asarray(np.where(image, float(inclusion), float(matrix)))
        stencil = make_stencil(permeability)
        apply = partial(apply_stencil, stencil)
        inverse = partial(apply_inverse, make_inverse(image.shape, "periodic"))
        right = gradient_load(-permeability, d - 1 - load)
        solution = jax.jit(lambda b: solve_refined(apply, apply, inverse, b, tolerance))(right)
        if not float(solution.residual) <= tolerance:
            raise SolveError(f"the relative residual stayed at {float(solution.residual):.1e}")
        gradient = jnp.stack([_gradient(solution.u, axis) for axis in reversed(range(d))])
        field = gradient.at[load].add(1.0)
        return np.asarray(field), np.asarray(permeability * field)


def _gradient(u: jax.Array, axis: int) -> jax.Array:
    """Derivative along an axis at the centre of every element."""
    derivative = jnp.roll(u, -1, axis) - u
    for other in range(u.ndim):
        if other != axis:
            derivative = 0.5 * (derivative + jnp.roll(derivative, -1, other))
    return derivative
