# SPDX-License-Identifier: GPL-3.0-or-later
"""Saint Venant-Kirchhoff material in plane strain (Krokos et al. 2022, eqs. 2-6).

With F = I + ∇u and the Green-Lagrange strain E = (FᵀF - I)/2, the second Piola-Kirchhoff stress is
S = λ tr(E) I + 2μ E, the first one P = F S, the Cauchy stress σ = F S Fᵀ / J with J = det F.
"""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from mesobayes.fem.plate.elasticity import PlaneStrain

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class SaintVenantKirchhoff(PlaneStrain):
    """The finite-strain law with the same Lamé parameters; stresses in the units of `young`."""

    def __call__(self, grad_u: jax.Array) -> jax.Array:
        """First Piola-Kirchhoff stress (2, 2) of a displacement gradient (2, 2)."""
        lam, mu = self.lame
        identity = jnp.eye(2, dtype=grad_u.dtype)
        f = identity + grad_u
        strain = 0.5 * (f.T @ f - identity)
        return f @ (lam * jnp.trace(strain) * identity + 2.0 * mu * strain)


UNIT_SAINT_VENANT = SaintVenantKirchhoff()  # E = 1, ν = 0.3


def cauchy_stress(grad_u: FloatArray, material: SaintVenantKirchhoff = UNIT_SAINT_VENANT) -> FloatArray:
    """Cauchy stresses (..., [xx, yy, xy]) of displacement gradients (..., 2, 2)."""
    f = grad_u + np.eye(2)
    right = np.swapaxes(f, -1, -2) @ f
    strain = np.stack(
        [0.5 * (right[..., 0, 0] - 1), 0.5 * (right[..., 1, 1] - 1), 0.5 * right[..., 0, 1]], -1
    )
    xx, yy, xy = np.moveaxis(material.stress(strain), -1, 0)
    second = np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2)
    sigma = f @ second @ np.swapaxes(f, -1, -2) / np.linalg.det(f)[..., None, None]
    return np.stack([sigma[..., 0, 0], sigma[..., 1, 1], sigma[..., 0, 1]], axis=-1)


def energy_density(grad_u: FloatArray, material: SaintVenantKirchhoff = UNIT_SAINT_VENANT) -> FloatArray:
    """W = λ/2 tr(E)² + μ E:E (...) of displacement gradients (..., 2, 2), eq. 2."""
    lam, mu = material.lame
    f = grad_u + np.eye(2)
    strain = 0.5 * (np.swapaxes(f, -1, -2) @ f - np.eye(2))
    trace = strain[..., 0, 0] + strain[..., 1, 1]
    return np.asarray(0.5 * lam * trace**2 + mu * np.sum(strain**2, axis=(-1, -2)))


def free_edge_stress(
    stretch: FloatArray, direction: FloatArray, material: SaintVenantKirchhoff = UNIT_SAINT_VENANT
) -> FloatArray:
    """Cauchy stresses (..., [xx, yy, xy]) on an edge without traction, from its stretch (...) alone.

    direction (..., 2): unit tangent of the deformed edge. P N = 0 gives S = S_TT T⊗T with
    S_TT = E/(1-ν²) E_TT and E_NN = -λ/(λ+2μ) E_TT, so that σ = S_TT λ_T/λ_N t⊗t with λ_T, λ_N the stretches
    along and across the edge. NaN where no λ_N exists.
    """
    lam, mu = material.lame
    tangential = 0.5 * (stretch**2 - 1.0)
    with np.errstate(invalid="ignore"):
        across = np.sqrt(1.0 - 2.0 * lam / (lam + 2.0 * mu) * tangential)
    value = material.hoop_modulus * tangential * stretch / across
    tx, ty = np.moveaxis(direction, -1, 0)
    return value[..., None] * np.stack([tx * tx, ty * ty, tx * ty], axis=-1)
