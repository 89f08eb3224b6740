# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes verdicts`: printed values beside ours, of the figures and tables that are made, in Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from mesobayes.command.gallery import cards_of
from mesobayes.command.workflow import registry, scale_of
from mesobayes.drawing.judge import number_text
from mesobayes.drawing.registry import ASIDES
from mesobayes.drawing.reproduction import Row


def verdicts(paper: str | None, scale: str | None, results: Path = Path("results")) -> int:
    """Print the claims of one paper, or of all; settings and the like are only counted."""
    rows = [
        row
        for card in cards_of(registry(), scale_of(scale), results)
        for row in card.rows
        if paper in (None, row.paper)
    ]
    for line in lines(rows):
        print(line)
    return 0


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """A table of the claims and a line of counts."""
    claims = [row for row in rows if row.compared not in ASIDES]
    yield "| target | value | printed | ours (95 % interval) | n | verdict |"
    yield "|---|---|---|---|---|---|"
    for row in claims:
        ours = number_text(row.ours) if row.ours != "" else "–"
        if row.low != "" and row.low != row.high:
            ours += f" ({number_text(row.low)} to {number_text(row.high)})"
        cells = (row.target, row.quantity, number_text(row.printed), ours, row.n, row.verdict)
        yield f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |"
    counts = Counter(row.verdict for row in claims)
    apart = Counter(row.compared for row in rows if row.compared in ASIDES)
    yield ""
    yield ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    yield "counted apart: " + ", ".join(f"{count} {what}" for what, count in apart.most_common())
