# SPDX-License-Identifier: GPL-3.0-or-later
"""Does every stage give the same numbers on a GPU as on the CPU, and how fast? ``make gpu-check``

Each platform has a process of its own. Stages with networks run once with products in float32 and once in
TensorFloat-32, whose ten bits of mantissa allow larger deviations; solvers and Gram matrices always use
float32 or double precision. ``--platforms cpu cpu`` compares the CPU with itself, which shows that the check
runs where there is no GPU; ``--stages fit`` picks the stages whose names hold a word.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import gpu_stages
import numpy as np

PRECISIONS = ("float32", "tensorfloat32")


def rows(word: str) -> list[tuple[str, str]]:
    """Return stage and precision of every row of the table whose stage holds a word."""
    return [
        (name, precision)
        for name, stage in gpu_stages.STAGES.items()
        for precision in PRECISIONS
        if word in name and precision in stage.allowed
    ]


def run_rows(word: str, folder: Path) -> None:
    """Run every row on the platform of this process; write numbers and the seconds of a second call."""
    for name, precision in rows(word):
        call = gpu_stages.STAGES[name].prepare(precision)
        numbers = call()
        begin = time.perf_counter()
        call()
        seconds = time.perf_counter() - begin
        np.savez(folder / f"{name} {precision}.npz", numbers=numbers, seconds=seconds)


def run_platform(platform: str, word: str, folder: Path) -> None:
    """Run all rows in a new process that sees one platform only.

    Raises:
        SystemExit: the process failed, in one sentence.
    """
    folder.mkdir()
    environment = os.environ | {"JAX_PLATFORMS": platform, "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    command = [sys.executable, __file__, "--stages", word, "--output", folder]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "Error" in line] or ["see above"]
        sys.exit(
            f"error: the stages failed on {platform}: {said[-1]}\n"
            "Is there a GPU, and was `make env GPU=1` run?"
        )


def compare(word: str, platforms: tuple[str, str]) -> list[str]:
    """Print agreement and throughput of every row; return those that deviate by more than is allowed."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        folders = [Path(folder) / f"{number}_{platform}" for number, platform in enumerate(platforms)]
        for platform, place in zip(platforms, folders, strict=True):
            run_platform(platform, word, place)
        per_second = " ".join(f"{f'{platform} 1/s':>12}" for platform in platforms)
        print(f"{'stage':32}{'products':>15}{'deviation':>11}{'allowed':>9} {per_second}{'ratio':>8}")
        for name, precision in rows(word):
            one, other = (np.load(place / f"{name} {precision}.npz") for place in folders)
            stage = gpu_stages.STAGES[name]
            allowed = stage.allowed[precision]
            scale = np.abs(one["numbers"]).max()
            deviation = float(np.abs(one["numbers"] - other["numbers"]).max() / scale)
            first, second = (stage.items / float(result["seconds"]) for result in (one, other))
            print(
                f"{name:32}{precision:>15}{deviation:11.1e}{allowed:9.0e} "
                f"{first:12.1f} {second:12.1f}{second / first:8.2f}"
            )
            if not deviation <= allowed:
                wrong.append(f"{name} in {precision}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--platforms", nargs=2, default=("cpu", "cuda"))
    parser.add_argument("--stages", default="", help="only stages whose names hold this word")
    parser.add_argument("--output", type=Path, help="run here and write to this folder, for the check itself")
    arguments = parser.parse_args()
    if arguments.output:
        run_rows(arguments.stages, arguments.output)
        return
    begin = time.perf_counter()
    wrong = compare(arguments.stages, tuple(arguments.platforms))
    print(f"{time.perf_counter() - begin:.0f} s")
    if wrong:
        sys.exit(f"error: {', '.join(wrong)} differ between {' and '.join(arguments.platforms)}")
    print(f"every stage agrees between {' and '.join(arguments.platforms)}")


if __name__ == "__main__":
    main()
