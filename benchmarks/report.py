# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the reports of the benchmarks go."""

from __future__ import annotations

from pathlib import Path


def publish(text: str, output: Path | None) -> None:
    """Print a report and, if a file is named, write it there."""
    print(text)
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
