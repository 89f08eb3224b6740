# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips at finite strain: batches, patches, figures."""

from dataclasses import replace

import numpy as np
import pytest

from mesobayes.fem.strip.settings import StripMeshSettings, StripSolverSettings
from mesobayes.geometry.settings import StripFamily
from mesobayes.geometry.strip import Slot, Strip
from mesobayes.images.patches import PatchGeometry
from mesobayes.images.tensor import tresca
from mesobayes.record.errors import MesobayesError
from mesobayes.record.provenance import Run
from mesobayes.record.store import open_store, write_store
from mesobayes.studies.stress.figures.strip import (
    differences,
    nonlinear_deformed,
    nonlinear_geometry,
    nonlinear_vs_linear_fe,
    outline,
)
from mesobayes.studies.stress.label_noise import LabelNoise, write_noise
from mesobayes.studies.stress.patches import CHANNELS
from mesobayes.studies.stress.stores import STRUCTURES
from mesobayes.studies.stress.strip.data import simulate_batch, simulate_drawn
from mesobayes.studies.stress.strip.label_noise import deviations_of_strips
from mesobayes.studies.stress.strip.merge import merge_strips
from mesobayes.studies.stress.strip.patches import cut_strips
from mesobayes.studies.stress.strip.random_strips import ENDED_EARLY, GOOD, draw_figure_strip, draw_strip
from mesobayes.studies.stress.strip.settings import FigureStrip

RUN = Run("stress", "smoke", "test")
FAMILY = StripFamily("strip", n_pores_min=4, n_pores_max=6, displacement_max=0.6)
MESH = StripMeshSettings(elements_per_radius=2.0, side_size=3.0, far_size=10.0, growth=1.2)
SOLVER = StripSolverSettings()
FIGURE = FigureStrip(0.76, 0.06, 2.45, 0.035, 1.93, 50)


@pytest.fixture(scope="module")
def strips():
    return simulate_batch(FAMILY, (0, 1, 2), "test", MESH, SOLVER, 50)


def test_a_strip_does_not_depend_on_its_batch(strips):
    strip, load = draw_strip(FAMILY, "test", 1)
    assert float(strips["end_displacement"][1]) == load
    np.testing.assert_array_equal(strips["slot"][1], strip.slot.parameters)
    alone = simulate_batch(FAMILY, (1,), "test", MESH, SOLVER, 50)
    np.testing.assert_array_equal(alone["micro_stress"][0], strips["micro_stress"][1])


def test_fields_belong_together(strips):
    assert np.all(strips["status"] == GOOD)
    assert strips["micro_stress"].dims == ("structure", "component", "y", "x")
    void = strips["geometry"].values == 0
    for name in ("micro_tresca", "strain_norm"):
        assert np.all(strips[name].values[void] == 0.0)
    expected = tresca(strips["micro_stress"].values, axis=1)
    np.testing.assert_allclose(strips["micro_tresca"], expected, atol=1e-6)
    assert np.all(strips["coverage"].values[strips["geometry"].values == 1] > 0.2)


def test_end_displacements_lie_in_their_range():
    loads = [draw_strip(FAMILY, "test", index)[1] for index in range(50)]
    assert 0.0 < min(loads) < 0.1 < 0.5 < max(loads) <= FAMILY.displacement_max


def test_a_strip_that_ends_early_stays_with_its_status_and_gives_no_patches(strips, tmp_path):
    drawn = [(Strip(Slot(0.5, 0.06, 2.45, 0.035)), 2.5)]
    early = simulate_drawn(drawn, (3,), FAMILY, MESH, replace(SOLVER, step_min=0.2), 50)
    assert int(early["status"][0]) == ENDED_EARLY
    assert 0.5 < float(early["reached"][0]) < 2.5
    assert "not positive definite" in early["status_reason"].item()
    write_store(strips, tmp_path / "0000.zarr.zip", STRUCTURES, RUN)
    write_store(early, tmp_path / "0001.zarr.zip", STRUCTURES, RUN)
    batches, noise = [tmp_path / "0000.zarr.zip", tmp_path / "0001.zarr.zip"], tmp_path / "noise.zarr.zip"
    write_noise(LabelNoise(np.array([0.01, 0.2]), 1), 0.1, 1.8, noise, RUN)
    merge_strips(batches, noise, tmp_path / "all.zarr.zip", 0.3, RUN)
    merged = open_store(tmp_path / "all.zarr.zip", STRUCTURES)
    assert merged.attrs["reached_share"] == 0.75
    patches = cut_strips(merged, 1, 1000, 0.1, 1, "test")
    assert set(np.unique(patches["structure"])) == {0, 1, 2}
    with pytest.raises(MesobayesError, match="did not reach their end displacement"):
        merge_strips(batches, noise, tmp_path / "all.zarr.zip", 0.1, RUN)
    assert merged.attrs["label_noise_accuracy"] == 0.5


def test_finer_labels_lie_nearer_to_those_of_the_reference():
    noise = [
        deviations_of_strips(FAMILY, (0,), "test", mesh, SOLVER, 2.0, 50, 1).percentiles[0]
        for mesh in (MESH, MESH.refined(2.0))
    ]
    assert noise[1] < noise[0] < 0.2


def test_patches_are_windows_of_the_strip_in_one_unit_of_stress(strips):
    unit = 0.1
    patches = cut_strips(strips, 1, 12, unit, 1, "test")
    geometry = PatchGeometry(1)
    assert patches["input"].shape == (36, geometry.patch, geometry.patch, len(CHANNELS))
    assert np.all(patches["scale"] == np.float32(unit))
    for number in (0, 17, 35):
        patch = patches.isel(patch=number)
        row, column = patch["origin"].values
        window = (slice(row, row + geometry.patch), slice(column, column + geometry.patch))
        strip = strips.isel(structure=int(patch["structure"]))
        macro = strip["macro_stress"].values[(slice(None), *window)] / unit
        np.testing.assert_allclose(np.moveaxis(patch["input"].values[..., :3], -1, 0), macro, rtol=1e-6)
        np.testing.assert_allclose(patch["target"], strip["micro_tresca"].values[window] / unit, atol=1e-5)
    assert set(patches["structure"].values[patches["split"].values == 1]).isdisjoint(
        patches["structure"].values[patches["split"].values == 0]
    )


def test_the_same_windows_are_kept_however_many_strips_there_are(strips):
    few = cut_strips(strips.isel(structure=slice(2)), 1, 12, 0.1, 1, "test")
    many = cut_strips(strips, 1, 12, 0.1, 1, "test")
    np.testing.assert_array_equal(few["origin"], many["origin"][:24])


def test_the_printed_image_holds_the_printed_patches():
    # 80 x 400 pixels and patches of 72 x 72: R is 1.6 pixels then, not 4
    geometry = PatchGeometry(4)
    assert geometry.patch == 72
    assert geometry.roi == 32
    assert geometry.patch <= 80


def test_the_outline_of_a_slot_lies_on_its_edge():
    slot = draw_figure_strip(FAMILY, FIGURE, "test").slot
    np.testing.assert_allclose(slot.signed_distance(*outline(slot).T), 0.0, atol=1e-12)


def test_the_linear_model_falls_below_the_other_the_farther_the_strip_bends(strips):
    loads, shares = differences(strips)
    order = np.argsort(loads)
    assert shares[order[-1]] < shares[order[0]] < 0.01


def test_the_figures_say_how_far_the_strip_was_bent(strips):
    one = strips.isel(structure=slice(1))
    geometry = nonlinear_geometry(FAMILY, FIGURE, RUN)
    assert geometry.drawn["slot"] == pytest.approx((0.82, 0.06, 2.415, 0.035))
    deformed = nonlinear_deformed(one, FIGURE, RUN)
    assert deformed.numbers["uy_end"].value == pytest.approx(-float(one["reached"][0]), abs=1e-4)
    compared = nonlinear_vs_linear_fe(one, strips, RUN)
    assert compared.numbers["claim"].n == 3
    for drawing in (geometry, deformed, compared):
        drawing.figure.canvas.draw()
