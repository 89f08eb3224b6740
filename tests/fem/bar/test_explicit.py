# SPDX-License-Identifier: GPL-3.0-or-later
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from mesobayes.fem.bar.collapse import run_to_collapse
from mesobayes.fem.bar.explicit import (
    ExplicitSettings,
    axial_stress,
    contraction_at,
    run_to_failure,
    start,
    step,
)
from mesobayes.fem.bar.failure import FAILED, NO_PORE, NOT_FAILED, fail_specimen, fail_specimens
from mesobayes.fem.bar.settings import PRESETS, Material
from mesobayes.geometry.porosity import PorosityField
from mesobayes.record.seeds import rng_from_name

SHAPE = (6, 6, 16)
WEAK = Material(damage_exponent=5.0)


def pores(index, porosity=0.01):
    return PorosityField(SHAPE, porosity).sample(rng_from_name("explicit", index))


def bar(strain, field, material=WEAK, settings=None):
    """A specimen loaded to a strain, without deletion."""
    settings = settings or ExplicitSettings(strain_step=1e-4)
    specimen = start(jnp.asarray(field)[None], material, settings)
    for count in range(round(strain / settings.strain_step)):
        specimen = step(specimen, contraction_at(jnp.int32(count), material, settings), material, settings)
    return specimen


def uniaxial_stress(strain, material, rate=0.002):
    """Effective stress and damage of the material under uniaxial stress, by an adaptive stiff method."""

    def rates(_, z):
        stress, kappa, eta, phi = z
        over = max((stress - kappa) / material.yield_strength - 1, 0.0)
        flow = material.flow_coefficient * np.sinh(over) ** material.flow_exponent
        m = material.damage_exponent
        d_eta = material.triaxiality_nucleation / 3 * eta * flow  # J3²/J2³ = 4/27
        growth = np.sqrt(2 / 3) * (1 - (1 - phi) ** (m + 1)) / (1 - phi) ** m * flow
        growth *= np.sinh(2 * (2 * m - 1) / (2 * m + 1) / 3)
        return [
            material.young * (rate - flow),
            (material.hardening - material.recovery * kappa) * flow,
            d_eta,
            growth + (1 - phi) ** 2 * material.void_volume * d_eta,
        ]

    first = [0.0, material.initial_hardening, material.void_density, material.initial_damage]
    end = solve_ivp(rates, (0, strain / rate), first, "LSODA", rtol=1e-8, atol=1e-10).y[:, -1]
    return end[0], end[3]


@pytest.mark.parametrize("integration", ["reduced", "full", "bbar"])
def test_a_bar_without_pores_is_the_material_point(integration):
    settings = ExplicitSettings(integration, strain_step=5e-5)
    stress, phi = uniaxial_stress(0.03, WEAK)
    specimen = run_for(600, np.zeros((3, 3, 6), bool), settings)
    assert float(axial_stress(specimen)[0]) == pytest.approx((1 - phi) * stress, rel=1e-3)
    np.testing.assert_allclose(specimen.points.phi, phi, rtol=1e-3)


def run_for(steps, field, settings):
    import jax

    def body(count, specimen):
        return step(specimen, contraction_at(count, WEAK, settings), WEAK, settings)

    return jax.jit(lambda s: jax.lax.fori_loop(0, steps, body, s))(
        start(jnp.asarray(field)[None], WEAK, settings)
    )


@pytest.mark.parametrize("preset", ["fast", "printed"])
def test_mirrored_and_turned_pores_give_mirrored_and_turned_damage(preset):
    field = pores(1)
    base = fail_specimen(field, preset)
    for move in (
        lambda a: a[::-1],
        lambda a: a[:, ::-1],
        lambda a: a[:, :, ::-1],
        lambda a: a.swapaxes(0, 1),
    ):
        other = fail_specimen(move(field), preset)
        assert float(other.failure_strain) == pytest.approx(float(base.failure_strain), abs=1.1e-4)
        difference = np.asarray(other.damage) - move(np.asarray(base.damage))
        assert np.abs(difference[np.asarray(other.damage) < 0.8]).max() < 0.02


def test_the_axial_force_is_the_same_in_every_section():
    settings = ExplicitSettings(strain_step=5e-5)
    field = pores(2)
    specimen = run_for(160, field, settings)  # 0.8 %: past general yield, before failure
    points = specimen.points
    stress = jnp.where(specimen.alive, (1 - points.phi) * points.stress[2], 0.0)
    force = np.asarray(stress.sum(axis=(1, 2))[0])
    assert field.any()
    assert force.std() / force.mean() < 0.01


def test_voids_carry_no_damage_and_the_failed_voxel_has_all_of_it():
    field = pores(3)
    result = fail_specimen(field)
    assert (np.asarray(result.damage)[field] == 0.0).all()
    assert float(result.damage[tuple(int(i) for i in result.failed_voxel)]) == 1.0
    assert not field[tuple(int(i) for i in result.failed_voxel)]
    assert float(result.damage.where(~field).min()) == pytest.approx(0.08 / 0.5, rel=1e-3)


def test_a_batch_gives_what_each_specimen_gives_alone_and_freezes_the_finished():
    fields = np.stack([pores(i) for i in range(4, 8)])
    together = fail_specimens(fields, batch=4)
    alone = fail_specimens(fields, batch=1)
    assert len(np.unique(alone.failure_strain)) == 4  # they finish at different steps
    np.testing.assert_array_equal(together.failure_strain, alone.failure_strain)
    np.testing.assert_array_equal(together.failed_voxel, alone.failed_voxel)
    np.testing.assert_allclose(together.damage, alone.damage, atol=2e-3)


def test_the_batch_size_does_not_show_when_it_does_not_divide_the_number():
    fields = np.stack([pores(i) for i in range(4, 7)])
    np.testing.assert_array_equal(
        fail_specimens(fields, batch=2).failure_strain, fail_specimens(fields, batch=1).failure_strain
    )


def test_the_history_passes_through_the_first_failure_and_ends_in_collapse():
    field = pores(2)
    first = fail_specimen(field)
    history = fail_specimen(field, history=True, keep_fields=True)
    assert float(history.failure_strain) == float(first.failure_strain)
    np.testing.assert_allclose(history.damage, first.damage, atol=1e-4)
    stress = history.history_stress.dropna("record")
    assert float(stress[-1]) < 0.1 * float(stress.max())
    failed = history.history_failed.dropna("record")
    assert (np.diff(failed) >= 0).all()
    assert float(failed[-1]) == pytest.approx(float(history.final_failed.sum() / (~field).sum()), rel=1e-5)
    rising = history.history_max_damage.dropna("record")
    assert (np.diff(rising) >= -1e-6).all()
    assert float(rising[-1]) == 1.0
    planes = np.flatnonzero(np.asarray(history.final_failed).any(axis=(0, 1)))
    assert abs(planes - int(first.failed_voxel[2])).min() <= 1
    last = history.history_damage.sel(record=len(failed) - 1)
    assert (np.asarray(last)[np.asarray(history.final_failed)] == 1.0).all()


def test_the_strain_of_failure_converges_with_the_step():
    field = jnp.asarray(pores(3))[None]
    coarse, fine, finest = (
        float(run_to_failure(field, WEAK, ExplicitSettings(strain_step=h)).steps[0]) * h
        for h in (1e-4, 5e-5, 2.5e-5)
    )
    assert abs(coarse - finest) / finest < 0.05
    assert abs(fine - finest) <= abs(coarse - finest) + 5e-5


def test_specimens_that_do_not_fail_or_have_no_pores_say_so():
    assert int(fail_specimen(pores(3), maximum_strain=0.002).status) == NOT_FAILED
    empty = fail_specimen(np.zeros((3, 3, 6), bool), maximum_strain=0.002)
    assert int(empty.status) == NO_PORE
    for unfailed in (empty, fail_specimen(pores(3), maximum_strain=0.002)):
        np.testing.assert_array_equal(unfailed.failed_voxel, -1)  # no place
    assert np.isnan(float(empty.failure_strain))


def test_unusable_specimens_and_presets_are_refused():
    cut = np.zeros(SHAPE, bool)
    cut[:, :, 5] = True
    with pytest.raises(ValueError, match="cut through"):
        fail_specimen(cut)
    with pytest.raises(ValueError, match="axes"):
        fail_specimen(cut[0])
    stairs = np.zeros((6, 6, 12), bool)  # halves that share no node, and no layer that is void
    stairs[:3, :, 4:6] = stairs[3:, :, 6:8] = stairs[2, :, 6] = stairs[3, :, 5] = True
    with pytest.raises(ValueError, match="specimen 1 is cut through: no solid path leads"):
        fail_specimens(np.stack([np.zeros_like(stairs), stairs]))
    with pytest.raises(ValueError, match="fast, printed"):
        fail_specimen(pores(1), "quick")


def test_records_stop_where_the_specimen_has_collapsed():
    _, record, dead = run_to_collapse(
        jnp.asarray(pores(2))[None], WEAK, PRESETS["fast"].solver, every=10, keep_fields=False
    )
    steps = np.asarray(record.steps)[:, 0]
    ends = int((steps > 0).sum())
    assert 0 < ends < len(steps)
    assert (steps[ends:] == 0).all()
    assert np.asarray(dead).any()


def test_voxels_that_share_a_single_node_hold_a_bar_together():
    solid = np.zeros((4, 4, 6), bool)
    solid[:2, :2, :3] = solid[2:, 2:, 3:] = True  # two halves that meet in a corner
    assert int(fail_specimen(~solid, maximum_strain=0.001).status) in (FAILED, NOT_FAILED)
    solid[:2, :2, 2] = False
    with pytest.raises(ValueError, match="cut through"):
        fail_specimen(~solid)


@pytest.mark.parametrize("kind", [np.uint8, int, float])
def test_zeros_and_ones_are_truth_values(kind):
    field = pores(1)
    one, other = (fail_specimens(given[None], maximum_strain=0.01) for given in (field, field.astype(kind)))
    np.testing.assert_array_equal(one.damage, other.damage)
    np.testing.assert_array_equal(one.failure_strain, other.failure_strain)


@pytest.mark.parametrize("wrong", [np.nan, 2.0, 0.5])
def test_other_numbers_are_no_truth_values(wrong):
    with pytest.raises(ValueError, match="must be true or false"):
        fail_specimen(np.where(pores(1), wrong, 0.0))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"maximum_strain": 0.0}, "maximum_strain must be at least a step"),
        ({"maximum_strain": np.nan}, "maximum_strain must be a finite number"),
        ({"maximum_strain": 1e-4, "history": True}, "ends before the first record of the history at 0.001"),
        ({"records_per_percent": 0}, "records_per_percent must be at least 1"),
    ],
)
def test_loading_of_no_length_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        fail_specimen(pores(1), **options)


@pytest.mark.parametrize(
    ("name", "value"), [("strain_step", 0.0), ("strain_rate", -1.0), ("courant", 1.5), ("damping", 1.0)]
)
def test_impossible_loadings_are_refused(name, value):
    with pytest.raises(ValueError, match=f"ExplicitSettings: {name}"):
        ExplicitSettings(**{name: value})
