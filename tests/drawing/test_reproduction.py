# SPDX-License-Identifier: GPL-3.0-or-later
import csv
import itertools
from pathlib import Path

import pytest
from pypdf import PdfReader

from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.reproduction import draw_pages, reproduction_rows, save_table
from mesobayes.record.errors import StoreError

REGISTRY = read_registry(Path(__file__).parents[2] / "workflow" / "figures.yaml")
TARGET = REGISTRY["selective_learning"]


def record(verdict="not shown at this scale", leave_out=0):
    printed = [
        {"key": v.key, "printed": v.value, "ours": 0.5 * v.value, "verdict": verdict, "reason": "half of it"}
        for v in TARGET.printed[leave_out:]
    ]
    printed[-1]["ours"] = None  # a plateau that was never reached
    return {"slug": TARGET.slug, "scale": "smoke", "printed": printed}


def rows(**options):
    return reproduction_rows(REGISTRY, {TARGET.slug: record(**options)})


def test_every_printed_value_has_one_row():
    found = [(row.target, row.quantity) for row in rows()]
    assert found == [(t.slug, v.key) for t in REGISTRY.targets for v in t.printed]


def test_what_no_figure_speaks_of_is_planned():
    others = [row for row in rows() if row.target != TARGET.slug]
    assert {row.verdict for row in others} == {"planned"}
    assert {(row.ours, row.difference, row.scale) for row in others} == {("", "", "")}


def test_ours_stands_beside_the_printed_value_with_its_difference():
    row = next(row for row in rows() if row.quantity == "plateau_accuracy")
    assert (row.printed, row.ours, row.scale) == (0.75, 0.375, "smoke")
    assert row.difference == pytest.approx(-0.375)
    assert (row.verdict, row.reason) == ("not shown at this scale", "half of it")


def test_a_value_without_a_number_of_ours_has_no_difference():
    row = next(row for row in rows() if row.quantity == TARGET.printed[-1].key and row.target == TARGET.slug)
    assert (row.ours, row.difference) == ("", "")


def test_a_figure_that_leaves_out_a_printed_value_is_refused():
    with pytest.raises(StoreError, match=r"selective_learning\.json says nothing about .*'plateau_accuracy'"):
        rows(leave_out=1)


def test_a_verdict_of_another_kind_is_refused():
    with pytest.raises(StoreError, match="unknown verdict 'nearly'"):
        rows(verdict="nearly")


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
        "verdict": "planned",
    }
    pages = [page.extract_text() for page in PdfReader(tmp_path / "t.pdf").pages]
    assert [f"page {i} of {len(pages)}" in text for i, text in enumerate(pages, 1)] == [True] * len(pages)
    assert sum(text.count("planned") for text in pages) == 169 + len(pages)  # and once in each heading
    for target in REGISTRY.targets:
        if target.printed:
            assert any(target.slug in text for text in pages), target.slug


def test_the_same_table_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        save_table(rows(), tmp_path / f"{name}.csv", tmp_path / f"{name}.pdf")
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_no_text_leaves_its_page_or_runs_into_the_next_column():
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    for page in draw_pages(rows()):
        renderer = FigureCanvasAgg(page).get_renderer()
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in page.texts]
        width, height = page.bbox.size
        for words, box in boxes:
            assert 0 < box.x0 < box.x1 < width, words
            assert 0 < box.y0 < box.y1 < height, words
        by_line = {}
        for words, box in boxes:
            by_line.setdefault(round(box.y0 + box.y1), []).append((box.x0, box.x1, words))
        for line in by_line.values():
            line.sort()
            for (_, end, left), (start, _, right) in itertools.pairwise(line):
                assert end < start, (left, right)
