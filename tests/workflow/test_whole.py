# SPDX-License-Identifier: GPL-3.0-or-later
"""Every built figure and table of all studies at scale smoke: the files are opened and looked at."""

import csv
import json

import numpy as np
import pytest
import yaml
from matplotlib.image import imread
from pypdf import PdfReader

from mesobayes.drawing.judge import CALIBRATED, HARDWARE, MISPRINT, NO_VERDICT, PLANNED, SETTING
from mesobayes.record.provenance import config_hash
from mesobayes.record.settings import plain
from mesobayes.studies.configuration import resolve

RECORDS = "benchmarks/records/"  # of benchmarks, which are part of the repository
INK = 0.02  # a pixel differs from white by so much
ASIDES = {"setting": SETTING, "calibrated": CALIBRATED, "misprint": MISPRINT, "hardware": HARDWARE}


@pytest.fixture(scope="module")
def results(finished):
    return finished.path / "results"


def record_of(results, target):
    path = results.parent / (target.files[2] if target.output == "figure" else target.record("smoke"))
    return json.loads(path.read_text(encoding="utf-8"))


def descendants(font):
    return [inner.get_object() for inner in font.get("/DescendantFonts", [font])]


def assert_fonts_are_embedded(page):
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert fonts
    for font in fonts:
        for inner in descendants(font):
            assert "/FontFile2" in inner["/FontDescriptor"].get_object(), font["/BaseFont"]


def ink(path):
    """Return which pixels of a picture are not white, from the lower left."""
    return (imread(path)[::-1, :, :3] < 1 - INK).any(axis=-1)


def test_a_figure_is_one_vector_page_with_embedded_fonts_that_says_its_scale(results, figure):
    (page,) = PdfReader(results.parent / figure.files[0]).pages
    record = record_of(results, figure)
    assert_fonts_are_embedded(page)
    # pixels only where a field is shown as an image: every line, marker and word is a path or a glyph
    assert len(page.images) <= sum(panel["images"] for panel in record["panels"])
    text = " ".join(page.extract_text().split())
    if any(
        not file.startswith(RECORDS) for file, _ in record["made_from"]
    ):  # others are the same at every scale
        assert "scale smoke" in text
        assert "seed mesobayes" in text


def test_nothing_of_a_figure_is_cut_off_and_no_panel_is_empty(results, figure):
    drawn = ink(results.parent / figure.files[1])
    rows, columns = drawn.shape
    assert not drawn[[0, -1]].any()
    assert not drawn[:, [0, -1]].any()
    panels = record_of(results, figure)["panels"]
    assert panels
    for number, panel in enumerate(panels):
        left, lower, right, upper = panel["place"]
        frame = 3  # pixels: the spines of an empty panel are no content
        inside = drawn[
            int(lower * rows) + frame : int(np.ceil(upper * rows)) - frame,
            int(left * columns) + frame : int(np.ceil(right * columns)) - frame,
        ]
        assert inside.any(), f"panel {number} at {panel['place']} is empty"


def assert_complete(record, target):
    assert record["slug"] == target.slug
    assert (record["title"], record["caption"]) == (target.title, target.caption)
    assert (record["scale"], record["seed"], record["overrides"]) == ("smoke", "mesobayes", [])
    hashes = ("config_hash", "code_hash", "settings_hash", "configuration")
    assert [len(record[name]) for name in hashes] == [16] * 4
    named = [origin["file"] for files in record["inputs"].values() for origin in files]
    assert sorted(named) == [file for file, _ in record["made_from"]]
    assert {"python", "jax", "numpy", "gmsh"} <= set(record["versions"])
    assert record["wall_time_s"] >= 0
    for files in record["inputs"].values():
        for origin in files:
            assert origin["file"].startswith(("results/smoke/", RECORDS))
            if origin["file"].endswith(".zarr.zip") and "schema" in origin:
                assert len(origin["config_hash"]) == len(origin["code_hash"]) == 16
    assert_compared(record, target)


def assert_compared(record, target):
    """Every printed value stands beside ours; at smoke no claim has a verdict."""
    assert [(entry["key"], entry["printed"]) for entry in record["printed"]] == [
        (value.key, value.value) for value in target.printed
    ]
    for entry, value in zip(record["printed"], target.printed, strict=True):
        assert entry["verdict"] == (NO_VERDICT if value.is_claim else ASIDES[value.compare]), entry
        assert entry["reason"], entry
        assert {"ours", "low", "high", "n", "compare"} <= set(entry)


def test_the_record_of_a_figure_is_complete(results, figure):
    record = record_of(results, figure)
    assert_complete(record, figure)
    assert record["drawn"]
    if figure.kind == "data":
        assert record["inputs"] or "seed" in record["drawn"]


def test_a_table_has_rows_and_a_complete_record(results, table):
    with (results.parent / table.files[0]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    for row in rows:
        assert (row["scale"], row["seed"]) == ("smoke", "mesobayes")
        assert any(value for key, value in row.items() if key not in ("scale", "seed"))
        assert None not in row  # a cell too many
        assert None not in row.values()  # a cell too few
    record = record_of(results, table)
    assert_complete(record, table)
    assert len(record["rows"]) == len(rows) + 1


def test_the_table_of_all_printed_values_gives_none_a_verdict_at_smoke(results, made):
    with (results / "table_reproduction.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    values = {
        (target.slug, value.key): value for target in made if not target.beyond for value in target.printed
    }
    found = {(row["target"], row["quantity"]): row["verdict"] for row in rows}
    assert set(values) <= set(found)
    for key, verdict in found.items():
        if key in values and values[key].is_claim:
            assert verdict == NO_VERDICT, key
        else:
            assert verdict in (PLANNED, *ASIDES.values()), key
    for page in PdfReader(results / "table_reproduction.pdf").pages:
        assert_fonts_are_embedded(page)


def test_the_resolved_configuration_is_kept_under_its_hash(results, finished):
    (path,) = (results / "configurations").glob("*.yaml")
    written = yaml.safe_load(path.read_text())
    assert config_hash(written) == path.stem
    config = yaml.safe_load((finished.path / "config.yaml").read_text()) | {"scale": "smoke"}
    assert written == plain(resolve(config, finished.path / "workflow/scales"))


def test_every_job_left_a_log_that_says_something_and_nothing_half_written(finished):
    logs = sorted((finished.path / "logs").rglob("*.log"))
    assert len(logs) == sum(finished.first.jobs.values()) - finished.first.jobs["all"]
    for log in logs:
        text = log.read_text(encoding="utf-8")
        first, *_, last = text.splitlines()
        assert first.startswith("begun "), log
        assert last.startswith("done in "), log
        assert "warning" not in text.lower(), log
    assert finished.first.text.count(" | done in ") == len(logs)  # behind the name of the job
    assert "\ntime left: about " in finished.first.text
    assert not list(finished.path.rglob("*.tmp.*"))
    assert not list((finished.path / "results/smoke/checkpoints").rglob("*.npz"))
