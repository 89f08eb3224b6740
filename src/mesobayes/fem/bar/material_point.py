# SPDX-License-Identifier: GPL-3.0-or-later
"""One material point under a prescribed strain history, in double precision with controlled time steps."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import xarray as xr
from jax import lax
from numpy.typing import ArrayLike

from mesobayes.fem.bar.settings import Material
from mesobayes.fem.bar.viscoplastic import State, update, virgin_state
from mesobayes.fem.errors import SolveError

COMPONENTS = ["xx", "yy", "zz", "yz", "xz", "xy"]
_STRETCH = 1000  # steps between two looks at the keyboard
_STEPS_MAX = 200_000
_STRAIN_MAX = 10.0
_TOLERANCE = (1e-12, 0.1)


def integrate_material_point(
    strain: ArrayLike,
    times: ArrayLike,
    parameters: Material | None = None,
    tolerance: float = 1e-7,
) -> xr.Dataset:
    """Stress and internal variables of a material point (Bridgman et al. 2022, equations 1 to 5).

    Strain varies linearly between the given times. Each interval is divided into backward-Euler steps; one
    step is compared with two halves, accepted when they agree within `tolerance` (relative to Y, H/R, η and
    1) and extrapolated to second order. Steps are compiled in stretches, between which Ctrl-C is heard.

    Args:
        strain: (n, 6) tensor components xx, yy, zz, yz, xz, xy, of magnitude at most 10; the first row is 0.
        times: (n,) increasing, in s.
        parameters: material constants; Table 1 by default.
        tolerance: local error of a step, 1e-12 to 0.1.

    Returns a data set over `time`: `stress` (time, component) in MPa (0 once φ has reached φ_max), `e_p`
    equivalent plastic strain, `kappa` in MPa, `eta` in 1/µm³, `phi` (frozen at failure).

    Raises:
        ValueError: shapes do not fit, a number is not finite or out of range, times do not increase, or the
            first strain is not 0.
        SolveError: the history takes more than 200,000 steps.

    A small uniaxial strain in 1 s is elastic, with Young's modulus (1 - φ_0) E:

    >>> strain = np.zeros((2, 6))
    >>> strain[1, 0] = 1e-4
    >>> point = integrate_material_point(strain, [0.0, 1.0])
    >>> point["stress"].values[-1, :3].round(3).tolist()
    [27.591, 10.205, 10.205]
    """
    material = parameters or Material()
    path, clock = np.asarray(strain, float), np.asarray(times, float)
    _check(path, clock, tolerance)
    with jax.enable_x64(True):
        point = _Point(virgin_state((), material, jnp.float64), *map(jnp.asarray, (0.0, 0.0, 1e-3, 0)))
        points, steps = [jax.tree.map(np.asarray, point)], 0
        for strain_step, duration in zip(np.diff(path, axis=0), np.diff(clock), strict=True):
            point = point._replace(done=jnp.asarray(0.0), share=jnp.clip(point.share, 1e-6, 1.0))
            while float(point.done) < 1.0:
                if steps >= _STEPS_MAX:
                    begin, end = clock[len(points) - 1 : len(points) + 1]
                    raise SolveError(
                        f"{steps} steps end between {begin:g} s and {end:g} s, where the strain changes too "
                        "fast for the tolerance: raise it, or check times and strain"
                    )
                point = _advance(point, jnp.asarray(strain_step), jnp.asarray(duration), material, tolerance)
                steps += int(point.steps)
            points.append(jax.tree.map(np.asarray, point))
    every = jax.tree.map(lambda *values: np.stack(values), *points)
    states, e_p = every.state, every.e_p
    left = np.where(states.phi < material.maximum_damage, 1.0 - states.phi, 0.0)
    stress = np.stack(states.stress, axis=-1) * left[:, None]
    kappa, eta, phi = states.kappa, states.eta, states.phi
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


def _check(path: np.ndarray, clock: np.ndarray, tolerance: float) -> None:
    """Refuse what is no history of small strains."""
    if path.ndim != 2 or path.shape[1] != 6 or clock.shape != (len(path),) or len(path) < 2:
        raise ValueError(
            f"strain must be (n, 6) and times (n,) with n of at least 2, got {path.shape} and {clock.shape}"
        )
    for name, values in (("strain", path), ("times", clock)):
        bad = np.argwhere(~np.isfinite(values))
        if len(bad):
            raise ValueError(f"{name} must be finite, but row {bad[0][0]} is not")
    if not (np.diff(clock) > 0.0).all():
        raise ValueError("times must increase from row to row")
    if path[0].any():
        raise ValueError("the strain history must start unloaded: give a first row of zeros")
    if np.abs(path).max() > _STRAIN_MAX:
        raise ValueError(
            f"strains reach {np.abs(path).max():.3g}, beyond {_STRAIN_MAX:g}: the model is one of small "
            "strains, and a percent is 0.01"
        )
    if not _TOLERANCE[0] <= tolerance <= _TOLERANCE[1]:
        raise ValueError(
            f"tolerance must lie between {_TOLERANCE[0]:g} and {_TOLERANCE[1]:g}, got {tolerance}"
        )


class _Point(NamedTuple):
    """How far the integration is: of the interval, the share done and the next one; steps since asked."""

    state: State
    e_p: jax.Array
    done: jax.Array
    share: jax.Array
    steps: jax.Array


@partial(jax.jit, static_argnames="material")
def _advance(
    point: _Point, strain: jax.Array, duration: jax.Array, material: Material, tolerance: float
) -> _Point:
    """Go on in an interval, to its end or for some steps; a failed point stays as it is."""

    def unfinished(now: _Point):
        return (now.done < 1.0) & (now.steps < _STRETCH)

    def attempt(now: _Point) -> _Point:
        part = jnp.minimum(now.share, 1.0 - now.done)
        better, plastic, error = _doubled(now.state, part * strain, part * duration, material)
        error = jnp.where(jnp.isfinite(error), error, jnp.inf)
        accepted = (error <= tolerance) | ((part < 1e-9) & (error < jnp.inf))
        factor = 0.9 * jnp.sqrt(tolerance / jnp.maximum(error, 1e-30))
        state = jax.tree.map(lambda new, old: jnp.where(accepted, new, old), better, now.state)
        done = jnp.where(accepted, jnp.where(part >= 1.0 - now.done, 1.0, now.done + part), now.done)
        return _Point(
            state,
            now.e_p + jnp.where(accepted, plastic, 0.0),
            jnp.where(state.phi < material.maximum_damage, done, 1.0),
            part * jnp.clip(factor, 0.2, 3.0),
            now.steps + 1,
        )

    failed = ~(point.state.phi < material.maximum_damage)
    start = point._replace(done=jnp.where(failed, 1.0, point.done), steps=jnp.zeros_like(point.steps))
    return lax.while_loop(unfinished, attempt, start)


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
