# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU and wall seconds of a block of code, and of scripts that run in another process."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any


class Stopwatch:
    """CPU and wall seconds of a block."""

    def __enter__(self) -> Stopwatch:
        self._start = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self.cpu, self.wall = time.process_time() - self._start[0], time.perf_counter() - self._start[1]

    @property
    def seconds(self) -> dict[str, float]:
        return {"cpu": self.cpu, "wall": self.wall}


def answer_of(interpreter: str, script: str, *arguments: object) -> Any:
    """Last line, as JSON, of a script of this folder that runs in another process."""
    command = [interpreter, str(Path(__file__).parent / script), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])
