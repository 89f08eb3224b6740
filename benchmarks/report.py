# SPDX-License-Identifier: GPL-3.0-or-later
"""What the reports of the benchmarks say of the machine, and where they go."""

from __future__ import annotations

import os
from pathlib import Path

_BEGIN = os.getloadavg()[0]


def load() -> str:
    """Sentence on other programs: wall seconds count only where the load is below the number of cores."""
    return (
        f"Load average of the machine, with {os.cpu_count()} cores: {_BEGIN:.1f} when it began, "
        f"{os.getloadavg()[0]:.1f} when it ended; where that exceeds the cores, CPU seconds count and wall "
        "seconds do not."
    )


def publish(text: str, output: Path | None) -> None:
    """Print a report and, if a file is named, write it there."""
    print(text)
    if output:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(text, encoding="utf-8")
