# SPDX-License-Identifier: GPL-3.0-or-later
"""Every value that the papers print beside ours, with a verdict: one table for the whole project.

A built figure says in its ``.json``, under ``printed``, what it found for each value of its entry in the
registry: ``{"key", "printed", "ours", "verdict", "reason"}``. Whatever no figure speaks of is planned.
"""

from __future__ import annotations

import csv
import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from mesobayes.drawing.drawing import CONTRADICTS, NOT_SHOWN, SHOWN
from mesobayes.drawing.registry import PrintedValue, Registry, Target
from mesobayes.drawing.style import BLACK, BLUE, GREEN, GREY, VERMILION, drawing_style
from mesobayes.record.errors import StoreError
from mesobayes.record.files import replacing

PLANNED = "planned"
_COLOURS = {SHOWN: GREEN, NOT_SHOWN: BLUE, CONTRADICTS: VERMILION, PLANNED: GREY}

# heading, left edge in per cent of the page width, characters that fit
_COLUMNS = (
    *(("paper", 4.0, 15), ("item", 11.5, 12), ("target", 17.5, 30), ("quantity", 34.0, 30)),
    *(("printed", 51.0, 20), ("ours", 62.0, 10), ("difference", 67.0, 10), ("scale", 72.5, 7)),
    ("verdict", 76.5, 44),
)
_PAGE = (11.69, 8.27)  # A4, landscape, inches
_LINES_PER_PAGE = 46


@dataclass(frozen=True)
class Row:
    """One printed value; ``ours`` and ``difference`` (ours minus printed) are empty where there is none."""

    paper: str
    item: str
    target: str
    quantity: str
    printed: float | str
    ours: float | str
    difference: float | str
    scale: str
    verdict: str
    reason: str


def reproduction_rows(registry: Registry, records: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Return one row per printed value, in the order of the registry.

    Args:
        registry: all targets.
        records: content of the ``.json`` of each figure that was made, by slug.

    Raises:
        StoreError: a record leaves out a printed value, or holds an unknown verdict.
    """
    rows = []
    for target in registry.targets:
        record = records.get(target.slug)
        for value in target.printed:
            rows.append(_planned_row(target, value) if record is None else _row(target, value, record))
    return rows


def _planned_row(target: Target, value: PrintedValue) -> Row:
    return Row(target.paper, target.label, target.slug, value.key, value.value, "", "", "", PLANNED, "")


def _row(target: Target, value: PrintedValue, record: Mapping[str, Any]) -> Row:
    where = f"results/{target.rule}.json"
    found = {entry["key"]: entry for entry in record["printed"]}
    if value.key not in found:
        raise StoreError(
            f"{where} says nothing about the printed value {value.key!r}: delete it and run again"
        )
    entry = found[value.key]
    if entry["verdict"] not in _COLOURS:
        raise StoreError(f"{where} holds the unknown verdict {entry['verdict']!r}: delete it and run again")
    ours = entry["ours"]
    if ours is None or not value.is_number:
        ours, difference = "" if ours is None else ours, ""
    else:
        difference = ours - value.value
    return Row(
        target.paper,
        target.label,
        target.slug,
        value.key,
        value.value,
        ours,
        difference,
        record["scale"],
        entry["verdict"],
        entry["reason"],
    )


def save_table(rows: Sequence[Row], csv_path: Path | str, pdf_path: Path | str) -> None:
    """Write the table as CSV and as a PDF of A4 pages.

    Raises:
        StoreError: a file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Row)])
    writer.writerows([_number(cell, 6) for cell in astuple(row)] for row in rows)
    with replacing(csv_path) as path:
        path.write_text(text.getvalue(), encoding="utf-8")
    with replacing(pdf_path) as path, drawing_style(), PdfPages(path, metadata={"CreationDate": None}) as pdf:
        for page in draw_pages(rows):
            pdf.savefig(page)


def draw_pages(rows: Sequence[Row]) -> list[Figure]:
    """Set the table on as many pages as it needs; a row is never split over two."""
    blocks = [(row, _wrapped(row)) for row in rows]
    pages: list[list[tuple[Row, list[list[str]]]]] = [[]]
    used = 0
    for row, cells in blocks:
        height = max(map(len, cells))
        if used + height > _LINES_PER_PAGE:
            pages.append([])
            used = 0
        pages[-1].append((row, cells))
        used += height
    with drawing_style():
        return [_draw_page(page, number, len(pages), _summary(rows)) for number, page in enumerate(pages, 1)]


def _summary(rows: Sequence[Row]) -> str:
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in _COLOURS}
    return f"{len(rows)} printed values: " + ", ".join(
        f"{count} {verdict}" for verdict, count in counts.items()
    )


def _wrapped(row: Row) -> list[list[str]]:
    verdict = row.verdict if not row.reason else f"{row.verdict}: {row.reason}"
    texts = (
        row.paper,
        row.item,
        row.target,
        row.quantity,
        row.printed,
        row.ours,
        row.difference,
        row.scale,
        verdict,
    )
    return [
        textwrap.wrap(_number(text, 4), width) or [""]
        for text, (_, _, width) in zip(texts, _COLUMNS, strict=True)
    ]


def _draw_page(page: list[tuple[Row, list[list[str]]]], number: int, count: int, summary: str) -> Figure:
    figure = Figure(figsize=_PAGE)
    figure.text(0.04, 0.955, "Printed values of the papers beside ours", fontsize=11, weight="bold")
    figure.text(0.96, 0.955, f"page {number} of {count}", fontsize=7, ha="right")
    figure.text(0.04, 0.93, summary, fontsize=7)
    top, step = 0.90, 0.0182
    for heading, left, _ in _COLUMNS:
        figure.text(left / 100, top, heading, fontsize=7, weight="bold")
    _line(figure, top - 0.4 * step, 0.8)
    level = top - 1.4 * step
    for row, cells in page:
        for (heading, left, _), lines in zip(_COLUMNS, cells, strict=True):
            colour = _COLOURS[row.verdict] if heading == "verdict" else BLACK
            for i, line in enumerate(filter(None, lines)):
                figure.text(left / 100, level - i * step, line, fontsize=6, color=colour)
        level -= step * max(map(len, cells))
        _line(figure, level + 0.62 * step, 0.2)
    return figure


def _line(figure: Figure, height: float, width: float) -> None:
    axis = figure.add_axes((0.04, height, 0.92, 0.0))
    axis.axis("off")
    axis.axhline(0.0, color=BLACK, linewidth=width, clip_on=False)


def _number(cell: float | str, digits: int) -> str:
    if isinstance(cell, str):
        return cell
    return str(int(cell)) if float(cell).is_integer() else f"{cell:.{digits}g}"
