# SPDX-License-Identifier: GPL-3.0-or-later
"""Equilibrium of a strip whose right end is displaced by u_y = -d: load steps, each by Newton's method.

A load step starts from the polynomial through the last states. Its first tangent is factorised; later ones
are solved by conjugate gradients with that factor, forty times cheaper than a new one and as accurate as
Newton's method needs. A tangent that is not positive definite means that the path has lost its stability:
the Saint Venant-Kirchhoff material does so where it is compressed too far. Then steps are halved, and below
the smallest one the structure is given up at the displacement it has reached.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.sparse.linalg import LinearOperator, cg

from mesobayes.fem.errors import SolveError
from mesobayes.fem.solvers import Solve, factorise_spd, symmetric_product
from mesobayes.fem.strip.assembly import Assembly, Linearised
from mesobayes.fem.strip.settings import DEFAULT_STRIP_SOLVER, StripSolverSettings

FloatArray = NDArray[np.float64]

_CG_ITERATIONS = 15  # then a new factor is cheaper
_PATH_TOLERANCE = 1e-4  # of the states on the way
_GROWTH, _EASY = 1.5, 3  # a step that needed so few corrections lets the next one grow
_REACH = 1.3  # the last step may be longer than allowed by this factor


@dataclass(frozen=True)
class Equilibrium:
    """State of a strip; displacements (node, 2) in units of its height.

    displacement: at the end displacement `reached`, the last one in equilibrium; linear: of the linear
    problem at the end displacement asked for; reason: why the path ended before it, empty if it did not.
    """

    displacement: FloatArray
    reached: float
    linear: FloatArray
    reason: str
    steps: int


@dataclass(frozen=True)
class Corrected:
    """State after Newton's method, and the relative residuals before each correction."""

    displacement: FloatArray
    residuals: tuple[float, ...]


def find_equilibrium(
    assembly: Assembly, target: float, settings: StripSolverSettings = DEFAULT_STRIP_SOLVER
) -> Equilibrium:
    """Follow the path of equilibria from rest to the end displacement `target`.

    Raises SolveError if the linear problem itself cannot be solved.
    """
    rest = np.zeros_like(assembly.mesh.points)
    unit = solve_linear(assembly)
    states = [(0.0, rest)]
    step, steps, reason = settings.step, 0, ""
    while states[-1][0] < target:
        reached = states[-1][0]
        goal = target if target - reached <= _REACH * step else reached + step
        guess = goal * unit if len(states) == 1 else _extrapolated(states[-3:], goal)
        tolerance = settings.tolerance if goal == target else max(settings.tolerance, _PATH_TOLERANCE)
        try:
            corrected = correct(assembly, guess, tolerance, settings.iterations, check=goal == target)
        except SolveError as error:
            step = 0.5 * (goal - reached)
            if step < settings.step_min:
                reason = str(error)
                break
            continue
        states.append((goal, corrected.displacement))
        steps += 1
        if len(corrected.residuals) <= _EASY + 1:
            step = min(max(step, _GROWTH * (goal - reached)), settings.step_max)
    reached, displacement = states[-1]
    return Equilibrium(displacement, reached, target * unit, reason, steps)


def solve_linear(assembly: Assembly) -> FloatArray:
    """Displacement (node, 2) of the linear problem at a unit end displacement. Raises SolveError."""
    displacement = np.zeros_like(assembly.mesh.points)
    displacement[assembly.mesh.moved, 1] = -1.0
    tangents = assembly.linearise(np.zeros_like(displacement)).tangents
    load = -assembly.force_of(tangents, displacement).reshape(-1)[assembly.free]
    displacement.reshape(-1)[assembly.free] = factorise_spd(assembly.matrix(tangents))(load)
    return displacement


def correct(
    assembly: Assembly, guess: FloatArray, tolerance: float, iterations: int, check: bool = False
) -> Corrected:
    """Newton's method from a guess (node, 2) that has the prescribed displacements.

    `check` factorises the tangent of the final state too. Raises SolveError if a tangent is not positive
    definite or the iterations do not converge.
    """
    displacement, residuals = guess.copy(), []
    solve: Solve | None = None
    for _ in range(iterations):
        state = assembly.linearise(displacement)
        residuals.append(relative_residual(assembly, state))
        if residuals[-1] < tolerance:
            if check:
                _factorise(assembly.matrix(state.tangents))
            return Corrected(displacement, tuple(residuals))
        if not residuals[-1] < 10.0:
            break
        matrix, force = assembly.matrix(state.tangents), -state.residual.reshape(-1)[assembly.free]
        correction = None if solve is None else _iterate(matrix, force, solve, min(1e-2, residuals[-1]))
        if correction is None:
            solve = _factorise(matrix)
            correction = solve(force)
        displacement.reshape(-1)[assembly.free] += correction
    raise SolveError(f"Newton's method left a relative residual of {residuals[-1]:.1e}.")


def relative_residual(assembly: Assembly, state: Linearised) -> float:
    """Norm of the forces at free nodes over that of the reactions at the two ends."""
    forces = state.residual.reshape(-1)
    return float(np.linalg.norm(forces[assembly.free]) / np.linalg.norm(forces[~assembly.free]))


def _factorise(matrix: sp.csc_matrix) -> Solve:
    try:
        return factorise_spd(matrix)
    except SolveError as error:
        raise SolveError("The tangent is not positive definite: the equilibrium is not stable.") from error


def _iterate(matrix: sp.csc_matrix, force: FloatArray, solve: Solve, tolerance: float) -> FloatArray | None:
    """Conjugate gradients preconditioned by a factor of an earlier tangent; None if they do not converge."""
    operator = LinearOperator(
        matrix.shape, lambda x: symmetric_product(matrix, x.reshape(-1, 1))[:, 0], dtype=np.float64
    )
    nearly_inverse = LinearOperator(matrix.shape, lambda x: solve(x.ravel()), dtype=np.float64)
    solution, failed = cg(operator, force, rtol=tolerance, maxiter=_CG_ITERATIONS, M=nearly_inverse)
    return None if failed or not np.all(np.isfinite(solution)) else np.asarray(solution)


def _extrapolated(states: list[tuple[float, FloatArray]], goal: float) -> FloatArray:
    """Polynomial in the end displacement through the states (Lagrange), at the goal."""
    places = np.array([place for place, _ in states])
    weights = [
        np.prod([(goal - other) / (place - other) for other in places if other != place]) for place in places
    ]
    return np.asarray(sum(weight * state for weight, (_, state) in zip(weights, states, strict=True)))
