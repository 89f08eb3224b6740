# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands beside a figure or a table: its record, and the rows of a table."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mesobayes.drawing.drawing import NOT_SHOWN, Finding
from mesobayes.drawing.registry import Target
from mesobayes.record.files import replacing
from mesobayes.record.provenance import Provenance, versions

_MISSING = Finding(None, NOT_SHOWN, "the figure shows it, but no number of ours stands for it")


def target_record(
    target: Target, findings: Mapping[str, Finding], drawn: Mapping[str, Any], provenance: Provenance
) -> dict[str, Any]:
    """Heading, origin, what is drawn, and every printed value beside ours."""
    return {
        "slug": target.slug,
        "paper": target.paper,
        "number": target.number,
        "title": target.title,
        "caption": target.caption,
        "settings_of_the_paper": dict(target.settings),
        "scale": provenance.scale,
        "seed": provenance.seed,
        "config_hash": provenance.config_hash,
        "code_hash": provenance.code_hash,
        "versions": versions(),
        "drawn": drawn,
        "printed": [
            {"key": value.key, "printed": value.value, **findings.get(value.key, _MISSING)._asdict()}
            for value in target.printed
        ],
    }


def finite(value: Any) -> Any:
    """Plain values for JSON: arrays become lists, NumPy numbers Python's, what is not finite None."""
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def write_rows(rows: Sequence[Sequence[Any]], path: Path | str) -> None:
    """Write a table as CSV. Raises StoreError if the disk is full or read-only."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    with replacing(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


def write_record(content: Mapping[str, Any], path: Path | str) -> None:
    """Write a record as JSON. Raises StoreError if the disk is full or read-only."""
    dump = json.dumps(finite(content), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with replacing(path) as temporary:
        temporary.write_text(dump, encoding="utf-8")
