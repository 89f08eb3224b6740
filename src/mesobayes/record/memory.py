# SPDX-License-Identifier: GPL-3.0-or-later
"""What the results in a folder say of themselves: by which call they were made, and from which inputs.

Snakemake goes by times and by its own memory, which a copy, a checkout, a touch or a kill leaves wrong or
behind. Every result says itself what it was made by; what is read here sets times and memory right before
anything is planned.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from mesobayes.record.errors import StoreError
from mesobayes.record.files import replacing
from mesobayes.record.lineage import STORE, identity, read_origin


@dataclass(frozen=True)
class Known:
    """One file as it was when it was read.

    Attributes:
        size, time: of the file, the time of its change in nanoseconds; a file with both is not read again.
        content: its content hash.
        call: what it was made by; empty for a file that does not say.
        made_from: path and content hash of every input when it was made.
        outputs, benchmark: all files that the same job made, and where it says what it took.
    """

    size: int
    time: int
    content: str
    call: str = ""
    made_from: tuple[tuple[str, str], ...] = ()
    outputs: tuple[str, ...] = ()
    benchmark: str = ""


Folder = dict[str, Known]


def read_folder(results: Path, scale: str, before: Mapping[str, Known]) -> Folder:
    """Return what is known of the results of a scale and of every file that they were made from.

    Args:
        results: relative path of the folder of all results.
        scale: whose results are read.
        before: what was known last time; unchanged files are taken from there.
    """
    found: Folder = {}
    for path in _results(results, scale):
        _look(path, before, found)
    for known in list(found.values()):
        for path, _ in known.made_from:
            if path not in found:
                _look(path, before, found)
    return found


def unfit(folder: Mapping[str, Known]) -> set[str]:
    """Return the results whose inputs, as far as they are there, hold something else than they did then."""
    return {
        path
        for path, known in folder.items()
        if any(content != folder[parent].content for parent, content in known.made_from if parent in folder)
    }


def order_times(folder: Folder, skipped: set[str]) -> None:
    """Make every result at least as new as what it was made from, but those to be left as they are.

    The content of the inputs is known to be right, so a later time of theirs means nothing: they were
    touched, copied or checked out, or the clock went backwards.
    """
    newest: dict[str, int] = {}

    def settle(path: str) -> int:
        if path not in newest:
            known = folder[path]
            newest[path] = known.time  # ends a circle, which only a foreign file could make
            parents = [settle(parent) for parent, _ in known.made_from if parent in folder]
            if path not in skipped and known.call:
                for output in (*known.outputs, known.benchmark):
                    _not_before(output, max(parents, default=0))
                newest[path] = max([known.time, *parents])
        return newest[path]

    for path in list(folder):
        settle(path)
        with contextlib.suppress(OSError):
            folder[path] = replace(folder[path], time=os.stat(path).st_mtime_ns)


def load_folder(path: Path) -> tuple[Folder, dict[str, list[str]]]:
    """Return what `save_folder` wrote, empty where there is nothing or it is damaged."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {name: Known(*known) for name, known in kept["files"].items()}, dict(kept["accepted"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}, {}


def save_folder(path: Path, folder: Mapping[str, Known], accepted: Mapping[str, list[str]]) -> None:
    """Keep what is known for the next time; where nothing may be written everything is read again.

    Args:
        accepted: parameters that the user has declared right for a result, by ``snakemake --touch``.
    """
    content = {"files": {name: astuple(known) for name, known in folder.items()}, "accepted": dict(accepted)}
    with contextlib.suppress(StoreError), replacing(path) as temporary:
        temporary.write_text(json.dumps(content), encoding="utf-8")


def _results(results: Path, scale: str) -> Iterator[str]:
    """Yield every file that may say what it was made by."""
    for folder in (results / scale, results / "predict"):
        for place, _, names in os.walk(folder, followlinks=True):
            for name in names:
                if name.endswith((STORE, ".json")) and not name.startswith("."):
                    yield os.path.join(place, name)
    yield from map(str, results.glob("[!.]*.json"))


def _look(path: str, before: Mapping[str, Known], found: Folder) -> None:
    """Add a file to what is known, unless it is not there."""
    try:
        facts = os.stat(path)
        known = before.get(path)
        if known is None or (known.size, known.time) != (facts.st_size, facts.st_mtime_ns):
            origin = read_origin(path)
            known = Known(
                *(facts.st_size, facts.st_mtime_ns, identity(path, origin)),
                *(origin.get("call", ""), origin.get("made_from", ())),
                *(origin.get("outputs", ()), origin.get("benchmark", "")),
            )
    except OSError:
        return
    found[path] = known


def _not_before(path: str, time: int) -> None:
    """Set the time of a file to a later one; a file that is not ours to change stays as it is."""
    with contextlib.suppress(OSError):
        if os.stat(path).st_mtime_ns < time:
            os.utime(path, ns=(time, time))
