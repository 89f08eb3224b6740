# SPDX-License-Identifier: GPL-3.0-or-later
"""Viscoplasticity with hardening, nucleation and growth of voids (Bridgman et al. 2022, section 2.1).

With the effective stress S = C:(ε - εp), its von Mises stress q and mean p (tension positive), and σ = (1 -
φ) S, flow and hardening do not see the damage φ:

    dē/dt = f sinhⁿ⟨(q - κ)/Y - 1⟩,   dεp = 3/2 dē s/q,   dκ = (H - R κ) dē
    dη = η [N1 (4/27 - J3²/J2³) + N3 p/q] dē
    dφ = √(2/3) [1 - (1-φ)^(m+1)]/(1-φ)^m sinh(2(2m-1)/(2m+1) p/q) dē + (1-φ)² ν0 dη

⟨·⟩ is the Macaulay bracket: the paper does not print it, but n is even, so without it the unloaded material
would flow. One step of backward Euler needs one scalar y = (Δē/(f Δt))^(1/n), the root of the increasing
function

    (3G + H - R κ) f Δt yⁿ + Y asinh y = q_tr - κ - Y,

and then η and φ follow in closed form at the triaxiality of the end of the step. Stresses in MPa, times in s.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp

from mesobayes.fem.bar.settings import Material

_HALLEY_STEPS = 3
_TINY = 1e-20


class State(NamedTuple):
    """State of any number of material points.

    stress: six arrays xx, yy, zz, yz, xz, xy of the effective stress S in MPa; kappa in MPa, eta in 1/µm³,
    phi.
    """

    stress: tuple[jax.Array, ...]
    kappa: jax.Array
    eta: jax.Array
    phi: jax.Array


class Increment(NamedTuple):
    """What a step did: equivalent plastic strain Δē, and the factor q/q_tr by which the deviator returned."""

    plastic: jax.Array
    retained: jax.Array


def virgin_state(shape: tuple[int, ...], material: Material, dtype=jnp.float32) -> State:
    """Unloaded material at every point of an array."""
    zero = jnp.zeros(shape, dtype)
    return State(
        stress=(zero,) * 6,
        kappa=zero + dtype(material.initial_hardening),
        eta=zero + dtype(material.void_density),
        phi=zero + dtype(material.initial_damage),
    )


def flow_root(drive: jax.Array, stiffness: jax.Array, material: Material) -> jax.Array:
    """Root y ≥ 0 of stiffness·yⁿ + Y asinh y = drive, 0 where drive ≤ 0.

    Each term alone bounds the root from above; Halley's iteration from the smaller bound needs three steps to
    1e-10 MPa, where Newton's needs five to 1e-7 MPa and half as much time again.
    """
    n, strength = material.flow_exponent, material.yield_strength
    positive = jnp.maximum(drive, _TINY)
    y = jnp.minimum(jnp.sinh(jnp.minimum(positive / strength, 5.0)), (positive / stiffness) ** (1.0 / n))
    for _ in range(_HALLEY_STEPS):
        curved = stiffness * y ** (n - 2)
        root = jnp.sqrt(1.0 + y * y)
        inverse = 1.0 / root
        residual = curved * y * y + strength * jnp.log(y + root) - positive
        slope = n * curved * y + strength * inverse
        curvature = n * (n - 1) * curved - strength * y * inverse**3
        y = jnp.maximum(y - 2.0 * residual * slope / (2.0 * slope**2 - residual * curvature), 0.0)
    return jnp.where(drive > 0.0, y, 0.0)


def update(
    state: State, strain: tuple[jax.Array, ...], duration: float | jax.Array, material: Material
) -> tuple[State, Increment]:
    """One step of `duration` s from the increments of six tensor strains (xx, yy, zz, yz, xz, xy)."""
    shear, bulk = material.shear_modulus, material.bulk_modulus
    third = (strain[0] + strain[1] + strain[2]) / 3.0
    mean_old = (state.stress[0] + state.stress[1] + state.stress[2]) / 3.0
    pressure = mean_old + (3.0 * bulk) * third
    diagonal = [state.stress[i] - mean_old + (2.0 * shear) * (strain[i] - third) for i in range(3)]
    outer = [state.stress[i] + (2.0 * shear) * strain[i] for i in range(3, 6)]
    a, b, c = diagonal
    d, e, f = outer
    j2 = 0.5 * (a * a + b * b + c * c) + d * d + e * e + f * f
    q_trial = jnp.sqrt(3.0 * j2 + _TINY)

    slope = material.hardening - material.recovery * state.kappa
    rate = material.flow_coefficient * duration
    y = flow_root(q_trial - state.kappa - material.yield_strength, (3.0 * shear + slope) * rate, material)
    plastic = rate * y**material.flow_exponent
    retained = 1.0 - (3.0 * shear) * plastic / q_trial
    kappa = state.kappa + slope * plastic

    triaxiality = pressure / (q_trial * retained)
    j3 = a * b * c + 2.0 * d * e * f - a * d * d - b * e * e - c * f * f
    lode = j3 * j3 / (j2 * j2 * j2 + _TINY)  # J3²/J2³, between 0 and 4/27; the return does not change it
    exponent = (
        material.shear_nucleation * (4.0 / 27.0 - lode) + material.triaxiality_nucleation * triaxiality
    ) * plastic
    eta = state.eta * jnp.exp(exponent)
    grown = grow(state.phi, triaxiality, plastic, material)
    void = 1.0 - grown
    phi = 1.0 - void / (1.0 + material.void_volume * (eta - state.eta) * void)
    stress = (*(x * retained + pressure for x in diagonal), *(x * retained for x in outer))
    return State(stress, kappa, eta, phi), Increment(plastic, retained)


def grow(phi: jax.Array, triaxiality: jax.Array, plastic: jax.Array, material: Material) -> jax.Array:
    """Cocks-Ashby growth over Δē at constant triaxiality p/q, in closed form.

    g = 1 - (1-φ)^(m+1) obeys dg = (m+1) √(2/3) sinh(2(2m-1)/(2m+1) p/q) g dē. Where g reaches 1 there is no
    material left and φ = 1.
    """
    m = material.damage_exponent
    factor = 2.0 * (2.0 * m - 1.0) / (2.0 * m + 1.0)
    rate = (m + 1.0) * (2.0 / 3.0) ** 0.5 * jnp.sinh(jnp.clip(factor * triaxiality, -20.0, 20.0))
    share = (1.0 - _power(1.0 - phi, m + 1.0)) * jnp.exp(jnp.clip(rate * plastic, -20.0, 20.0))
    left = jnp.maximum(1.0 - share, 0.0)
    return jnp.where(left > 0.0, 1.0 - jnp.maximum(left, _TINY) ** (1.0 / (m + 1.0)), 1.0)


def _power(x: jax.Array, exponent: float) -> jax.Array:
    return x ** int(exponent) if float(exponent).is_integer() else x**exponent
