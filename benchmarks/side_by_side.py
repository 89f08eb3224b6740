# SPDX-License-Identifier: GPL-3.0-or-later
"""Timing variants of a step that take turns in one run, so that a busy machine slows them alike."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np

from record import Row

HUGE_PAGES = "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=100000000000"
Seconds = tuple[float, float]  # wall, CPU
Step = Callable[[], Seconds]


def restart_with_huge_pages() -> None:
    """Start the script again with the memory settings of a job: they act from the start of a process only."""
    if "GLIBC_TUNABLES" not in os.environ:
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "GLIBC_TUNABLES": HUGE_PAGES})


def threads() -> int:
    """Threads that JAX has here, and that a peer gets."""
    return int(os.environ.get("PJRT_NPROC", os.cpu_count() or 1))


def peer_step(interpreter: str, script: str, *arguments: int) -> Step:
    """Step of a script of `peers/` in another interpreter; it is told the number of threads last."""
    path = Path(__file__).parent / "peers" / script
    process = subprocess.Popen(
        [interpreter, str(path), *map(str, arguments), str(threads())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    requests, answers = process.stdin, process.stdout
    assert requests is not None
    assert answers is not None

    def step() -> Seconds:
        requests.write("step\n")
        requests.flush()
        wall, cpu = map(float, answers.readline().split())
        return wall, cpu

    step()
    return step


def peer_version(interpreter: str, package: str) -> str:
    """Version of a package in another interpreter."""
    ask = f"from importlib.metadata import version; print(version('{package}'))"
    done = subprocess.run([interpreter, "-c", ask], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def loop_step(task: Any, network: Any, settings: Any) -> Step:
    """Step of the training loop, the wait for its loss included; returns wall and CPU seconds."""
    from mesobayes.learning.advance import advance_with
    from mesobayes.learning.step import initial_state, number_of_examples
    from mesobayes.nets.state import split_network

    steps = settings.total_steps(number_of_examples(task.data))
    state = initial_state(settings, steps, *split_network(network)[1:])
    advance, count = advance_with(task, settings, 0, chunks=False), 0

    def step() -> Seconds:
        nonlocal state, count
        start, cpu = time.perf_counter(), time.process_time()
        state, terms, _ = advance(state, count, count + 1)
        terms.block_until_ready()
        count += 1
        return time.perf_counter() - start, time.process_time() - cpu

    step()
    return step


def take_turns(steps: dict[str, Step], rounds: int) -> dict[str, np.ndarray]:
    """(Wall, CPU) seconds of every round of every step, each (round, 2)."""
    seconds: dict[str, list[Seconds]] = {name: [] for name in steps}
    for _ in range(rounds):
        for name, step in steps.items():
            seconds[name].append(step())
    return {name: np.array(values) for name, values in seconds.items()}


def medians(seconds: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Median (wall, CPU) seconds of every step."""
    return {name: np.median(values, axis=0) for name, values in seconds.items()}


def rows_of(seconds: dict[str, np.ndarray], peers: Collection[str]) -> list[Row]:
    """Rows of a record; the steps of peers are theirs."""
    return [
        Row(name, "theirs" if name in peers else "ours", *values.T.tolist())
        for name, values in seconds.items()
    ]


def rates_table(median: dict[str, np.ndarray], batch: int) -> list[str]:
    """Markdown rows of the medians."""
    lines = ["| step | median wall s | samples/s | median CPU s |", "|---|---|---|---|"]
    return lines + [
        f"| {name} | {wall:.3f} | {batch / wall:.1f} | {cpu:.3f} |" for name, (wall, cpu) in median.items()
    ]
