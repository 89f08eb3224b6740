# SPDX-License-Identifier: GPL-3.0-or-later
"""Job: every printed value of the papers beside ours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from mesobayes.drawing.registry import read_registry
from mesobayes.drawing.reproduction import reproduction_rows, save_table


def table_reproduction(
    registry: Path | str, records: Sequence[Path | str], csv: Path | str, pdf: Path | str
) -> None:
    """Write the table from the records (``.json``) of the figures that were made."""
    contents = [json.loads(Path(path).read_text(encoding="utf-8")) for path in records]
    rows = reproduction_rows(read_registry(registry), {content["slug"]: content for content in contents})
    save_table(rows, csv, pdf)
    print(
        f"{len(rows)} printed values, {sum(row.ours != '' for row in rows)} with a number of ours", flush=True
    )
