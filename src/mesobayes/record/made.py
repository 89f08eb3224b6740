# SPDX-License-Identifier: GPL-3.0-or-later
"""What a store says of the job that made it, read without any numerical library."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Iterable
from pathlib import Path


def made_by(store: Path | str) -> tuple[str, float] | None:
    """Return the call that a store was made by and the time at which its last part was written.

    None where there is no store.
    """
    try:
        with zipfile.ZipFile(store) as archive:
            attributes = json.loads(archive.read("zarr.json"))["attributes"]
            last = max(info.date_time for info in archive.infolist())
        return attributes["call"], time.mktime((*last, 0, 0, -1))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None


def is_made(outputs: Iterable[Path], inputs: Iterable[Path], call: str) -> bool:
    """Whether all outputs are stores that this very call has made, after all of its inputs."""
    outputs, inputs = list(outputs), list(inputs)
    for output in outputs:
        made = made_by(output)
        if made is None or made[0] != call:
            return False
    newest = max((path.stat().st_mtime for path in inputs), default=0.0)
    return min(path.stat().st_mtime for path in outputs) >= newest
