# SPDX-License-Identifier: GPL-3.0-or-later
"""One material point under a prescribed strain history, in double precision with controlled time steps."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax import lax
from numpy.typing import ArrayLike

from mesobayes.fem.bar.settings import Material
from mesobayes.fem.bar.viscoplastic import State, update, virgin_state

COMPONENTS = ["xx", "yy", "zz", "yz", "xz", "xy"]


def integrate_material_point(
    strain: ArrayLike,
    times: ArrayLike,
    parameters: Material | None = None,
    tolerance: float = 1e-7,
) -> xr.Dataset:
    """Stress and internal variables of a material point (Bridgman et al. 2022, equations 1 to 5).

    Strain varies linearly between the given times. Each interval is divided into backward-Euler steps; one
    step is compared with two halves, accepted when they agree within `tolerance` (relative to Y, H/R, η and
    1) and extrapolated to second order.

    Args:
        strain: (n, 6) tensor components xx, yy, zz, yz, xz, xy; the first row is 0.
        times: (n,) increasing, in s.
        parameters: material constants; Table 1 by default.
        tolerance: local error of a step.

    Returns a data set over `time`: `stress` (time, component) in MPa (0 once φ has reached φ_max), `e_p`
    equivalent plastic strain, `kappa` in MPa, `eta` in 1/µm³, `phi` (frozen at failure).

    Raises:
        ValueError: shapes do not fit, times do not increase, or the first strain is not 0.
    """
    material = parameters or Material()
    path, clock = np.asarray(strain, float), np.asarray(times, float)
    if path.ndim != 2 or path.shape[1] != 6 or clock.shape != (len(path),) or len(path) < 2:
        raise ValueError(
            f"strain must be (n, 6) and times (n,) with n of at least 2, got {path.shape} and {clock.shape}"
        )
    if not (np.diff(clock) > 0.0).all():
        raise ValueError("times must increase from row to row")
    if path[0].any():
        raise ValueError("the strain history must start unloaded: give a first row of zeros")
    with jax.enable_x64(True):
        rows = _integrate(jnp.asarray(path), jnp.asarray(clock), material, tolerance)
        stress, e_p, kappa, eta, phi = (np.asarray(row) for row in rows)
    return xr.Dataset(
        {
            "stress": (("time", "component"), stress, {"units": "MPa", "long_name": "stress"}),
            "e_p": ("time", e_p, {"units": "1", "long_name": "equivalent plastic strain"}),
            "kappa": ("time", kappa, {"units": "MPa", "long_name": "isotropic hardening"}),
            "eta": ("time", eta, {"units": "1/µm³", "long_name": "void density"}),
            "phi": ("time", phi, {"units": "1", "long_name": "damage"}),
        },
        {"time": ("time", clock, {"units": "s"}), "component": COMPONENTS},
    )


@partial(jax.jit, static_argnames=("material", "tolerance"))
def _integrate(path: jax.Array, clock: jax.Array, material: Material, tolerance: float):
    def interval(carry, row):
        state, e_p, share = carry
        strain, duration = row

        def unfinished(carry):
            done, _, state, _ = carry
            return (done < 1.0) & (state.phi < material.maximum_damage)

        def attempt(carry):
            done, share, state, e_p = carry
            part = jnp.minimum(share, 1.0 - done)
            better, plastic, error = _doubled(state, part * strain, part * duration, material)
            accepted = (error <= tolerance) | (part < 1e-9)
            factor = 0.9 * jnp.sqrt(tolerance / jnp.maximum(error, 1e-30))
            state = jax.tree.map(lambda new, old: jnp.where(accepted, new, old), better, state)
            done = jnp.where(accepted, jnp.where(part >= 1.0 - done, 1.0, done + part), done)
            return done, part * jnp.clip(factor, 0.2, 3.0), state, e_p + jnp.where(accepted, plastic, 0.0)

        start = (jnp.zeros(()), jnp.minimum(share, 1.0), state, e_p)
        _, share, state, e_p = lax.while_loop(unfinished, attempt, start)
        return (state, e_p, jnp.maximum(share, 1e-6)), (state, e_p)

    virgin = virgin_state((), material, jnp.float64)
    rows = (jnp.diff(path, axis=0), jnp.diff(clock))
    _, (states, e_p) = lax.scan(interval, (virgin, jnp.zeros(()), jnp.asarray(1e-3)), rows)
    states = jax.tree.map(lambda first, rest: jnp.concatenate([first[None], rest]), virgin, states)
    left = jnp.where(states.phi < material.maximum_damage, 1.0 - states.phi, 0.0)
    stress = jnp.stack(states.stress, axis=-1) * left[:, None]
    return stress, jnp.concatenate([jnp.zeros(1), e_p]), states.kappa, states.eta, states.phi


def _doubled(state: State, strain: jax.Array, duration: jax.Array, material: Material):
    """Two half steps, extrapolated with one whole step; their plastic strain and the local error."""

    def advance(state: State, share: float) -> tuple[State, jax.Array]:
        new, increment = update(state, tuple(share * strain), share * duration, material)
        return new, increment.plastic

    whole, plastic = advance(state, 1.0)
    half, first = advance(state, 0.5)
    halves, second = advance(half, 0.5)
    better = jax.tree.map(lambda two, one: 2.0 * two - one, halves, whole)
    change = jax.tree.map(lambda two, one: jnp.abs(two - one), halves, whole)
    errors = [
        *(part / material.yield_strength for part in change.stress),
        change.kappa / (material.hardening / material.recovery),
        change.eta / state.eta,
        change.phi,
    ]
    return better, 2.0 * (first + second) - plastic, jnp.max(jnp.stack(errors))
