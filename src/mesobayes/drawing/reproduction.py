# SPDX-License-Identifier: GPL-3.0-or-later
"""Every value that the papers print beside ours, with a verdict: one table for the whole project.

The record (``.json``) of a figure or table says under ``printed`` what became of each value. Claims are
counted by verdict; settings, misprints and times on somebody's machine are counted apart. Whatever no record
speaks of is planned.
"""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from mesobayes.drawing.judge import (
    CALIBRATED,
    CLAIM_VERDICTS,
    CONTRADICTS,
    HARDWARE,
    MISPRINT,
    NO_VERDICT,
    NOT_SHOWN,
    PLANNED,
    SETTING,
    SHOWN,
    claim_region,
    equals_setting,
    number_text,
    scale_label,
)
from mesobayes.drawing.registry import PrintedValue, Registry, Target, read_registry
from mesobayes.drawing.style import BLACK, BLUE, GREEN, GREY, VERMILION, drawing_style
from mesobayes.record.errors import StoreError
from mesobayes.record.files import replacing
from mesobayes.record.provenance import Run, versions

_COLOURS = {
    SHOWN: GREEN,
    NOT_SHOWN: BLUE,
    CONTRADICTS: VERMILION,
    NO_VERDICT: GREY,
    PLANNED: GREY,
    SETTING: BLACK,
    CALIBRATED: BLACK,
    MISPRINT: BLACK,
    HARDWARE: BLACK,
}

# heading, left edge in per cent of the page width, characters that fit
_COLUMNS = (
    *(("paper", 4.0, 14), ("item", 10.9, 12), ("target", 16.9, 28), ("quantity", 30.4, 25)),
    *(("printed", 43.0, 17), ("compared", 51.3, 15), ("ours", 59.0, 9), ("difference", 63.6, 10)),
    *(("scale", 69.0, 9), ("verdict", 73.6, 51)),
)
_PAGE = (11.69, 8.27)  # A4, landscape, inches
_LINES_PER_PAGE = 45


@dataclass(frozen=True)
class Row:
    """One printed value beside ours; what there is not is empty text.

    Attributes:
        paper: key of the paper.
        item: number of the figure or table.
        target: slug.
        quantity: key of the value.
        printed: what the paper prints.
        compared: the claim in numbers, such as ``at least 0.96``, or what the value is instead of a claim.
        ours: our number.
        low, high, n: its 95 % interval, and from how many repeats.
        difference: ours minus printed.
        scale: scale of ours, and whether it was modified.
        verdict: verdict of :func:`~mesobayes.drawing.judge.judge`, or ``planned``.
        reason: why, in one sentence.
        same: ``yes`` or ``no``, whether a setting of ours is the paper's.
    """

    paper: str
    item: str
    target: str
    quantity: str
    printed: float | str
    compared: str
    ours: float | str = ""
    low: float | str = ""
    high: float | str = ""
    n: int | str = ""
    difference: float | str = ""
    scale: str = ""
    verdict: str = PLANNED
    reason: str = ""
    same: str = ""


def table_reproduction(
    records: list[Path] | None, registry: Path, csv: Path, pdf: Path, record: Path, run: Run
) -> None:
    """Write the table from the records of the figures and tables that were made, and what it was made from.

    Raises:
        StoreError: a record does not fit the registry, or a file cannot be written.
    """
    contents = [json.loads(path.read_text(encoding="utf-8")) for path in records or []]
    rows = reproduction_rows(read_registry(registry), {content["slug"]: content for content in contents})
    save_table(rows, csv, pdf)
    origin = {**run.origin, "versions": versions()}
    with replacing(record) as temporary:
        temporary.write_text(json.dumps(origin, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(*summary(rows), run.label, sep="\n", flush=True)


def reproduction_rows(registry: Registry, records: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """Return one row per printed value, in the order of the registry.

    Args:
        registry: all targets.
        records: content of the ``.json`` of each figure and table that was made, by slug.

    Raises:
        StoreError: a record leaves out a printed value, compares it otherwise than the registry, or holds an
            unknown verdict.
    """
    return [
        _row(target, value, records.get(target.slug))
        for target in registry.targets
        for value in target.printed
    ]


def _row(target: Target, value: PrintedValue, record: Mapping[str, Any] | None) -> Row:
    compared = claim_region(value).words if value.is_claim else value.compare
    head = (target.paper, target.label, target.slug, value.key, value.value, compared)
    if record is None:
        return Row(*head)
    where = target.record(record["scale"])
    entry = {found["key"]: found for found in record["printed"]}.get(value.key)
    if entry is None:
        raise StoreError(
            f"{where} says nothing about the printed value {value.key!r}: delete it and run again"
        )
    if (entry["printed"], entry["compare"]) != (value.value, value.compare):
        raise StoreError(
            f"{where} compares {value.key!r} otherwise than the registry: delete it and run again"
        )
    if entry["verdict"] not in _COLOURS:
        raise StoreError(f"{where} holds the unknown verdict {entry['verdict']!r}: delete it and run again")
    ours = entry["ours"]
    both = not isinstance(ours, str | None) and not isinstance(value.value, str) and value.compare != "trend"
    same = ""
    if value.compare == SETTING and ours is not None:
        same = "yes" if equals_setting(value, ours) else "no"
    return Row(
        *head,
        ours="" if ours is None else ours,
        low="" if entry["low"] is None else entry["low"],
        high="" if entry["high"] is None else entry["high"],
        n="" if ours is None else entry["n"],
        difference=ours - value.value if both else "",
        scale=scale_label(record["scale"], record["overrides"]),
        verdict=entry["verdict"],
        reason=entry["reason"],
        same=same,
    )


def save_table(rows: Sequence[Row], csv_path: Path | str, pdf_path: Path | str) -> None:
    """Write the table as CSV and as a PDF of A4 pages; both or none.

    Raises:
        StoreError: a file cannot be written.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Row)])
    writer.writerows([number_text(cell, 6) for cell in astuple(row)] for row in rows)
    with replacing(csv_path) as table, replacing(pdf_path) as pages:
        table.write_text(text.getvalue(), encoding="utf-8")
        with drawing_style(), PdfPages(pages, metadata={"CreationDate": None}) as pdf:
            for page in draw_pages(rows):
                pdf.savefig(page)


def summary(rows: Sequence[Row]) -> tuple[str, str]:
    """Return how many claims got which verdict, and what is counted apart."""
    claims = [row for row in rows if row.compared not in (SETTING, CALIBRATED, MISPRINT, HARDWARE)]
    verdicts = Counter(row.verdict for row in claims)
    listed = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in (*CLAIM_VERDICTS, PLANNED))
    settings = [row for row in rows if row.compared == SETTING]
    same = Counter(row.same for row in settings)
    apart = Counter(row.compared for row in rows)
    return (
        f"{len(claims)} claims: {listed}",
        f"counted apart: {len(settings)} settings "
        f"({same['yes']} as in the paper, {same['no']} not, {same['']} planned), "
        f"{apart[CALIBRATED]} calibrated, {apart[MISPRINT]} misprints, "
        f"{apart[HARDWARE]} times on other hardware",
    )


def draw_pages(rows: Sequence[Row]) -> list[Figure]:
    """Set the table on as many pages as it needs; a row is never split over two."""
    pages: list[list[tuple[Row, list[list[str]]]]] = [[]]
    used = 0
    for row in rows:
        cells = _wrapped(row)
        height = max(map(len, cells))
        if used + height > _LINES_PER_PAGE:
            pages.append([])
            used = 0
        pages[-1].append((row, cells))
        used += height
    with drawing_style():
        return [_draw_page(page, number, len(pages), summary(rows)) for number, page in enumerate(pages, 1)]


def _wrapped(row: Row) -> list[list[str]]:
    texts = (
        *(row.paper, row.item, row.target, row.quantity, number_text(row.printed), row.compared),
        *(number_text(row.ours), number_text(row.difference, 3), row.scale),
        row.verdict if not row.reason else f"{row.verdict}: {row.reason}",
    )
    return [textwrap.wrap(text, width) or [""] for text, (_, _, width) in zip(texts, _COLUMNS, strict=True)]


def _draw_page(
    page: list[tuple[Row, list[list[str]]]], number: int, count: int, counted: Sequence[str]
) -> Figure:
    figure = Figure(figsize=_PAGE)
    figure.text(0.04, 0.96, "Printed values of the papers beside ours", fontsize=11, weight="bold")
    figure.text(0.96, 0.96, f"page {number} of {count}", fontsize=7, ha="right")
    for i, line in enumerate(counted):
        figure.text(0.04, 0.94 - 0.016 * i, line, fontsize=7)
    top, step = 0.895, 0.0182
    for heading, left, _ in _COLUMNS:
        figure.text(left / 100, top, heading, fontsize=6.5, weight="bold")
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
