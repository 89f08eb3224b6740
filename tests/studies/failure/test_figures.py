# SPDX-License-Identifier: GPL-3.0-or-later
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from mesobayes.drawing.bars import DEPTH, Layer, bar_axes, draw_bar, project
from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.style import BLUE, VERMILION, new_figure
from mesobayes.drawing.target import target_record
from mesobayes.fem.bar.settings import Material
from mesobayes.geometry.settings import PorositySettings
from mesobayes.nets.settings import HeteroencoderSettings
from mesobayes.record.provenance import Run
from mesobayes.studies.failure.figures.network import heteroencoder_architecture
from mesobayes.studies.failure.figures.readings import censored_median
from mesobayes.studies.failure.figures.tables import (
    constitutive_parameters,
    heteroencoder_layers,
    model_variants,
    tabulate_materials,
)
from mesobayes.studies.failure.fit_settings import NetworksSettings

REGISTRY = read_registry(Path(__file__).parents[3] / "workflow" / "figures.yaml")
RUN = Run("failure", "paper", "test")


def networks(filters=8):
    point = HeteroencoderSettings(filters=filters)
    return NetworksSettings(point, replace(point, estimator="flipout"), replace(point, name="modern"))


def verdicts(slug, result):
    """Verdict, our value and the printed one by key."""
    record = target_record(REGISTRY[slug], result.numbers, RUN)
    return {entry["key"]: entry for entry in record["printed"]}


def test_the_projection_moves_depth_right_and_up():
    np.testing.assert_allclose(project(np.float64(0.0), np.float64(1.0), np.float64(0.0)), DEPTH)
    np.testing.assert_allclose(project(np.float64(2.0), np.float64(0.0), np.float64(3.0)), (2.0, 3.0))


def collection(voxels, colour=BLUE):
    axes = bar_axes(new_figure(), 111)
    draw_bar(axes, voxels.shape, [Layer(voxels, colour, 1.0)])
    return axes.collections[0]


def test_a_single_voxel_shows_three_faces_and_two_that_touch_show_five():
    voxels = np.zeros((2, 2, 3), bool)
    voxels[0, 0, 0] = True
    assert len(collection(voxels).get_paths()) == 3
    voxels[0, 0, 1] = True
    assert len(collection(voxels).get_paths()) == 5


def test_the_nearer_voxel_is_drawn_last():
    voxels = np.zeros((1, 4, 1), bool)
    axes = bar_axes(new_figure(), 111)
    near, far = voxels.copy(), voxels.copy()
    near[:, 0], far[:, 2] = True, True
    draw_bar(axes, voxels.shape, [Layer(near, BLUE, 1.0), Layer(far, VERMILION, 1.0)])
    colours = axes.collections[0].get_facecolors()[:, :3]
    fronts = [i for i, c in enumerate(colours) if any(np.allclose(c, to_rgb(n)) for n in (BLUE, VERMILION))]
    np.testing.assert_allclose(colours[fronts[-1]], to_rgb(BLUE))


def test_an_empty_layer_leaves_the_edges_of_the_bar():
    axes = bar_axes(new_figure(), 111)
    draw_bar(axes, (2, 2, 4), [Layer(np.zeros((2, 2, 4), bool), BLUE)])
    assert not axes.collections
    assert len(axes.lines) == 12


TABLES = {
    "constitutive_parameters": constitutive_parameters(RUN),
    "model_variants": model_variants(RUN),
    "heteroencoder_layers": heteroencoder_layers(networks(), RUN),
}


@pytest.mark.parametrize("slug", TABLES)
def test_a_table_holds_every_printed_value(slug):
    entries = verdicts(slug, TABLES[slug])
    assert list(entries) == [value.key for value in REGISTRY[slug].printed]
    for entry in entries.values():
        assert entry["verdict"] in ("shown", "setting"), entry
        trained_on_another = slug == "constitutive_parameters" and entry["key"] == "m"
        assert entry["ours"] == (5 if trained_on_another else entry["printed"]), entry
    assert len({len(row) for row in TABLES[slug].rows}) == 1


def test_another_number_of_filters_changes_the_layers_and_their_verdicts():
    table = heteroencoder_layers(networks(filters=4), RUN)
    assert table.rows[1:] != TABLES["heteroencoder_layers"].rows[1:]
    entries = verdicts("heteroencoder_layers", table)
    assert {entry["verdict"] for entry in entries.values()} == {"contradicts the paper"}
    assert entries["params_det[0]"]["ours"] == 27 * 4 + 4


def test_another_damage_exponent_changes_its_row_of_the_constants_alone():
    printed = TABLES["constitutive_parameters"]
    changed = tabulate_materials(Material(), Material(damage_exponent=3.0))
    rows = [new[1] for new, old in zip(changed.rows, printed.rows, strict=True) if new != old]
    assert rows == ["m"]
    entry = verdicts("constitutive_parameters", changed)["m"]
    assert (entry["ours"], entry["verdict"]) == (3.0, "setting")
    assert "not 2" in entry["reason"]


@pytest.mark.parametrize(
    ("filters", "shape", "latent"), [(8, (20, 20, 80), 4000), (4, (12, 12, 48), 4 * 3 * 3 * 12)]
)
def test_the_schematic_is_drawn_from_the_network_and_the_grid_in_use(filters, shape, latent):
    network, grid = HeteroencoderSettings(filters=filters), PorositySettings(shape)
    drawing = heteroencoder_architecture(network, grid, RUN)
    assert drawing.drawn["latent"] == latent
    assert f"{latent} values in the narrowest layer" in drawing.figure.get_supxlabel()
    assert verdicts("heteroencoder_architecture", drawing)["latent_text"]["verdict"] == "misprint"


def test_specimens_that_do_not_fail_count_as_infinite_strain_in_a_median():
    assert censored_median(np.array([2.0, np.nan, 1.0, 3.0, np.nan])) == 3.0
    assert censored_median(np.array([1.0, np.nan, np.nan])) == np.inf
