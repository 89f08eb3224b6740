# SPDX-License-Identifier: GPL-3.0-or-later
import csv
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Annotated

import numpy as np
import pytest
import xarray as xr
from matplotlib import rcParams

from mesobayes.drawing.drawing import Drawing, Number, Reads, Table
from mesobayes.drawing.style import new_figure
from mesobayes.drawing.target import make_target
from mesobayes.record.errors import SettingsError, StoreError
from mesobayes.record.provenance import Run
from mesobayes.record.settings import Count, settings
from mesobayes.record.store import write_store

REGISTRY = Path(__file__).parents[2] / "workflow" / "figures.yaml"
RUN = Run("permeability", "paper", "seed", "configuration", "code")


@settings
class Filters:
    number: Count
    names: tuple[str, ...]


def se_block(
    cells: xr.Dataset, others: list[xr.Dataset], weights: Path, filters: Filters, run: Run
) -> Drawing:
    figure = new_figure()
    figure.add_subplot().plot(cells["x"].values)
    assert rcParams["pdf.fonttype"] == 42, "drawn in the style of the project"
    drawn = {
        "x": cells["x"].values,
        "others": [float(other["x"].sum()) for other in others],
        "weights": weights.name,
        "names": filters.names,
        "label": run.label,
        "undefined": float("nan"),
    }
    return Drawing(figure, {"reduction": Number(filters.number)}, drawn)


def heteroencoder_layers(counts: tuple[int, ...]) -> Table:
    rows = [("layer", "weights"), *enumerate(counts, 1)]
    numbers = {f"params_det[{i}]": Number.exact(count) for i, count in enumerate(counts)}
    return Table(rows, numbers | {"sum_det": Number.exact(sum(counts))}, {"layers": len(counts)})


@pytest.fixture(autouse=True)
def figures(monkeypatch):
    """A module of a study's figures."""
    module = ModuleType("toy_figures")
    module.se_block, module.heteroencoder_layers, module.wrong = se_block, heteroencoder_layers, lambda: None
    monkeypatch.setitem(sys.modules, "toy_figures", module)


def store(path, values, scale="paper"):
    write_store(xr.Dataset({"x": ("i", np.asarray(values, float))}), path, "toy/x", Run("s", scale, "seed"))
    return path


def draw_figure(folder, scale="paper", **run):
    inputs = {
        "cells": store(folder / "cells.zarr.zip", [1, 2, 3], scale),
        "others": [store(folder / f"{i}.zarr.zip", [i, i]) for i in range(2)],
        "weights": folder / "weights.zarr.zip",
    }
    outputs = {ending: folder / f"fig.{ending}" for ending in ("pdf", "png", "json")}
    values = {"filters": {"number": 16, "names": ["a", "b"]}}
    make_target("se_block", "toy_figures:se_block", values, REGISTRY, inputs, outputs, RUN)
    return outputs


def draw_table(folder, counts=(224, 1736, 1736, 1736, 1736, 217), run=RUN):
    outputs = {ending: folder / f"table.{ending}" for ending in ("csv", "json")}
    values = {"counts": list(counts)}
    make_target("heteroencoder_layers", "toy_figures", values, REGISTRY, {}, outputs, run)
    return outputs


def verdicts(path):
    return {entry["key"]: entry["verdict"] for entry in json.loads(path.read_text())["printed"]}


def test_a_figure_gets_opened_stores_settings_paths_and_the_run(tmp_path):
    outputs = draw_figure(tmp_path)
    assert outputs["pdf"].read_bytes().startswith(b"%PDF")
    assert outputs["png"].read_bytes().startswith(b"\x89PNG")
    content = json.loads(outputs["json"].read_text())
    assert content["drawn"] == {
        "x": [1.0, 2.0, 3.0],
        "others": [0.0, 2.0],
        "weights": "weights.zarr.zip",
        "names": ["a", "b"],
        "label": "scale paper, seed seed",
        "undefined": None,
    }
    assert content["printed"] == [
        {
            "key": "reduction",
            "printed": 16,
            "compare": "setting",
            "ours": 16,
            "low": None,
            "high": None,
            "n": 1,
            "verdict": "setting",
            "reason": "ours is the paper's",
        }
    ]


def test_the_record_says_where_everything_comes_from(tmp_path):
    content = json.loads(draw_figure(tmp_path)["json"].read_text())
    expected = {
        "slug": "se_block",
        "paper": "krokos2022",
        "number": "6",
        "settings_of_the_paper": {"reduction": 16},
        "scale": "paper",
        "seed": "seed",
        "overrides": [],
        "config_hash": "configuration",
        "code_hash": "code",
    }
    assert {key: content[key] for key in expected} == expected
    assert content["versions"]["numpy"] == np.__version__
    assert [len(content["inputs"][name]) for name in ("cells", "others", "weights")] == [1, 2, 1]
    assert content["inputs"]["cells"][0]["schema"] == "toy/x"
    assert content["wall_time_s"] >= 0


def test_a_table_is_a_csv_whose_rows_say_their_scale_and_seed(tmp_path):
    outputs = draw_table(tmp_path)
    with outputs["csv"].open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {"layer": "1", "weights": "224", "scale": "paper", "seed": "seed"}
    content = json.loads(outputs["json"].read_text())
    assert content["rows"][:2] == [["layer", "weights"], [1, 224]]
    assert content["drawn"] == {"layers": 6}


def test_a_count_of_ours_that_differs_contradicts_and_a_missing_one_does_not(tmp_path):
    found = verdicts(draw_table(tmp_path)["json"])
    assert {found[f"params_det[{i}]"] for i in range(6)} == {found["sum_det"]} == {"shown"}
    assert found["sum_bayes"] == "not shown at this scale"
    found = verdicts(draw_table(tmp_path, (448, 1736, 1736, 1736, 1736, 217))["json"])
    assert (found["params_det[0]"], found["params_det[1]"]) == ("contradicts the paper", "shown")


def test_a_modified_run_says_so_and_contradicts_nothing(tmp_path):
    run = Run("failure", "paper", "seed", overrides=("failure.fit.filters",))
    outputs = draw_table(tmp_path, (1, 2, 3, 4, 5, 6), run)
    assert set(verdicts(outputs["json"]).values()) == {"not shown at this scale"}
    assert json.loads(outputs["json"].read_text())["overrides"] == ["failure.fit.filters"]
    assert "paper, modified" in outputs["csv"].read_text()


def test_an_input_of_another_scale_is_refused_by_name(tmp_path):
    with pytest.raises(StoreError, match=r"cells\.zarr\.zip is of scale small, not paper: delete it and run"):
        draw_figure(tmp_path, scale="small")


@pytest.mark.parametrize(
    ("slug", "function", "words"),
    [
        ("se_block", "toy_figures:nothing", "toy_figures has no function 'nothing' to draw se_block"),
        ("se_block", "toy_figures:wrong", "returns NoneType, but se_block is a figure"),
        ("se_blok", "toy_figures", "did you mean 'se_block'"),
    ],
)
def test_a_function_that_does_not_fit_its_target_is_refused(tmp_path, slug, function, words):
    with pytest.raises(SettingsError, match=words):
        make_target(slug, function, {}, REGISTRY, {}, {}, RUN)


def test_a_number_that_the_registry_does_not_know_is_refused(tmp_path):
    with pytest.raises(SettingsError, match=r"prints no params_det\[6\] in heteroencoder_layers"):
        draw_table(tmp_path, range(7))


def test_what_was_drawn_before_stays_when_drawing_fails(tmp_path, monkeypatch):
    outputs = draw_figure(tmp_path)
    before = {ending: path.read_bytes() for ending, path in outputs.items()}

    def savefig(figure, path, format, **options):
        Path(path).write_bytes(b"half a file")
        if format == "png":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("matplotlib.figure.Figure.savefig", savefig)
    with pytest.raises(StoreError, match="the disk is full"):
        draw_figure(tmp_path)
    assert {ending: path.read_bytes() for ending, path in outputs.items()} == before
    assert not [path for path in tmp_path.iterdir() if ".tmp." in path.name]


def some_of(cells: Annotated[list[xr.Dataset], Reads("x")], run: Run) -> Drawing:
    return Drawing(new_figure(), {}, {"read": [sorted(map(str, one.data_vars)) for one in cells]})


def test_a_function_reads_only_the_variables_that_it_asks_for(tmp_path, figures, monkeypatch):
    monkeypatch.setattr(sys.modules["toy_figures"], "some_of", some_of, raising=False)
    data = xr.Dataset({"x": ("sample", [1.0]), "large": ("sample", [2.0])})
    write_store(data, tmp_path / "cells.zarr.zip", "toy/cells", RUN)
    outputs = {ending: tmp_path / f"fig.{ending}" for ending in ("pdf", "png", "json")}
    inputs = {"cells": [tmp_path / "cells.zarr.zip"]}
    make_target("se_block", "toy_figures:some_of", {}, REGISTRY, inputs, outputs, RUN)
    record = json.loads(outputs["json"].read_text(encoding="utf-8"))
    assert record["drawn"]["read"] == [["x"]]
    assert record["inputs"]["cells"][0]["schema"] == "toy/cells"
