# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes report`: Snakemake's report of every figure and table that was made at one scale.

Snakemake asks for category, label and caption of each result when it reads the rules; they are written here,
from the registry and from what the record of the figure says.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mesobayes.command.verify import read_record
from mesobayes.command.workflow import registry, scale_of, snakemake
from mesobayes.drawing.judge import number_text
from mesobayes.drawing.registry import CLAIMS, Registry, Target
from mesobayes.record.errors import MesobayesError

_ALL = "4. All printed values"
_STYLE = ("--report-stylesheet", "workflow/report/style.css")
_ROWS_SHOWN = 30  # of a table


def report(scale: str | None, file: str = "report.zip") -> int:
    """Let Snakemake write the report; return its exit status.

    Raises:
        MesobayesError: nothing was made at this scale yet.
    """
    scale = scale_of(scale)
    made = [target.files[0] for target in registry().targets if scale_made(target, scale) == scale]
    if not made:
        raise MesobayesError(f"nothing was made at scale {scale} yet: ask snakemake for a figure first")
    table = [name for name in ("results/table_reproduction.pdf",) if Path(name).is_file()]
    command = snakemake("--report", file, *_STYLE, "--config", f"scale={scale}", "--", *made, *table)
    return subprocess.run(command, check=False).returncode


def scale_made(target: Target, scale: str) -> str | None:
    """Return the scale of a figure or table that lies in `results`; None where there is none."""
    record = read_record(Path(target.record(scale)))
    return None if record is None or not Path(target.files[0]).is_file() else str(record.get("scale"))


def other_scale(asked: Sequence[str], known: Registry, scale: str) -> str | None:
    """Return why a report would mislabel what is asked for, everything by default; None where it does not."""
    for target in known.targets:
        if not asked or {target.rule, *target.files} & set(asked):
            found = scale_made(target, scale)
            if found not in (None, scale):
                return (
                    f"{target.files[0]} was made at scale {found}, and this report is of scale {scale}: use "
                    f"`mesobayes report --scale {found}`, or make the figure again"
                )
    return None


def category(target: Target | None, known: Registry) -> str:
    """Return a short name that sorts in the order of the papers; None is the table of all values."""
    if target is None:
        return _ALL
    paper = known.papers[target.paper]
    number = list(known.papers).index(target.paper) + 1
    return f"{number}. {re.split('[, ]', paper['authors'])[0]} {paper['year']}"


def label(target: Target, known: Registry, record: Mapping[str, Any] | None) -> str:
    """Return number, title and verdicts of a target in one text, which sorts in the order of its paper.

    One label, because Snakemake's page turns a second one with two values into a switch.
    """
    place = [other.slug for other in known.targets if other.paper == target.paper].index(target.slug) + 1
    claims = [value["verdict"] for value in (record or {}).get("printed", ()) if value["compare"] in CLAIMS]
    counts = ", ".join(f"{count} {verdict}" for verdict, count in Counter(claims).items())
    return f"{place:02d} {target.label}: {target.title}" + (f" ({counts})" if counts else "")


def caption(target: Target, record: Mapping[str, Any] | None) -> str:
    """Return a caption in reStructuredText: words of the registry, origin, values, rows of a table."""
    lines = ["{% raw %}", plain(target.caption), ""]  # Snakemake reads captions as templates
    if record is not None:
        modified = " (modified)" if record["overrides"] else ""
        origin = f"Scale {record['scale']}{modified}, seed {record['seed']}, settings {record['config_hash']}"
        lines += [plain(f"{origin}, code {record['code_hash']}."), ""]
        rows = [
            (value["key"], value["printed"], ours(value), value["verdict"], value["reason"])
            for value in record["printed"]
        ]
        lines += table(("value", "printed", "ours", "verdict", "why"), rows)
        if target.output == "table":
            head, *body = record["rows"]
            lines += table(head, body[:_ROWS_SHOWN])
    return "\n".join([*lines, "{% endraw %}"])


def ours(value: Mapping[str, Any]) -> str:
    """Return our number with its interval."""
    if value["ours"] is None:
        return ""
    low, high = value["low"], value["high"]
    interval = f" ({number_text(low)} to {number_text(high)})" if low not in (None, high) else ""
    return f"{number_text(value['ours'])}{interval}"


def table(head: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Iterator[str]:
    """Yield the lines of a table in reStructuredText; none without rows."""
    if rows:
        yield from (".. list-table::", "   :header-rows: 1", "")
        for row in (head, *rows):
            for place, cell in enumerate(row):
                text = number_text(cell) if isinstance(cell, int | float) else cell
                yield f"   {'*' if place == 0 else ' '} - {plain(text)}"
        yield ""


def plain(text: Any) -> str:
    """Return a text in one line, in which reStructuredText reads no signs of its own."""
    words = " ".join(str("" if text is None else text).split())
    return re.sub(r"([\\*`|_<>\[\](-])", r"\\\1", words)
