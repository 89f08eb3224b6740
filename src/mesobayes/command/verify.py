# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes verify`: every store is whole, and every figure was drawn from the stores that lie beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mesobayes.command.workflow import scale_of
from mesobayes.record.errors import StoreError
from mesobayes.record.store import open_store

_ORIGIN = ("config_hash", "code_hash")


def verify(scale: str | None, results: Path = Path("results")) -> int:
    """Print what is damaged or does not belong together; 1 if anything is."""
    scale = scale_of(scale)
    stores = sorted((results / scale).rglob("*.zarr.zip"))
    problems, origins = [], {}
    for number, path in enumerate(stores, 1):
        try:
            attributes = open_store(path).attrs
        except StoreError as error:
            problems.append(str(error))
        else:
            origins[str(path)] = {key: attributes[key] for key in _ORIGIN}
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
            problems += foreign_inputs(path, record, origins)
            problems += missing_files(path, results)
    for problem in problems:
        print(f"problem: {problem}")
    counts = f"{len(stores)} stores and {drawn} figures and tables checked"
    print(f"scale {scale}: {counts}, {len(problems)} problems")
    return 1 if problems else 0


def read_record(path: Path) -> dict[str, Any] | None:
    """Return the record of a figure, None where it is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def foreign_inputs(path: Path, record: dict[str, Any], origins: dict[str, dict[str, str]]) -> Iterator[str]:
    """Say which stores beside a figure are not those that it was drawn from."""
    for entry in inputs_of(record.get("inputs", {})):
        now = origins.get(entry["file"])
        if now is None:
            if entry["file"].endswith(".zarr.zip") and not Path(entry["file"]).exists():
                yield f"{path} was drawn from {entry['file']}, which is not there any more"
        elif any(entry.get(key) not in (None, now[key]) for key in _ORIGIN):
            yield f"{path} was drawn from another {entry['file']}: ask snakemake for it again"


def inputs_of(value: Any) -> Iterator[dict[str, Any]]:
    """Every entry of the inputs of a record, which may be lists of them."""
    if isinstance(value, dict) and "file" in value:
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from inputs_of(inner)


def missing_files(path: Path, results: Path) -> Iterator[str]:
    """Say which pictures of a record are gone or empty."""
    if path.parent != results:
        return
    for ending in (".pdf", ".png"):
        picture = path.with_suffix(ending)
        if not picture.is_file() or picture.stat().st_size == 0:
            yield f"{picture} is missing or empty, its record {path} is there: ask snakemake for it again"
