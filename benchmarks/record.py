# SPDX-License-Identifier: GPL-3.0-or-later
"""The record of a benchmark: one JSON file a problem, from which figures are drawn.

A record holds the problem and its size, and for every solver the wall and CPU seconds of every round; the
floor, what the arithmetic or the memory traffic of the problem costs a core of this machine at its best; and
processor, load, versions, date and command.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from floors import Floor

RECORDS = Path(__file__).parent / "records"
_BEGIN = os.getloadavg()[0]


@dataclass(frozen=True)
class Row:
    """Seconds of one solver.

    Attributes:
        solver: what it is, as figures name it.
        whose: ``"ours"`` or ``"theirs"``.
        wall, cpu: seconds of every round; round k of all rows is the same problem.
        difference: of its answer from that of the record's first row, where there is one.
    """

    solver: str
    whose: str
    wall: list[float]
    cpu: list[float]
    difference: float | None = None


def their_row(solver: str, answers: Sequence[dict[str, float]]) -> Row:
    """Return the row of another solver, from what its process answered for every problem."""
    wall, cpu, difference = ([answer[key] for answer in answers] for key in ("wall", "cpu", "difference"))
    return Row(solver, "theirs", wall, cpu, max(difference))


def write_record(
    folder: Path,
    problem: str,
    title: str,
    size: dict[str, Any],
    rows: Sequence[Row],
    floor: Floor | None = None,
    versions: dict[str, str] | None = None,
) -> None:
    """Write the record of a problem; the first row is the one that all others are compared with."""
    content = {
        **{"problem": problem, "title": title, "size": size},
        "rows": [asdict(row) for row in rows],
        "floor": None if floor is None else asdict(floor),
        **circumstances(versions or {}),
    }
    write_json(folder / f"problem_{problem}.json", content)


def circumstances(versions: dict[str, str]) -> dict[str, Any]:
    """Return machine, load, versions, date and command of this process."""
    own = {name: metadata.version(name) for name in ("mesobayes", "jax", "numpy", "scipy")}
    return {
        "machine": {
            "processor": processor(),
            "cores": os.cpu_count(),
            "load_before": _BEGIN,
            "load_after": os.getloadavg()[0],
        },
        "versions": {"python": platform.python_version(), **own, **versions},
        "date": time.strftime("%Y-%m-%d"),
        "command": " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *_public(sys.argv[1:])]),
    }


def _public(words: list[str]) -> list[str]:
    """Leave out where records go: it is the same command wherever they go."""
    place = words.index("--records") if "--records" in words else len(words)
    return words[:place] + words[place + 2 :]


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a record."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    print(f"wrote {path}", flush=True)


def processor() -> str:
    """Return the name of the processor."""
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
