# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes archive` and `restore`: everything of one scale in one file, and back on another machine.

An archive holds results, records, Snakemake's memory of how they were made, the sources, and a description as
RO-Crate. Times of files come back to the nanosecond, so Snakemake finds nothing to be done.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mesobayes.command.crate import crate
from mesobayes.command.report import scale_made
from mesobayes.command.workflow import drivers, registry, scale_of
from mesobayes.drawing.registry import Registry
from mesobayes.record.errors import MesobayesError
from mesobayes.record.files import replacing
from mesobayes.record.provenance import versions

MANIFEST, CRATE = "manifest.json", "ro-crate-metadata.json"
_SOURCES = (
    *("Snakefile", "config.yaml", "workflow", "profiles", "envs", "src", "Makefile", "pyproject.toml"),
    *("README.md", "LICENSE", "CITATION.cff"),
)
_LEFT_OUT = ("__pycache__", "checkpoints", "site", "mesobayes.egg-info")
_MEMORY = Path(".snakemake/metadata")
_RESTORED = ("results/", f"{_MEMORY}/")


def archive(scale: str | None) -> int:
    """Write `archive-<scale>.zip`.

    Raises:
        MesobayesError: a run is at work here, or nothing was made at this scale.
    """
    scale, known = scale_of(scale), registry()
    if drivers():
        raise MesobayesError("snakemake works in this folder: archive it when the run has ended")
    results = sorted(results_of(scale, known))
    if not results:
        raise MesobayesError(f"nothing was made at scale {scale} yet: ask snakemake for a figure first")
    paths = [*sources(), *results, *filter(Path.is_file, map(memory_of, results))]
    files = {path.as_posix(): facts_of(path) for path in dict.fromkeys(paths)}
    titles = {file: f"{target.label}: {target.title}" for target in known.targets for file in target.files}
    described = crate(files, titles, Path("CITATION.cff").read_text("utf-8"), scale, versions(), commit())
    name = Path(f"archive-{scale}.zip")
    with replacing(name) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as file:
        for path in files:
            packed = path.endswith((".zip", ".png", ".pdf"))
            file.write(path, compress_type=zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED)
        file.writestr(MANIFEST, json.dumps(files, indent=1))
        file.writestr(CRATE, json.dumps(described, indent=1, ensure_ascii=False))
    print(f"{name}: {len(results)} results, {len(files)} files, {name.stat().st_size / 1e6:.0f} MB")
    return 0


def restore(name: Path) -> int:
    """Bring the results of an archive into this folder; its sources are compared and left alone.

    Raises:
        MesobayesError: the archive is damaged or none of ours, or another file of a result's name lies here.
    """
    try:
        with zipfile.ZipFile(name) as file:
            files = {
                path: facts for path, facts in json.loads(file.read(MANIFEST)).items() if is_inside(path)
            }
            wanted = {path: facts for path, facts in files.items() if path.startswith(_RESTORED)}
            present = {path for path in wanted if Path(path).exists()}
            others = [path for path in present if facts_of(Path(path))["sha256"] != wanted[path]["sha256"]]
            if others:
                raise MesobayesError(
                    f"{len(others)} other files lie here, such as {min(others)}: restore elsewhere"
                )
            for path, facts in wanted.items():
                bring(file, path, facts, path in present)
    except (OSError, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise MesobayesError(f"{name} is damaged or no archive of this project: {error}") from error
    different = [
        path
        for path, facts in files.items()
        if path not in wanted
        and (not Path(path).is_file() or facts_of(Path(path))["sha256"] != facts["sha256"])
    ]
    print(f"{len(wanted)} files restored")
    if different:
        print(f"{len(different)} sources differ from those of the archive, such as {min(different)}:")
        print("what depends on them runs again; the sources of the archive lie in it")
    return 0


def bring(file: zipfile.ZipFile, path: str, facts: dict[str, Any], present: bool) -> None:
    """Write one file, unless it is here, and give it its time. Raises MesobayesError if it is damaged."""
    if not present:
        content = file.read(path)
        if hashlib.sha256(content).hexdigest() != facts["sha256"]:
            raise MesobayesError(f"{path} is damaged in the archive: get another copy of it")
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    os.utime(path, ns=(facts["mtime_ns"], facts["mtime_ns"]))


def results_of(scale: str, known: Registry) -> Iterator[Path]:
    """Every file that was made at a scale: data, records, figures and tables."""
    yield from files_below(Path("results") / scale)
    for target in known.targets:
        if scale_made(target, scale) == scale:
            yield from (Path(file) for file in target.files if Path(file).is_file())
    yield from Path("results").glob("table_reproduction.*")


def sources() -> Iterator[Path]:
    """Every file of the workflow that decides a result, and what describes it."""
    for name in _SOURCES:
        path = Path(name)
        yield from [path] if path.is_file() else files_below(path)


def files_below(folder: Path) -> Iterator[Path]:
    """Files of a folder, but for caches, checkpoints and what a killed writer has left."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not set(path.parts) & set(_LEFT_OUT) and ".tmp." not in path.name:
            yield path


def memory_of(path: Path) -> Path:
    """Where Snakemake remembers how a file was made: under its path in base 64, long ones in folders."""
    name = urlsafe_b64encode(path.as_posix().encode()).decode()
    parts = [name[start : start + 254] for start in range(0, len(name), 254)]
    return _MEMORY.joinpath(*("@" + part for part in parts[:-1]), parts[-1])


def facts_of(path: Path) -> dict[str, Any]:
    """Return hash, size and time of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "size": path.stat().st_size, "mtime_ns": path.stat().st_mtime_ns}


def is_inside(path: str) -> bool:
    """Whether a path of an archive stays in the folder."""
    return not path.startswith("/") and ".." not in Path(path).parts


def commit() -> str:
    """Return the commit of the sources, empty text where git does not say."""
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
