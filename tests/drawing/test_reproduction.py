# SPDX-License-Identifier: GPL-3.0-or-later
import csv
import itertools
import json
from pathlib import Path

import pytest
from pypdf import PdfReader

from mesobayes.drawing.drawing import Number
from mesobayes.drawing.registry import ASIDES, read_registry
from mesobayes.drawing.reproduction import (
    draw_pages,
    reproduction_rows,
    save_table,
    summary,
    table_reproduction,
)
from mesobayes.drawing.target import target_record
from mesobayes.record.errors import StoreError
from mesobayes.record.provenance import Run

PATH = Path(__file__).parents[2] / "workflow" / "figures.yaml"
REGISTRY = read_registry(PATH)
TARGET = REGISTRY["selective_learning"]


def record(numbers=None, scale="small", overrides=(), target=TARGET):
    """Record of a target with half of every printed number, or with the given numbers."""
    if numbers is None:
        numbers = {v.key: Number.of([0.4 * v.value, 0.6 * v.value], "half of it") for v in target.printed}
        numbers[target.printed[-1].key] = None  # a plateau that was never reached
    run = Run("study", scale, "seed", overrides=tuple(overrides))
    return json.loads(json.dumps(target_record(target, numbers, run)))


def rows(**options):
    return reproduction_rows(REGISTRY, {TARGET.slug: record(**options)})


def row_of(quantity, table, target=TARGET):
    (row,) = [row for row in table if (row.target, row.quantity) == (target.slug, quantity)]
    return row


def test_every_printed_value_has_one_row():
    found = [(row.target, row.quantity) for row in rows()]
    assert found == [(t.slug, v.key) for t in REGISTRY.targets for v in t.printed]


def test_what_no_figure_speaks_of_is_planned():
    others = [row for row in rows() if row.target != TARGET.slug]
    assert {row.verdict for row in others} == {"planned"}
    assert {(row.ours, row.difference, row.scale, row.reason) for row in others} == {("", "", "", "")}


def test_ours_stands_beside_the_printed_value_with_its_interval_and_difference():
    row = row_of("plateau_accuracy", rows())
    assert (row.printed, row.compared, row.scale, row.n) == (0.75, "at least 0.75", "small", 2)
    assert (row.ours, row.difference) == pytest.approx((0.375, -0.375))
    assert row.low < row.ours < row.high
    assert row.verdict == "not shown at this scale"
    assert row.reason.endswith("half of it")


def test_a_value_without_a_number_of_ours_has_no_difference():
    row = row_of(TARGET.printed[-1].key, rows())
    assert (row.ours, row.low, row.high, row.n, row.difference) == ("", "", "", "", "")
    assert row.reason == "no number of ours stands for it"


def test_a_modified_scale_says_so():
    assert {row.scale for row in rows(overrides=["stress.mesh.order"])} == {"small, modified", ""}


@pytest.mark.parametrize(
    ("accuracy", "verdict"),
    [(0.80, "shown"), (0.70, "contradicts the paper"), (0.75, "not shown at this scale")],
)
def test_another_number_of_ours_changes_the_row(accuracy, verdict):
    numbers = {"plateau_accuracy": Number(accuracy, accuracy - 0.02, accuracy + 0.02, 5)}
    row = row_of("plateau_accuracy", rows(numbers=numbers, scale="paper"))
    assert (row.ours, row.verdict) == (accuracy, verdict)


def test_an_input_that_changes_changes_the_row():
    materials = REGISTRY["magnetic_materials"]
    found = {}
    for inclusion in (250.0, 10.0):
        content = record({"matrix": Number(1.0), "inclusion": Number(inclusion)}, "paper", (), materials)
        table = reproduction_rows(REGISTRY, {materials.slug: content})
        row = row_of("inclusion", table, materials)
        found[inclusion] = (row.ours, row.verdict, row.same, row.reason)
        assert f"({int(row.same == 'yes') + 1} as in the paper" in summary(table)[1]
    assert found == {
        250.0: (250.0, "setting", "yes", "ours is the paper's"),
        10.0: (10.0, "setting", "no", "ours is 10, not 250"),
    }


def test_claims_are_counted_by_verdict_and_all_else_apart():
    values = [value for target in REGISTRY.targets for value in target.printed]
    apart = {kind: sum(value.compare == kind for value in values) for kind in ASIDES}
    claims = sum(value.is_claim for value in values)
    assert claims + sum(apart.values()) == len(values)
    materials = REGISTRY["magnetic_materials"]
    records = {
        TARGET.slug: record(),
        materials.slug: record({"matrix": Number(1.0), "inclusion": Number(10.0)}, "small", (), materials),
    }
    first, second = summary(reproduction_rows(REGISTRY, records))
    assert first == (
        f"{claims} claims: 0 shown, 4 not shown at this scale, 0 contradicts the paper, 0 no verdict, "
        f"{claims - 4} planned"
    )
    assert second == (
        f"counted apart: {apart['setting']} settings (1 as in the paper, 1 not, "
        f"{apart['setting'] - 2} planned), "
        f"{apart['calibrated']} calibrated, {apart['misprint']} misprints, "
        f"{apart['hardware']} times on other hardware"
    )


def test_a_figure_that_leaves_out_a_printed_value_is_refused():
    content = record()
    del content["printed"][0]
    with pytest.raises(StoreError, match=r"selective_learning\.json says nothing about .*'plateau_accuracy'"):
        reproduction_rows(REGISTRY, {TARGET.slug: content})


@pytest.mark.parametrize(("key", "other"), [("printed", 0.7), ("compare", "at_most")])
def test_a_record_of_another_registry_is_refused(key, other):
    content = record()
    content["printed"][0][key] = other
    with pytest.raises(StoreError, match="'plateau_accuracy' otherwise than the registry"):
        reproduction_rows(REGISTRY, {TARGET.slug: content})


def test_a_verdict_of_another_kind_is_refused():
    content = record()
    content["printed"][0]["verdict"] = "nearly"
    with pytest.raises(StoreError, match="unknown verdict 'nearly'"):
        reproduction_rows(REGISTRY, {TARGET.slug: content})


def test_the_stage_reads_records_and_says_what_it_counted(tmp_path, capsys):
    path = tmp_path / "fig_selective_learning.json"
    path.write_text(json.dumps(record()))
    run = Run("all", "small", "seed")
    table_reproduction([path], PATH, tmp_path / "t.csv", tmp_path / "t.pdf", tmp_path / "t.json", run)
    assert "4 not shown at this scale" in capsys.readouterr().out
    table_reproduction(None, PATH, tmp_path / "t.csv", tmp_path / "t.pdf", tmp_path / "t.json", run)
    assert "0 not shown at this scale" in capsys.readouterr().out


def test_the_csv_holds_every_row_and_the_pdf_every_row_on_numbered_pages(tmp_path):
    table = rows()
    save_table(table, tmp_path / "t.csv", tmp_path / "t.pdf")
    with (tmp_path / "t.csv").open(encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert len(read) == len(table)
    given = {key: value for key, value in read[0].items() if value}
    assert given == {
        "paper": "krokos2022",
        "item": "Fig. 6",
        "target": "se_block",
        "quantity": "reduction",
        "printed": "16",
        "compared": "setting",
        "verdict": "planned",
    }
    pages = [page.extract_text() for page in PdfReader(tmp_path / "t.pdf").pages]
    assert [f"page {i} of {len(pages)}" in text for i, text in enumerate(pages, 1)] == [True] * len(pages)
    planned = sum(row.verdict == "planned" for row in table)
    assert sum(text.count("planned") for text in pages) == planned + 2 * len(pages)  # twice in each heading
    for target in REGISTRY.targets:
        if target.printed:
            assert any(target.slug in text for text in pages), target.slug


def test_the_same_table_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        save_table(rows(), tmp_path / f"{name}.csv", tmp_path / f"{name}.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_no_text_leaves_its_page_or_runs_into_the_next_column():
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    for page in draw_pages(rows() + rows(scale="paper", overrides=["seed"])):
        renderer = FigureCanvasAgg(page).get_renderer()
        boxes = [(text, text.get_window_extent(renderer)) for text in page.texts]
        width, height = page.bbox.size
        for text, box in boxes:
            assert 0 < box.x0 < box.x1 < width, text
            assert 0 < box.y0 < box.y1 < height, text
        by_line = {}
        for text, box in boxes:
            by_line.setdefault(round(text.get_position()[1], 4), []).append((box.x0, box.x1, text.get_text()))
        for line in by_line.values():
            line.sort()
            for (_, end, left), (start, _, right) in itertools.pairwise(line):
                assert end < start, (left, right)
