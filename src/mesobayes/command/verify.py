# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes verify`: every store holds what it states, and everything was made from what lies beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mesobayes.command.workflow import scale_of
from mesobayes.record.content import data_hash
from mesobayes.record.errors import StoreError
from mesobayes.record.files import content_hash
from mesobayes.record.lineage import STORE, read_record
from mesobayes.record.store import open_store


def verify(scale: str | None, results: Path = Path("results")) -> int:
    """Print what is damaged or does not belong together; 1 if anything is."""
    scale = scale_of(scale)
    stores = sorted((results / scale).rglob("*.zarr.zip"))
    problems: list[str] = []
    contents: dict[str, str] = {}
    origins: dict[Path, dict[str, Any]] = {}
    for number, path in enumerate(stores, 1):
        try:
            data = open_store(path)
        except StoreError as error:
            problems.append(str(error))
        else:
            contents[str(path)], origins[path] = data_hash(data), data.attrs
            if data.attrs["content_hash"] != contents[str(path)]:
                problems.append(f"{path} holds something else than was written: delete it and run again")
        if number % 100 == 0:
            print(f"{number} of {len(stores)} stores read", flush=True)
    records = [*sorted(results.glob("fig_*.json")), *sorted((results / scale / "records").glob("*.json"))]
    drawn = 0
    for path in records:
        record = read_record(path)
        if record is None:
            problems.append(f"{path} cannot be read: delete it and ask for its figure again")
        elif record.get("scale") == scale:
            drawn += 1
            origins[path] = record
            problems += missing_files(path, results)
    for path, origin in origins.items():
        problems += foreign_inputs(path, origin, contents)
    for problem in problems:
        print(f"problem: {problem}")
    counts = f"{len(stores)} stores and {drawn} figures and tables checked"
    print(f"scale {scale}: {counts}, {len(problems)} problems")
    return 1 if problems else 0


def foreign_inputs(path: Path, origin: dict[str, Any], contents: dict[str, str]) -> Iterator[str]:
    """Say which files beside a result are not those that it was made from.

    Args:
        origin: what the result says of itself.
        contents: hash of what each whole store holds; other files are read and kept there.
    """
    for file, content in origin.get("made_from", ()):
        if not Path(file).exists():
            yield f"{path} was made from {file}, which is not there any more"
            continue
        if not file.endswith(STORE) and file not in contents:
            contents[file] = content_hash(file)
        if contents.get(file, content) != content:  # a damaged store was told of above
            yield f"{path} was made from another {file}: ask snakemake for it again"


def missing_files(path: Path, results: Path) -> Iterator[str]:
    """Say which pictures of a record are gone or empty."""
    if path.parent != results:
        return
    for ending in (".pdf", ".png"):
        picture = path.with_suffix(ending)
        if not picture.is_file() or picture.stat().st_size == 0:
            yield f"{picture} is missing or empty, its record {path} is there: ask snakemake for it again"
