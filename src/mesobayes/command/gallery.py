# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes gallery`: one page with every figure and table in `results`, printed values beside ours.

The page works from disk: it asks no network for anything, and its links are relative.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from mesobayes.command.report import scale_made
from mesobayes.command.workflow import registry, scale_of
from mesobayes.drawing.judge import number_text
from mesobayes.drawing.registry import Registry, Target
from mesobayes.drawing.reproduction import Row, reproduction_rows
from mesobayes.record.files import replacing

_ROWS_SHOWN = 12  # of a table


@dataclass(frozen=True)
class Card:
    """One figure or table of the page.

    Attributes:
        target: what the registry says of it.
        record: content of its JSON file.
        picture: its image, relative to the page; None for a table.
        links: title and path of everything beside it.
        rows: printed values beside ours.
        table: head and first rows of a table.
        words: what a search looks through.
    """

    target: Target
    record: dict[str, Any]
    picture: str | None
    links: dict[str, str]
    rows: list[Row]
    table: list[list[str]]
    words: str


def gallery(scale: str | None, results: Path = Path("results")) -> int:
    """Write `results/index.html` from what lies there."""
    known = registry()
    cards = cards_of(known, scale_of(scale), results)
    page = results / "index.html"
    with replacing(page) as temporary:
        temporary.write_text(render(known, cards), encoding="utf-8")
    print(f"{page}: {len(cards)} of {len(known.targets)} figures and tables")
    return 0


def cards_of(known: Registry, scale: str, results: Path) -> list[Card]:
    """Return the targets that were made, in the order of the papers; tables of one scale."""
    found = []
    for target in known.targets:
        path = results.parent / target.record(scale)
        mine = target.output == "figure" or scale_made(target, scale, results.parent) == scale
        if mine and path.is_file():
            found.append(_card(known, target, json.loads(path.read_text(encoding="utf-8")), results))
    return found


def _card(known: Registry, target: Target, record: dict[str, Any], results: Path) -> Card:
    files = [Path(file).relative_to("results") for file in (*target.files, target.record(record["scale"]))]
    links = {file.suffix.removeprefix(".").upper(): file.as_posix() for file in files}
    picture = links.get("PNG")
    table: list[list[str]] = []
    if target.output == "table":
        with (results / links["CSV"]).open(encoding="utf-8", newline="") as file:
            table = [row[:-2] for row in csv.reader(file)]  # scale and seed stand below it
    rows = [row for row in reproduction_rows(known, {target.slug: record}) if row.target == target.slug]
    words = f"{target.label} {target.slug} {target.title} {target.caption} {target.paper}".lower()
    return Card(target, record, picture, links, rows, table[: _ROWS_SHOWN + 1], words)


def render(known: Registry, cards: list[Card]) -> str:
    """Return the page."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mesobayes.command", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number_text
    verdicts = dict(Counter(row.verdict for card in cards for row in card.rows).most_common())
    scales = sorted({card.record["scale"] for card in cards})
    return environment.get_template("gallery.html").render(
        papers=known.papers, cards=cards, verdicts=verdicts, scales=scales, total=len(known.targets)
    )
