# SPDX-License-Identifier: GPL-3.0-or-later
"""What Slurm is asked outside of Snakemake: limits of partitions, and the jobs of one folder."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

NAME = "mesobayes"


class Limits(NamedTuple):
    """What one job may have in a partition: minutes, and megabytes of its largest node; None: no limit."""

    minutes: int | None
    mem_mb: int | None


class Asked(NamedTuple):
    """What a job asks for at one of its attempts."""

    job: str
    attempt: int
    partition: str
    minutes: int
    mem_mb: int


class Queued(NamedTuple):
    """A job in the queue: its number, its name, whether it has started, and its rule."""

    number: str
    name: str
    running: bool
    comment: str


def prefix_of(folder: Path) -> str:
    """Return the beginning of the names of the jobs of a folder, which no other folder's jobs have."""
    return f"{NAME}-{hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]}"


def said(*command: str) -> str:
    """Return what a command prints; nothing where it fails or is not there."""
    if shutil.which(command[0]) is None:
        return ""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""


def partition_limits() -> dict[str, Limits]:
    """Return the limits of this cluster's partitions; empty without Slurm."""
    return read_limits(said("sinfo", "--noheader", "--format", "%R %l %m"))


def read_limits(text: str) -> dict[str, Limits]:
    """Read lines such as `cpu 2-00:00:00 64000`, `debug 30:00 64000+`, one for each kind of node."""
    found: dict[str, Limits] = {}
    for line in text.splitlines():
        name, limit, memory = line.split()
        match = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", limit)
        days, hours, minutes = (int(part or 0) for part in match.groups()[:3]) if match else (0, 0, 0)
        mem_mb = int(re.sub(r"\D", "", memory) or 0)
        if name in found:
            mem_mb = max(mem_mb, found[name].mem_mb or 0)
        found[name] = Limits((days * 24 + hours) * 60 + minutes if match else None, mem_mb or None)
    return found


def beyond(asked: Iterable[Asked], limits: Mapping[str, Limits]) -> list[str]:
    """Say which jobs ask for more than their partition gives: they would stay pending for ever."""
    found = []
    for job in asked:
        if limits and job.partition not in limits:
            found.append(
                f"there is no partition {job.partition}: this cluster has {', '.join(sorted(limits))}"
            )
            continue
        limit = limits.get(job.partition, Limits(None, None))
        for amount, most, unit, name in (
            (job.minutes, limit.minutes, "minutes", "runtime"),
            (job.mem_mb, limit.mem_mb, "MB", "mem_mb"),
        ):
            if most is not None and amount > most:
                found.append(
                    f"{job.job} asks for {amount} {unit} at attempt {job.attempt}, partition {job.partition} "
                    f"gives {most}: lower its {name} (set-resources of the profile) or take another one"
                )
    return list(dict.fromkeys(found))


def queue_of(folder: Path) -> list[Queued]:
    """Return the jobs of a folder that wait or run; none without Slurm."""
    return read_queue(said("squeue", "--me", "--noheader", "--format", "%i|%j|%t|%k"), prefix_of(folder))


def read_queue(text: str, prefix: str) -> list[Queued]:
    """Read lines `number|name|state|comment` of the queue, those whose names begin with a prefix."""
    rows = [line.split("|", 3) for line in text.splitlines()]
    return [
        Queued(number, name, state != "PD", comment)
        for number, name, state, comment in rows
        if name.startswith(f"{prefix}_") and state in ("PD", "R", "CG", "CF", "S", "ST")
    ]


def cancel(jobs: Iterable[Queued]) -> None:
    """Take jobs out of the queue, by their numbers."""
    numbers = [job.number for job in jobs]
    if numbers:
        subprocess.run(["scancel", *numbers], check=True)
