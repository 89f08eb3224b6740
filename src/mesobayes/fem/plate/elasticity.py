# SPDX-License-Identifier: GPL-3.0-or-later
"""Plane-strain linear elasticity in Lamé form, σ = λ tr(ε) I + 2μ ε with ε = sym ∇u (Krokos et al. 2022)."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class PlaneStrain:
    """Isotropic plane-strain material; stresses come out in the units of `young`."""

    young: float = 1.0
    poisson: float = 0.3

    @property
    def lame(self) -> tuple[float, float]:
        """Lamé parameters (λ, μ)."""
        shear = self.young / (2.0 * (1.0 + self.poisson))
        return self.young * self.poisson / ((1.0 + self.poisson) * (1.0 - 2.0 * self.poisson)), shear

    @property
    def hoop_modulus(self) -> float:
        """E/(1-ν²): stress over strain along a traction-free edge."""
        return self.young / (1.0 - self.poisson**2)

    def __call__(self, grad_u: jax.Array) -> jax.Array:
        """Stress tensor (2, 2) of a displacement gradient (2, 2): the whole of the weak form's physics."""
        lam, mu = self.lame
        strain = 0.5 * (grad_u + grad_u.T)
        return lam * jnp.trace(strain) * jnp.eye(2, dtype=grad_u.dtype) + 2.0 * mu * strain

    def stress(self, strain: ArrayLike) -> NDArray[np.float64]:
        """Stresses (..., [xx, yy, xy]) of tensor strains (..., [xx, yy, xy])."""
        lam, mu = self.lame
        strain = np.asarray(strain, dtype=float)
        trace = strain[..., 0] + strain[..., 1]
        return 2.0 * mu * strain + lam * np.stack([trace, trace, np.zeros_like(trace)], axis=-1)


UNIT_PLANE_STRAIN = PlaneStrain()  # E = 1, ν = 0.3
# far-field displacement gradients of the unit strains; exy is the tensor component
UNIT_STRAINS = np.array([[[1.0, 0.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
