# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of a job: a child process does the work, its parent writes the log and says how it ended.

A process that runs out of memory is killed without a word of its own; the parent says so, with the memory
that was in use and what to do. This module imports no numerical library: thread counts act only when they are
set before the first import.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mesobayes.record.files import why_not_written
from mesobayes.record.logs import console_logging, explain, limit_resources

BEGUN, DONE = "begun ", "done in "  # first words of the first and of the last line of a log
_PARENT_DIES = 1  # PR_SET_PDEATHSIG of Linux


@dataclass(frozen=True)
class Job:
    """What the frame knows of a job: its log, and the threads, GPUs and megabytes that its rule asks for."""

    log: Path
    threads: int
    gpus: int = 0
    mem_mb: int | None = None

    @property
    def rule(self) -> str:
        """Name of its rule."""
        return self.name.split("/")[0]

    @property
    def name(self) -> str:
        """Its rule and what it makes, from its log below ``logs/<scale>``: such as ``fit_model/modern_0``."""
        parts = self.log.with_suffix("").parts
        first = max((i + 2 for i, part in enumerate(parts) if part == "logs"), default=-1)
        return "/".join(parts[first:])


def run_job(body: Callable[[], None], job: Job) -> int:
    """Run a job's body in a child; what it prints goes to the log, and behind its name to the console.

    Returns:
        The exit status of the job: 0, 1 after an exception, whose message is the last line then, or 128 and
        the number of the signal that ended it.
    """
    limit_resources(job.threads, job.gpus)
    begin = time.perf_counter()
    try:
        job.log.parent.mkdir(parents=True, exist_ok=True)
        log = job.log.open("wb", buffering=0)
    except OSError as error:
        say(f"error: {job.log} cannot be written: {why_not_written(error)}\n".encode(), job.name)
        return 1
    write(
        log, f"{BEGUN}{time.strftime('%Y-%m-%d %H:%M:%S')} on {platform.node()}, {asked_for(job)}\n".encode()
    )
    with log:
        child, reader = start(body)
        lines = threading.Thread(target=copy_lines, args=(reader, log, job.name), daemon=True)
        lines.start()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the child by itself
        signal.signal(signal.SIGTERM, lambda number, _: forward(number, child))
        _, ended, usage = os.wait4(child, 0)
        lines.join(timeout=10)
        status, memory = os.waitstatus_to_exitcode(ended), usage.ru_maxrss / 2**20
        seconds = time.perf_counter() - begin
        last = f"{DONE}{seconds:.1f} s, {memory:.2f} GB of memory at most"
        if status < 0:
            last = f"error: {killed(-status, seconds, memory, job)}"
        if status <= 0:
            write(log, f"{last}\n".encode())
            say(f"{last}\n".encode(), job.name)
    return status if status >= 0 else 128 - status


def start(body: Callable[[], None]) -> tuple[int, BinaryIO]:
    """Fork; the child runs the body and exits. Return, in the parent, the child and what it prints."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        os.close(writer)
        return child, os.fdopen(reader, "rb", buffering=0)
    os.close(reader)
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    os.close(writer)
    ctypes.CDLL(None).prctl(_PARENT_DIES, signal.SIGKILL)
    sys.exit(status_of(body))


def asked_for(job: Job) -> str:
    """Return what the rule of a job asks for, in words."""
    memory = "" if job.mem_mb is None else f", {job.mem_mb} MB of memory"
    gpus = f", {job.gpus} GPU" if job.gpus else ""
    return f"asked for {job.threads} thread{'s' if job.threads > 1 else ''}{gpus}{memory}"


def forward(number: int, child: int) -> None:
    """Pass a signal on, unless the child has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, number)


def status_of(body: Callable[[], None]) -> int:
    """Call the body; return 0, or 1 behind the traceback and the one sentence of what it raised."""
    try:
        with console_logging():
            body()
        return 0
    except KeyboardInterrupt:
        last = "error: interrupted"
    except Exception as error:
        sys.stdout.flush()
        traceback.print_exc()
        last = f"error: {explain(error)}"
    finally:
        sys.stdout.flush()
    sys.stderr.write(f"{last}\n")
    return 1


def killed(number: int, seconds: float, memory: float, job: Job) -> str:
    """Return the sentence about a job that a signal ended; memory in GB."""
    name = signal.Signals(number).name
    asked = "" if job.mem_mb is None else f", {job.mem_mb / 1000:.2f} GB asked for"
    used = f"after {seconds:.0f} s with {memory:.2f} GB of memory in use at most{asked}"
    more = 2 * (job.mem_mb or 2000)
    remedy = {
        signal.SIGKILL: "systems do this when memory runs out: run fewer jobs at once (--cores, --jobs), "
        f"or ask for more by --set-resources {job.rule}:mem_mb={more}",
        signal.SIGTERM: "somebody cancelled it, or its time was up: ask for more by --set-resources "
        f"{job.rule}:runtime=<minutes>, or give the same command again to go on",
    }.get(signal.Signals(number), "a compiled library crashed: run it again, alone")
    return f"ended by {name} {used}; {remedy}"


def copy_lines(reader: BinaryIO, log: BinaryIO, name: str) -> None:
    """Copy what a job prints to its log as it is, and to the console in whole lines behind its name."""
    rest = b""
    while chunk := os.read(reader.fileno(), 65536):
        write(log, chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            say(b"\n".join(lines) + b"\n", name)
    if rest:
        say(rest + b"\n", name)


def write(log: BinaryIO, text: bytes) -> None:
    """Write to a log; a disk that is full now may have room for the next line."""
    with contextlib.suppress(OSError):
        log.write(text)


def say(text: bytes, name: str) -> None:
    """Write whole lines to the console, each behind the name of the job."""
    prefix = f"{name} | ".encode()
    with contextlib.suppress(OSError):
        os.write(2, b"".join(prefix + line for line in text.splitlines(keepends=True)))
