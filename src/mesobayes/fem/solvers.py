# SPDX-License-Identifier: GPL-3.0-or-later
"""Sparse direct solvers of symmetric positive definite systems.

`cholespy` is the default: it comes as a wheel and also solves on CUDA. `cholmod` is scikit-sparse's
CHOLMOD, an optional extra. `superlu` is SciPy's LU without pivoting, the independent check.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Literal, cast

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg as spla
from numpy.typing import NDArray

from mesobayes.fem.errors import SolveError

FloatArray = NDArray[np.float64]
Solve = Callable[[FloatArray], FloatArray]
SolverName = Literal["auto", "cholespy", "cholmod", "superlu"]
_SOLVERS = ("auto", "cholespy", "cholmod", "superlu")


def solve_spd(
    lower: sp.csc_matrix, right_hand_sides: FloatArray, solver: SolverName = "auto", tolerance: float = 1e-8
) -> FloatArray:
    """Solve A X = B with one factorisation of A, given its lower triangle in CSC format.

    right_hand_sides (n, load). `auto` takes CHOLMOD if scikit-sparse is installed and cholespy otherwise.
    Raises SolveError if A is not positive definite or a relative residual exceeds `tolerance`.
    """
    if not np.all(np.isfinite(right_hand_sides)):
        raise SolveError(f"The loads of the {lower.shape[0]} unknowns hold NaN or infinity.")
    right_hand_sides = np.ascontiguousarray(right_hand_sides, dtype=np.float64)
    solution = factorise_spd(lower, solver)(right_hand_sides)
    residual = right_hand_sides - symmetric_product(lower, solution)
    error_norm = np.linalg.norm(residual, axis=0) / np.maximum(
        np.linalg.norm(right_hand_sides, axis=0), 1e-300
    )
    if not np.max(error_norm, initial=0.0) <= tolerance:
        raise SolveError(
            f"{solver} left a relative residual of {np.max(error_norm):.1e} on {lower.shape[0]} unknowns, "
            f"above {tolerance:.0e}: the system is singular or nearly so."
        )
    return solution


def factorise_spd(lower: sp.csc_matrix, solver: SolverName = "auto") -> Solve:
    """Factorise A, given its lower triangle in CSC format; returns B (n, load) -> A⁻¹ B.

    Raises SolveError if A is not positive definite.
    """
    if solver not in _SOLVERS:
        raise ValueError(f"Unknown solver '{solver}'; choose one of {', '.join(_SOLVERS)}.")
    if solver == "auto":
        solver = "cholmod" if cholmod_installed() else "cholespy"
    if solver == "cholmod" and not cholmod_installed():
        raise ModuleNotFoundError(
            "Solver 'cholmod' needs scikit-sparse: install the extra 'cholmod' or use 'auto'."
        )
    if not np.all(np.isfinite(lower.data)):
        raise SolveError(f"The matrix of {lower.shape[0]} unknowns holds NaN or infinity.")
    factorise = {"cholespy": _cholespy, "cholmod": _cholmod, "superlu": _superlu}[solver]
    try:
        return factorise(lower)
    except (ValueError, ArithmeticError, RuntimeError) as error:
        raise SolveError(
            f"{solver} could not factorise the system of {lower.shape[0]} unknowns: {error} "
            "The mesh is distorted, or a part of it is held nowhere."
        ) from error


def cholmod_installed() -> bool:
    """Whether scikit-sparse, the optional extra, is there."""
    return importlib.util.find_spec("sksparse") is not None and (
        importlib.util.find_spec("sksparse.cholmod") is not None
    )


def symmetric_product(lower: sp.csc_matrix, vectors: FloatArray) -> FloatArray:
    """A X from the lower triangle of A."""
    return lower @ vectors + lower.T @ vectors - lower.diagonal()[:, None] * vectors


def _cholespy(lower: sp.csc_matrix) -> Solve:
    from cholespy import CholeskySolverD, MatrixType

    columns, rows = lower.indptr.astype(np.int32), lower.indices.astype(np.int32)
    factor = CholeskySolverD(lower.shape[0], columns, rows, lower.data, MatrixType.CSC)

    def solve(right_hand_sides: FloatArray) -> FloatArray:
        solution = np.zeros_like(right_hand_sides)
        factor.solve(right_hand_sides, solution)
        return solution

    return solve


def _cholmod(lower: sp.csc_matrix) -> Solve:
    cholmod = importlib.import_module("sksparse.cholmod")
    try:  # simplicial: faster than supernodal at two dozen entries a row, whatever the BLAS
        if hasattr(cholmod, "cho_factor"):  # scikit-sparse 0.5: LLᵀ
            return cast(Solve, cholmod.cho_factor(lower, lower=True, supernodal_mode="simplicial").solve)
        factor = cholmod.cholesky(lower, mode="simplicial")  # 0.4: LDLᵀ of the lower triangle
    except cholmod.CholmodError as error:
        raise ArithmeticError(str(error)) from error
    if np.min(factor.D()) <= 0.0:
        raise ArithmeticError("a pivot is not positive.")
    return cast(Solve, factor)


def _superlu(lower: sp.csc_matrix) -> Solve:
    full = (lower + sp.tril(lower, k=-1).T).tocsc()
    factor = spla.splu(
        full, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
    )
    if np.min(factor.U.diagonal()) <= 0.0:
        raise ArithmeticError("a pivot is not positive.")
    return cast(Solve, factor.solve)
