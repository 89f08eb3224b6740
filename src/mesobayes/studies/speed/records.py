# SPDX-License-Identifier: GPL-3.0-or-later
"""Records of benchmarks, as the scripts in `benchmarks/` write them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mesobayes.record.errors import StoreError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Solver:
    """One solver of a problem.

    Attributes:
        name: as figures name it.
        ours: whether it belongs to this project.
        cpu, wall: (round,) seconds; round k of all solvers is the same problem.
        difference: of its answer from that of the first solver, where there is one.
    """

    name: str
    ours: bool
    cpu: FloatArray
    wall: FloatArray
    difference: float | None


@dataclass(frozen=True)
class Problem:
    """A problem with the seconds of its solvers; the first is the one that all are compared with.

    Attributes:
        floor: CPU seconds that a core cannot do without, and `because`, what it spends them on.
        made: machine, versions, date and command.
    """

    name: str
    title: str
    size: dict[str, int]
    solvers: tuple[Solver, ...]
    floor: float | None
    because: str
    made: dict[str, Any]

    def ratios(self, solver: Solver, clock: str = "cpu") -> FloatArray:
        """Seconds of a solver over those of the first one, round by round; (round,)."""
        own, first = getattr(solver, clock), getattr(self.solvers[0], clock)
        rounds = min(len(own), len(first))
        return np.asarray(own[:rounds] / first[:rounds])


@dataclass(frozen=True)
class Series:
    """One stage at several sizes.

    Attributes:
        quantity: what `size` (size,) counts.
        seconds: (size, round), by the `clock` "cpu" or "wall".
        floor: (size,) seconds of a core at its best, or of perfect parallelism; `because` says which.
    """

    name: str
    title: str
    quantity: str
    clock: str
    size: FloatArray
    seconds: FloatArray
    floor: FloatArray | None
    because: str
    made: dict[str, Any]

    @property
    def slope(self) -> float | None:
        """Exponent of a power law through the medians; None for a single size."""
        if len(self.size) < 2:
            return None
        return float(np.polyfit(np.log(self.size), np.log(np.median(self.seconds, axis=1)), 1)[0])


def read_problems(paths: Iterable[Path]) -> list[Problem]:
    """Read the records of problems. Raises StoreError for a file that is none."""
    return [_read(path, _problem) for path in paths]


def read_series(paths: Iterable[Path]) -> list[Series]:
    """Read the records of series. Raises StoreError for a file that is none."""
    return [_read(path, _series) for path in paths]


def _read(path: Path, build: Any) -> Any:
    try:
        return build(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is no record of a benchmark ({error!r}): make it again") from error


def _problem(content: dict[str, Any]) -> Problem:
    solvers = tuple(
        Solver(
            row["solver"],
            {"ours": True, "theirs": False}[row["whose"]],
            _seconds(row["cpu"]),
            _seconds(row["wall"]),
            row["difference"],
        )
        for row in content["rows"]
    )
    if not solvers:
        raise ValueError("it has no solver")
    floor = content["floor"] or {"seconds": None, "because": ""}
    names = {"name": content["problem"], "title": content["title"], "size": content["size"]}
    return Problem(
        **names, solvers=solvers, floor=floor["seconds"], because=floor["because"], made=_made(content)
    )


def _series(content: dict[str, Any]) -> Series:
    size, seconds = np.asarray(content["size"], float), _seconds(content["seconds"])
    if seconds.ndim != 2 or len(seconds) != len(size):
        raise ValueError("it does not have the same rounds at every size")
    floor = None if content["floor"] is None else _seconds(content["floor"])
    names = {"name": content["series"], "title": content["title"], "quantity": content["quantity"]}
    return Series(
        **names,
        clock=content["clock"],
        size=size,
        seconds=seconds,
        floor=floor,
        because=content["because"],
        made=_made(content),
    )


def _made(content: dict[str, Any]) -> dict[str, Any]:
    return {key: content[key] for key in ("machine", "versions", "date", "command")}


def _seconds(values: Any) -> FloatArray:
    seconds = np.asarray(values, float)
    if seconds.size == 0 or not (np.isfinite(seconds).all() and (seconds > 0).all()):
        raise ValueError("seconds are missing or not positive")
    return seconds
