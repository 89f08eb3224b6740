# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a result comes from: the content of its inputs, and the settings of every job behind them.

Stores keep this in their attributes, records of figures and tables in their JSON. A job reads it from its
inputs before it opens them, so that results of different origin are not mixed without a word.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mesobayes.record.errors import StoreError
from mesobayes.record.files import content_hash
from mesobayes.record.provenance import Lineage, config_hash, versions

STORE = ".zarr.zip"


def read_origin(path: Path | str) -> dict[str, Any]:
    """Return what a store or a record says of its origin; empty for any other file, and for a damaged one."""
    try:
        if str(path).endswith(STORE):
            with zipfile.ZipFile(path) as archive:
                found = json.loads(archive.read("zarr.json"))["attributes"]
                found["content_hash"] = archive.comment.decode()
        else:
            found = (read_record(path) or {}) if str(path).endswith(".json") else {}
    except (OSError, ValueError, KeyError, TypeError, zipfile.BadZipFile, NotImplementedError):
        return {}
    return found if isinstance(found.get("call"), str) else {}


def read_record(path: Path | str) -> dict[str, Any] | None:
    """Return the record of a figure or a table, None where it is damaged."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def identity(path: Path | str, origin: Mapping[str, Any]) -> str:
    """Return the content hash that a store states, of any other file that of its bytes."""
    stated = origin.get("content_hash") if str(path).endswith(STORE) else None
    return stated or content_hash(path)


def place(path: str) -> str:
    """Return the path of a file in the working folder; a copy of an object store lies deeper than that."""
    _, deeper, inside = path.rpartition("/results/")
    return f"results/{inside}" if deeper else path


def benchmark_of(log: str) -> str:
    """Return where Snakemake writes what a job took, beside its log ``logs/<scale>/<rule>/<item>.log``."""
    _, found, inside = f"/{log}".rpartition("/logs/")
    scale, _, item = inside.removesuffix(".log").partition("/")
    return f"results/{scale}/benchmarks/{item}.tsv" if found else ""


def lineage_of(
    inputs: Iterable[str],
    outputs: Iterable[str],
    settings: str,
    scale: str,
    benchmark: str = "",
    configuration: str = "",
    commit: str = "",
) -> Lineage:
    """Return what stands behind a job with these inputs, and say where library versions differ.

    Args:
        inputs, outputs: paths of its files; an input that is not there is left out.
        settings: hash of the job's own settings.
        scale: scale of the job.
        benchmark, configuration, commit: see :class:`~mesobayes.record.provenance.Lineage`.

    Raises:
        StoreError: the inputs are of another scale, or do not belong together.
    """
    there = {path: place(path) for path in sorted(inputs) if Path(path).exists()}
    origins = {name: read_origin(path) for path, name in there.items()}
    hashes = {name: identity(path, origins[name]) for path, name in there.items()}
    refuse_mixed(origins, hashes, scale)
    for line in other_versions(origins):
        print(line, flush=True)
    behind = {origin["settings_hash"] for origin in origins.values() if origin.get("settings_hash")}
    return Lineage(
        settings_hash=config_hash({"own": settings, "behind": sorted(behind)}),
        made_from=tuple(sorted((there[path], hashes[there[path]]) for path in inputs if path in there)),
        outputs=tuple(sorted(map(place, outputs))),
        benchmark=benchmark,
        configuration=configuration,
        commit=commit,
    )


def refuse_mixed(origins: Mapping[str, Mapping[str, Any]], hashes: Mapping[str, str], scale: str) -> None:
    """Refuse inputs that were made at another scale, or from different contents of one file.

    Raises:
        StoreError: names two files that do not belong together and what to do.
    """
    seen = {path: (known, path) for path, known in hashes.items()}
    for path, origin in origins.items():
        if origin and origin.get("scale") != scale:
            raise StoreError(
                f"{path} is of scale {origin.get('scale')}, not {scale}: delete it and run again"
            )
        for parent, known in origin.get("made_from", ()):
            other, where = seen.setdefault(parent, (known, path))
            if other != known:
                beside = "the one beside it" if where == parent else f"the one behind {where}"
                raise StoreError(
                    f"{path} was made from another {parent} than {beside}: "
                    "delete it and run the same command again"
                )


def other_versions(origins: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each set of libraries, other than those here, that inputs were made with."""
    here = versions()
    found: dict[str, str] = {}
    for path, origin in origins.items():
        theirs = origin.get("versions", {})
        changed = [
            f"{name} {theirs[name]} (here {here[name]})"
            for name in here
            if name in theirs and theirs[name] != here[name]
        ]
        if changed:
            found.setdefault(", ".join(changed), path)
    return [f"note: {path} was made with {changed}" for changed, path in found.items()]
