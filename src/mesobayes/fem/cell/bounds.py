# SPDX-License-Identifier: GPL-3.0-or-later
"""Bounds that the permeability of every two-phase cell obeys, whatever its geometry.

Wiener (1912): the tensor lies between the harmonic and the arithmetic mean. Murat and Tartar (1985): with α
the lower phase, λ⁻ and λ⁺ the two means and λ_i the eigenvalues in d dimensions,

    Σ 1/(λ_i - α) ≤ 1/(λ⁻ - α) + (d - 1)/(λ⁺ - α),

which is the lower bound of Hashin and Shtrikman for an isotropic tensor. Conforming elements err upwards, so
both hold for labels as well. The upper bound of Hashin and Shtrikman need not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_SLACK = 1e-6  # relative, for the residual of the solution


def violates_bounds(
    permeability: np.ndarray, fraction: np.ndarray, matrix: float, inclusion: float, dimension: int
) -> NDArray[np.bool_]:
    """True (n,) for every label outside its bounds.

    Args:
        permeability: (n, l, l) symmetric tensors of the first l components.
        fraction: (n,) share of the inclusions.
        dimension: of the cell; the second bound needs l = dimension.
    """
    low, high = sorted((matrix, inclusion))
    arithmetic = fraction * inclusion + (1 - fraction) * matrix
    harmonic = 1.0 / (fraction / inclusion + (1 - fraction) / matrix)
    known = np.isfinite(permeability).all(axis=(1, 2))
    values = np.linalg.eigvalsh(np.where(known[:, None, None], permeability, 0.0))  # ascending
    bad = (values[:, 0] < harmonic * (1 - _SLACK)) | (values[:, -1] > arithmetic * (1 + _SLACK)) | ~known
    mixed = (harmonic > low * (1 + _SLACK)) & (arithmetic < high * (1 - _SLACK))
    if permeability.shape[1] == dimension:
        with np.errstate(divide="ignore"):
            left = np.sum(1.0 / (values - low), axis=1)
            right = 1.0 / (harmonic - low) + (dimension - 1) / (arithmetic - low)
        bad |= mixed & (left > right * (1 + _SLACK))
    return bad
