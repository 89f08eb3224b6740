# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of structures: independence of the batch, replacement of failures, schema."""

import numpy as np
import pytest
import xarray as xr

from mesobayes.fem.errors import MeshError
from mesobayes.fem.plate.settings import MeshSettings, PlateSolver
from mesobayes.geometry import PlacementError, PlateFamily
from mesobayes.studies.stress import data as structures
from mesobayes.studies.stress.data import simulate_batch
from mesobayes.studies.stress.plates import draw_structure

FAMILY = PlateFamily(
    "tiny", 18.0, 5.0, n_ellipses=1, semi_axis_min=1.0, semi_axis_max=2.0, n_pores_min=1, n_pores_max=2
)
COARSE = MeshSettings(3.0, 1.5)


def simulate(indices, **options):
    return simulate_batch(FAMILY, indices, "seed", COARSE, 2, **options)


def test_numbers_do_not_depend_on_the_batch():
    whole = simulate(range(3))
    parts = xr.concat([simulate([0]), simulate([1, 2])], dim="structure", data_vars="all", join="exact")
    for name in whole.data_vars:
        np.testing.assert_array_equal(whole[name], parts[name])


def test_structures_solved_together_on_the_device_are_those_of_the_cores():
    cores, device = simulate(range(3)), simulate(range(3), solver=PlateSolver("device"))
    for name in cores.data_vars:
        if cores[name].dtype.kind == "f":
            np.testing.assert_allclose(device[name], cores[name], rtol=0.0, atol=1e-6)
        else:
            np.testing.assert_array_equal(device[name], cores[name])


def test_a_structure_whose_iteration_does_not_end_is_given_up_with_the_reason(monkeypatch):
    monkeypatch.setattr(structures, "_MAX_FAILED_DRAWS", 1)
    batch = simulate([0], solver=PlateSolver("device", iterations_max=2))
    assert batch.status.values.tolist() == [1]
    assert "draw 0: SolveError: conjugate gradients left a relative residual" in str(
        batch.status_reason.values[0]
    )


def test_structures_follow_from_the_study_seed():
    assert draw_structure(FAMILY, "seed", 0)[0] == draw_structure(FAMILY, "seed", 0)[0]
    assert draw_structure(FAMILY, "seed", 0)[0] != draw_structure(FAMILY, "other", 0)[0]
    assert draw_structure(FAMILY, "seed", 0)[0] != draw_structure(FAMILY, "seed", 1)[0]


def test_batch_has_the_schema_and_consistent_fields():
    done = []
    batch = simulate([4, 5], report=lambda *progress: done.append(progress[:2]))
    assert done == [(1, 2), (2, 2)]
    assert dict(batch.micro_stress.sizes) == {"structure": 2, "load": 3, "component": 3, "y": 36, "x": 36}
    np.testing.assert_allclose(np.linalg.norm(batch.strain, axis=1), 1.0)
    void = batch.geometry.values == 0
    assert void.any()
    assert np.all(batch.micro_tresca.values[void] == 0.0)
    assert np.all(batch.coverage.values[void] <= 0.75)
    assert np.all(batch.coverage.values[~void] >= 0.25)
    combined = np.einsum("sl,slcyx->scyx", batch.strain, batch.micro_stress)
    tresca = np.hypot(0.5 * (combined[:, 0] - combined[:, 1]), combined[:, 2])
    np.testing.assert_allclose(batch.micro_tresca, tresca, atol=1e-5)
    assert batch.ellipse.notnull().all()
    assert batch.pore[:, 0].notnull().all()
    assert all(np.isfinite(batch[name]).all() for name in ("macro_stress", "micro_stress", "far_stress"))
    assert batch.attrs["failed_draw_count"] == 0


def fail_until(monkeypatch, failures):
    """Make the first `failures` meshes raise."""
    mesh, calls = structures.mesh_plate, []

    def flaky(*args):
        calls.append(args)
        if len(calls) <= failures:
            raise MeshError("gmsh failed on purpose.")
        return mesh(*args)

    monkeypatch.setattr(structures, "mesh_plate", flaky)


def test_a_failed_draw_is_recorded_and_replaced_by_the_next(monkeypatch):
    fail_until(monkeypatch, 2)
    batch = simulate([0])
    assert batch.attrs["failed_draw_count"] == 2
    assert int(batch.failed_draws[0]) == 2
    assert int(batch.status[0]) == 0
    assert "draw 1: MeshError: gmsh failed on purpose." in str(batch.status_reason.values[0])
    plate, strain = draw_structure(FAMILY, "seed", 0, 2)
    np.testing.assert_array_equal(batch.strain[0], strain)
    np.testing.assert_array_equal(batch.ellipse[0, 0], plate.ellipses[0].parameters)


def test_a_structure_that_always_fails_is_given_up_and_the_others_are_kept(monkeypatch):
    fail_until(monkeypatch, 5)
    batch = simulate([7, 0])
    assert batch.status.values.tolist() == [1, 0]
    assert int(batch.failed_draws[0]) == 5
    assert "draw 4: MeshError: gmsh failed on purpose." in str(batch.status_reason.values[0])
    assert not batch.micro_tresca[0].any()
    assert batch.micro_tresca[1].any()


def test_a_family_without_room_is_not_retried():
    crowded = PlateFamily("crowded", 18.0, 5.0, n_ellipses=3, semi_axis_min=3.0, semi_axis_max=4.0)
    with pytest.raises(PlacementError, match="crowded"):
        simulate_batch(crowded, [0], "seed")
