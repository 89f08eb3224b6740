# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job has made already, read without any numerical library."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def was_made(call: Mapping[str, Any], began: float) -> bool:
    """Whether all outputs of a job are stores that this very call has made, after its inputs.

    Args:
        call: ``outputs`` and ``inputs``, files by name, and ``text``, which a store says of its call.
        began: seconds since the epoch before which nothing counts: when the run began.
    """
    outputs, inputs = (list(map(Path, files_of(call[kind]))) for kind in ("outputs", "inputs"))
    if any(call_of(output) != call.get("text", "") for output in outputs):
        return False
    newest = max([began, *(path.stat().st_mtime for path in inputs)])
    return min(path.stat().st_mtime for path in outputs) >= newest


def files_of(named: Mapping[str, str | list[str] | None]) -> list[str]:
    """Return every path below the names of inputs or of outputs, each of which may be one, many or none."""
    return [path for files in named.values() for path in ([files] if isinstance(files, str) else files or [])]


def call_of(store: Path) -> str | None:
    """Return the call that a store was made by, None where there is no store."""
    try:
        with zipfile.ZipFile(store) as archive:
            return json.loads(archive.read("zarr.json"))["attributes"]["call"]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None
