# SPDX-License-Identifier: GPL-3.0-or-later
"""The constitutive update against the rate equations, integrated by a stiff adaptive method."""

import signal
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from mesobayes.fem.bar import material_point
from mesobayes.fem.bar.material_point import integrate_material_point
from mesobayes.fem.bar.settings import Material
from mesobayes.fem.bar.viscoplastic import flow_root, grow, update, virgin_state
from mesobayes.fem.errors import SolveError

TABLE_1 = Material()
DAMAGING = Material(damage_exponent=5.0)


def rates(time, z, strain_rate, material):
    """Right-hand side of equations 1 to 5 for z = (plastic strain (6), κ, η, φ, ē); strain grows linearly."""
    plastic_strain, kappa, eta, phi = z[:6], z[6], z[7], z[8]
    elastic = strain_rate(time)[0] - plastic_strain
    shear, bulk = material.shear_modulus, material.bulk_modulus
    trace = elastic[:3].sum()
    deviator = 2 * shear * (elastic - np.array([1, 1, 1, 0, 0, 0]) * trace / 3)
    pressure = bulk * trace
    xx, yy, zz, yz, xz, xy = deviator
    tensor = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    j2 = 0.5 * np.sum(tensor**2)
    j3 = np.trace(tensor @ tensor @ tensor) / 3
    q = np.sqrt(3 * j2)
    if q <= kappa + material.yield_strength:
        return np.zeros(10)
    flow = material.flow_coefficient * (
        np.sinh((q - kappa) / material.yield_strength - 1) ** material.flow_exponent
    )
    m = material.damage_exponent
    d_eta = (
        material.shear_nucleation * (4 / 27 - j3**2 / j2**3) + material.triaxiality_nucleation * pressure / q
    )
    d_eta *= eta * flow
    growth = (1 - (1 - phi) ** (m + 1)) / (1 - phi) ** m
    growth *= np.sqrt(2 / 3) * np.sinh(2 * (2 * m - 1) / (2 * m + 1) * pressure / q) * flow
    d_phi = growth + (1 - phi) ** 2 * material.void_volume * d_eta
    return np.concatenate(
        [
            1.5 * flow * deviator / q,
            [(material.hardening - material.recovery * kappa) * flow, d_eta, d_phi, flow],
        ]
    )


def reference(path, times, material):
    """State (n, 10) at the given times."""

    def strain(time):
        return np.array([np.interp(time, times, path[:, i]) for i in range(6)]), None

    z = np.zeros(10)
    z[6:9] = material.initial_hardening, material.void_density, material.initial_damage
    rows = [z]
    for begin, end in pairwise(times):  # one call an interval: kinks are met exactly
        solution = solve_ivp(
            rates,
            (begin, end),
            z,
            method="LSODA",
            rtol=1e-9,
            atol=1e-12,
            args=(strain, material),
            max_step=end - begin,
        )
        z = solution.y[:, -1]
        rows.append(z)
    return np.array(rows)


def uniaxial(strain, lateral):
    return np.stack(
        [-lateral * strain, -lateral * strain, strain, 0 * strain, 0 * strain, 0 * strain], axis=1
    )


def paths():
    load = np.linspace(0.0, 0.06, 31)
    zero = np.zeros_like(load)
    turn = np.where(load < 0.03, load, 0.03)
    return {
        "uniaxial": (uniaxial(load, 0.5), load / 0.002, TABLE_1),
        "shear": (np.stack([zero, zero, zero, zero, zero, load], axis=1), load / 0.002, TABLE_1),
        "triaxial": (uniaxial(load, 0.47), load / 0.002, DAMAGING),
        "fast": (uniaxial(load, 0.49), load / 2.0, DAMAGING),
        "slow": (uniaxial(load, 0.49), load / 2e-5, DAMAGING),
        "turning": (uniaxial(turn, 0.49) + np.outer(load - turn, [0, 0, 0, 1, 0, 0]), load / 0.002, TABLE_1),
        "unloading": (uniaxial(0.03 - np.abs(load - 0.03), 0.49), load / 0.002, TABLE_1),
    }


@pytest.mark.parametrize("name", paths())
def test_a_material_point_follows_the_rate_equations(name):
    path, times, material = paths()[name]
    point = integrate_material_point(path, times, material)
    exact = reference(path, times, material)
    np.testing.assert_allclose(point.kappa, exact[:, 6], rtol=1e-5)
    np.testing.assert_allclose(point.eta, exact[:, 7], rtol=1e-4)
    np.testing.assert_allclose(point.phi, exact[:, 8], rtol=1e-4)
    np.testing.assert_allclose(point.e_p, exact[:, 9], atol=1e-6)
    elastic = path - exact[:, :6]
    trace = elastic[:, :3].sum(axis=1, keepdims=True)
    lame = material.bulk_modulus - 2 / 3 * material.shear_modulus
    stress = 2 * material.shear_modulus * elastic + lame * trace * np.array([1, 1, 1, 0, 0, 0])
    np.testing.assert_allclose(point.stress, stress * (1 - exact[:, 8:9]), atol=0.05)


def stepped(n, material=DAMAGING, strain=0.04, lateral=0.48):
    """Damage after n equal steps in double precision."""
    with jax.enable_x64(True):
        state = virgin_state((), material, jnp.float64)
        share = tuple(np.array([-lateral, -lateral, 1, 0, 0, 0]) * strain / n)
        advance = jax.jit(lambda s: update(s, share, strain / 0.002 / n, material)[0])
        for _ in range(n):
            state = advance(state)
        return float(state.phi)


def test_the_update_converges_with_the_first_order_in_time():
    values = [stepped(n) for n in (100, 200, 400)]
    order = np.log2((values[0] - values[1]) / (values[1] - values[2]))
    assert order == pytest.approx(1.0, abs=0.15)


def test_hardening_saturates_at_the_ratio_of_hardening_and_recovery():
    load = np.linspace(0, 2.0, 41)
    shear = np.zeros((41, 6))
    shear[:, 5] = load
    point = integrate_material_point(
        shear, load / 0.002, Material(maximum_damage=0.999, shear_nucleation=0.0)
    )
    assert (np.diff(point.kappa) > 0).all()
    assert point.kappa[-1] < 1250.0
    assert float(point.kappa[-1]) == pytest.approx(5000 / 4, rel=2e-3)


def test_below_yield_nothing_flows_and_the_stress_is_elastic():
    load = np.linspace(0.0, 0.004, 5)  # q stays below κ0 + Y = 1060 MPa
    point = integrate_material_point(uniaxial(load, 0.27), load / 0.002)
    assert float(abs(point.e_p).max()) == 0.0
    np.testing.assert_allclose(point.phi, TABLE_1.initial_damage, rtol=1e-12)
    assert float(point.stress[-1, 2]) == pytest.approx((1 - 0.08) * 240e3 * 0.004, rel=1e-12)
    assert float(abs(point.stress[-1, 0])) < 1e-9


def test_a_failed_point_carries_no_stress_for_good():
    load = np.concatenate([np.linspace(0, 0.08, 41), np.linspace(0.078, 0.0, 10)])
    point = integrate_material_point(uniaxial(load, 0.4), np.arange(51.0), DAMAGING)
    failed = point.phi >= DAMAGING.maximum_damage
    assert failed.any()
    assert not failed[0]
    assert failed[int(np.argmax(failed.data)) :].all()
    assert float(abs(point.stress.where(failed)).max()) == 0.0


def test_three_halley_steps_solve_the_flow_rule_to_rounding():
    drive = np.logspace(-6, 4, 400)
    for rate in (1e-6, 1e-2, 1.0, 1e3):
        stiffness = 3 * TABLE_1.shear_modulus * rate
        with jax.enable_x64(True):
            y = np.asarray(flow_root(jnp.asarray(drive), jnp.asarray(stiffness), TABLE_1))
        residual = stiffness * y**10 + 600 * np.arcsinh(y) - drive
        assert np.abs(residual / np.maximum(drive, 1.0)).max() < 1e-6


def test_void_growth_is_the_integral_of_its_rate_and_a_semigroup():
    phi, triaxiality = jnp.float32(0.1), jnp.float32(0.8)
    once = grow(phi, triaxiality, jnp.float32(0.02), DAMAGING)
    twice = grow(
        grow(phi, triaxiality, jnp.float32(0.01), DAMAGING), triaxiality, jnp.float32(0.01), DAMAGING
    )
    assert float(once) == pytest.approx(float(twice), rel=1e-5)
    small = (float(grow(phi, triaxiality, jnp.float32(1e-3), TABLE_1)) - 0.1) / 1e-3
    exact = np.sqrt(2 / 3) * (1 - 0.9**3) / 0.9**2 * np.sinh(1.2 * 0.8)
    assert small == pytest.approx(exact, rel=2e-3)
    assert float(grow(phi, jnp.float32(5.0), jnp.float32(5.0), DAMAGING)) == 1.0


@pytest.mark.parametrize(
    ("strain", "times", "message"),
    [
        (np.zeros((3, 5)), np.arange(3.0), r"\(n, 6\)"),
        (np.zeros((3, 6)), np.array([0.0, 2.0, 1.0]), "increase"),
        (np.ones((3, 6)), np.arange(3.0), "unloaded"),
        (np.diag([0.0, np.nan, 0.0, 0.0, 0.0, 0.0]), np.arange(6.0), "strain must be finite, but row 1"),
        (np.zeros((3, 6)), np.array([0.0, 1.0, np.inf]), "times must be finite, but row 2"),
        (np.zeros((3, 6)), np.array([0.0, np.nan, 1.0]), "times must be finite, but row 1"),
        (np.diag([0.0, 0.0, 20.0, 0.0, 0.0, 0.0]), np.arange(6.0), "a percent is 0.01"),
    ],
)
def test_unusable_histories_are_refused(strain, times, message):
    with pytest.raises(ValueError, match=message):
        integrate_material_point(strain, times)


@pytest.mark.parametrize("tolerance", [0.0, -1.0, 1.0, np.nan, np.inf, 1e-15])
def test_a_tolerance_that_no_step_meets_or_every_step_is_refused(tolerance):
    with pytest.raises(ValueError, match="tolerance must lie between"):
        integrate_material_point(np.zeros((2, 6)), np.arange(2.0), tolerance=tolerance)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"young": np.nan}, "young must be a finite number"),
        ({"young": "1"}, "young must be a finite number, got '1'"),
        ({"young": -1.0}, "young must be positive"),
        ({"poisson": 0.5}, "poisson must lie between -1 and 0.5"),
        ({"flow_exponent": 2.5}, "flow_exponent must be a whole number"),
        ({"initial_damage": 0.7}, "initial_damage must be below maximum_damage"),
        ({"recovery": 0.0}, "recovery must be positive"),
        ({"initial_hardening": 2000.0}, "must not exceed its saturation"),
    ],
)
def test_a_material_that_cannot_be_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        Material(**changes)


@pytest.mark.parametrize("duration", [1e-300, 1e-30, 1e30])
def test_loading_of_any_speed_ends_in_bounded_work(duration):
    strain = uniaxial(np.linspace(0.0, 0.02, 3), 0.4)
    try:
        point = integrate_material_point(strain, np.linspace(0.0, duration, 3))
    except SolveError as error:
        assert "steps end between" in str(error)  # noqa: PT017
    else:
        assert np.isfinite(point.stress).all()


def test_work_is_bounded_and_says_where_it_ended(monkeypatch):
    monkeypatch.setattr(material_point, "_STEPS_MAX", 1000)
    with pytest.raises(SolveError, match="1000 steps end between 0 s and 20 s"):
        integrate_material_point(uniaxial(np.linspace(0.0, 0.1, 3), 0.4), [0.0, 20.0, 40.0], tolerance=1e-12)


def test_ctrl_c_ends_an_integration(monkeypatch):
    def interrupted(*arguments):
        progress = advance(*arguments)
        signal.raise_signal(signal.SIGINT)
        return progress

    advance = material_point._advance
    monkeypatch.setattr(material_point, "_advance", interrupted)
    with pytest.raises(KeyboardInterrupt):
        integrate_material_point(np.zeros((2, 6)), np.arange(2.0))
