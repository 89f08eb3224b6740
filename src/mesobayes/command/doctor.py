# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes doctor`: is this machine ready? Environment, system libraries, disk, GPU, scheduler, profile."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import yaml
from packaging.requirements import Requirement

from mesobayes.command.site import SITE
from mesobayes.command.slurm import prefix_of

_DISK_GB = 5.0  # a whole run at `small` leaves about half of it
_MEMORY_GB = 4.0


class Finding(NamedTuple):
    """One line of the answer: "ok", "note" or "problem", of what, and what to do."""

    level: str
    what: str
    text: str


def doctor() -> int:
    """Print how ready this machine is; 1 if a run would fail."""
    findings = [*environment(), *machine(), *accelerator(), *cluster()]
    for finding in findings:
        print(f"{finding.level:8s}{finding.what:14s}{finding.text}")
    problems = sum(finding.level == "problem" for finding in findings)
    print("ready" if not problems else f"{problems} problems")
    return 1 if problems else 0


def environment() -> Iterator[Finding]:
    """Python, the locked libraries, gmsh."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("ok", "python", f"{version} at {sys.executable}")
    other = differences(Path("envs/requirements.txt").read_text(encoding="utf-8"))
    if other:
        some = ", ".join(other[:4]) + (f" and {len(other) - 4} more" if len(other) > 4 else "")
        yield Finding("note", "lock", f"not as locked: {some}; `make env` installs what is")
    else:
        yield Finding("ok", "lock", "every library as locked")
    gmsh = run(sys.executable, "-c", "import gmsh; print(gmsh.__version__)")
    if gmsh is None:
        yield Finding("problem", "gmsh", "cannot be loaded: `bash envs/check_system.sh gmsh python` says why")
    else:
        yield Finding("ok", "gmsh", gmsh)


def differences(lock: str) -> list[str]:
    """Name the libraries of a lock that are missing here or have another version."""
    found = []
    for line in re.findall(r"^\S+==[^\\\n]+", lock, re.MULTILINE):
        wanted = Requirement(line.strip())
        if wanted.marker is None or wanted.marker.evaluate():
            here = installed(wanted.name)
            if here is None or not wanted.specifier.contains(here, prereleases=True):
                found.append(f"{wanted.name} {here or 'missing'} ({wanted.specifier})")
    return found


def installed(name: str) -> str | None:
    """Return the version of a library, None where it is missing."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def machine() -> Iterator[Finding]:
    """Cores, memory, disk, whether the results folder may be written."""
    yield Finding("ok", "cores", str(os.cpu_count()))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    level = "ok" if memory >= _MEMORY_GB else "note"
    yield Finding(level, "memory", f"{memory:.0f} GB; a job at `small` takes up to {_MEMORY_GB:.0f}")
    folder = Path("results") if Path("results").is_dir() else Path()
    free = shutil.disk_usage(folder).free / 1e9
    level = "ok" if free >= _DISK_GB else "problem"
    yield Finding(level, "disk", f"{free:.0f} GB free in {folder.resolve()}; a run may need {_DISK_GB:.0f}")
    if not os.access(folder, os.W_OK):
        yield Finding("problem", "results", f"{folder.resolve()} may not be written")


def accelerator() -> Iterator[Finding]:
    """The GPU, and whether JAX can use it."""
    card = run("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    if not card:
        yield Finding("note", "gpu", "none: everything runs on the CPU, `paper` takes days")
        return
    code = "import jax; print(jax.devices('gpu')[0])"
    seen = run(sys.executable, "-c", code)
    if seen is None:
        yield Finding("problem", "gpu", f"{card.splitlines()[0]}, but JAX finds none: `make env GPU=1`")
    else:
        yield Finding("ok", "gpu", f"{card.splitlines()[0]}: run with --profile profiles/gpu")


def cluster() -> Iterator[Finding]:
    """Slurm, its plugin, the profile in use."""
    if shutil.which("sbatch") is None:
        yield Finding("note", "scheduler", "no Slurm on this machine")
    else:
        plugin = "snakemake-executor-plugin-slurm"
        if installed(plugin) is None:
            yield Finding("problem", "scheduler", f"Slurm without its plugin: `pip install {plugin}`")
        yield site_finding(SITE)
    profile = Path("profiles/default/config.yaml")
    keys = sorted(yaml.safe_load(profile.read_text(encoding="utf-8")))
    yield Finding("ok", "profile", f"{profile} sets {', '.join(keys)}")


def site_finding(path: Path) -> Finding:
    """Say whether the profile for this cluster is there, and that of this folder."""
    if not path.is_file():
        return Finding("note", "scheduler", "Slurm: `mesobayes site` writes the profile for it")
    prefix = yaml.safe_load(path.read_text(encoding="utf-8"))["slurm-jobname-prefix"]
    if prefix != prefix_of(Path.cwd()):
        return Finding("problem", "scheduler", f"{path} is that of another folder: run `mesobayes site` here")
    return Finding("ok", "scheduler", f"Slurm: run with --profile {path.parent}")


def run(*command: str) -> str | None:
    """Return what a command prints, None where it fails or is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
