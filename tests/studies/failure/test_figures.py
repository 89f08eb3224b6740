# SPDX-License-Identifier: GPL-3.0-or-later
import csv
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from mesobayes.drawing.bars import DEPTH, Layer, bar_axes, draw_bar, project
from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.style import BLUE, VERMILION, new_figure
from mesobayes.jobs.fig_bridgman import draw_figure
from mesobayes.jobs.table_bridgman import write_table
from mesobayes.record.provenance import Provenance

REGISTRY = Path(__file__).parents[3] / "workflow" / "figures.yaml"
ORIGIN = Provenance("failure", "smoke", "test", "0" * 16, "0" * 16)


def test_the_projection_moves_depth_right_and_up():
    np.testing.assert_allclose(project(np.float64(1.0), np.float64(0.0), np.float64(0.0)), DEPTH)
    np.testing.assert_allclose(project(np.float64(0.0), np.float64(2.0), np.float64(3.0)), (3.0, 2.0))


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
    voxels = np.zeros((4, 1, 1), bool)
    axes = bar_axes(new_figure(), 111)
    near, far = voxels.copy(), voxels.copy()
    near[0], far[2] = True, True
    draw_bar(axes, voxels.shape, [Layer(near, BLUE, 1.0), Layer(far, VERMILION, 1.0)])
    colours = axes.collections[0].get_facecolors()[:, :3]
    fronts = [i for i, c in enumerate(colours) if any(np.allclose(c, to_rgb(n)) for n in (BLUE, VERMILION))]
    np.testing.assert_allclose(colours[fronts[-1]], to_rgb(BLUE))


def test_an_empty_layer_leaves_the_edges_of_the_bar():
    axes = bar_axes(new_figure(), 111)
    draw_bar(axes, (2, 2, 4), [Layer(np.zeros((2, 2, 4), bool), BLUE)])
    assert not axes.collections
    assert len(axes.lines) == 12


@pytest.mark.parametrize("slug", ["constitutive_parameters", "model_variants", "heteroencoder_layers"])
def test_a_table_holds_every_printed_value(tmp_path, slug):
    write_table(slug, REGISTRY, tmp_path / "t.csv", tmp_path / "t.json", ORIGIN)
    record = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert [p["key"] for p in record["printed"]] == [v.key for v in read_registry(REGISTRY)[slug].printed]
    for entry in record["printed"]:
        assert entry["verdict"] == "shown", entry
        assert entry["ours"] == entry["printed"], entry
    with (tmp_path / "t.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert len({len(row) for row in rows}) == 1


def test_the_schematic_is_drawn_from_the_network_and_recorded(tmp_path):
    files = {name: tmp_path / f"f.{name}" for name in ("pdf", "png")}
    draw_figure(
        "heteroencoder_architecture", {}, REGISTRY, record=tmp_path / "f.json", provenance=ORIGIN, **files
    )
    record = json.loads((tmp_path / "f.json").read_text(encoding="utf-8"))
    assert record["drawn"]["latent"] == 8 * 5 * 5 * 20
    assert record["printed"][0]["verdict"] == "not shown at this scale"
    assert all(path.stat().st_size > 1000 for path in files.values())
