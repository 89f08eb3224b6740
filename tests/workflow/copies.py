# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the repository, and what one call of snakemake in it said."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PARTS = ("Snakefile", "config.yaml", "workflow", "profiles", "envs", "src", "benchmarks")
SMOKE = ("--config", "scale=smoke")


@dataclass(frozen=True)
class Run:
    """What one call of snakemake said."""

    code: int
    text: str

    @property
    def jobs(self) -> Counter:
        """Number of jobs by rule, from the table that precedes a run."""
        table = re.search(r"^Job stats:\n.*?\n-+.*?\n(.*?)^total", self.text, re.MULTILINE | re.DOTALL)
        rows = [line.split() for line in table[1].splitlines()] if table else []
        return Counter({rule: int(count) for rule, count in rows})

    @property
    def changed(self) -> set[str]:
        """Rules that run because their parameters, code among them, are not those of the last run."""
        changed = r"^ *Job \d+: (\w+):.*\n *Reason: .*Params have changed"  # indented in a group
        return set(re.findall(changed, self.text, re.MULTILINE))

    @property
    def messages(self) -> list[str]:
        """What each job says of itself: its rule and what it makes."""
        return re.findall(r"^ *Job \d+: (.*)$", self.text, re.MULTILINE)


@dataclass(frozen=True)
class Checkout:
    """A copy of the repository.

    Attributes:
        path: its folder.
        first: the run that made what is in it, if one did.
    """

    path: Path
    first: Run | None = None

    def snakemake(self, *arguments: str, timeout: float = 1800, by: tuple[str, ...] = ()) -> Run:
        """Run snakemake, as a child of the command ``by`` if one is given."""
        command = [*by, sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        done = subprocess.run(
            command, cwd=self.path, env=environment(), capture_output=True, text=True, timeout=timeout
        )
        return Run(done.returncode, done.stdout + done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen:
        """Start snakemake in a session of its own, so that it can be killed with all its children."""
        command = [sys.executable, "-m", "snakemake", "--cores", "1", *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(command, cwd=self.path, env=environment(), start_new_session=True, **quiet)

    def python(self, code: str, given: str, timeout: float = 1800) -> subprocess.CompletedProcess[str]:
        """Run Python code on an input, with the package of this copy, and the programs beside Python."""
        programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        further = {"PATH": programs, "PYTHONPATH": str(self.path / "src"), "MPLBACKEND": "agg"}
        return subprocess.run(
            [sys.executable, "-c", code],
            input=given,
            cwd=self.path,
            env=environment() | further,
            capture_output=True,
            text=True,
            timeout=timeout,
        )

    def plan(self, *arguments: str) -> Run:
        run = self.snakemake("--dry-run", *arguments)
        assert run.code == 0, run.text
        return run

    def edit(self, name: str, text: str) -> Callable[[], None]:
        """Append text to a file; return a function that undoes it."""
        path = self.path / name
        before = path.read_bytes()
        path.write_bytes(before + text.encode())
        return lambda: path.write_bytes(before) and None


def environment() -> dict[str, str]:
    """Variables without those that point a job at this checkout's package or at a profile of the user."""
    dropped = ("PYTHONPATH", "SNAKEMAKE_PROFILE", "JAX_COMPILATION_CACHE_DIR", "JAX_PLATFORMS")
    return {name: value for name, value in os.environ.items() if name not in dropped}


def copy_of(source: Path, target: Path) -> Checkout:
    target.mkdir(parents=True, exist_ok=True)
    for name in PARTS:
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source / name, target / name)
    return Checkout(target)
