# SPDX-License-Identifier: GPL-3.0-or-later
"""What a working folder knows of its workflow: outputs and their state, running jobs, times of jobs done."""

from __future__ import annotations

import base64
import binascii
import csv
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from mesobayes.drawing.registry import Registry, read_registry
from mesobayes.record.errors import MesobayesError

_HEADER = "output_file\tdate\trule"
_MISSING = "missing"


@dataclass(frozen=True)
class Output:
    """One file that a rule makes, as Snakemake sees it.

    Attributes:
        file, rule: its path, and the rule of its job.
        status: "ok", "missing", or what has changed since.
        pending: whether Snakemake would make it again.
    """

    file: str
    rule: str
    status: str
    pending: bool

    @property
    def missing(self) -> bool:
        """Whether there is no such file."""
        return self.status == _MISSING


def snakemake(*arguments: str) -> list[str]:
    """Return the command line of Snakemake in this environment."""
    return [sys.executable, "-m", "snakemake", *arguments]


def find_root() -> Path:
    """Return the working folder.

    Raises:
        MesobayesError: there is no Snakefile here.
    """
    if not Path("Snakefile").is_file():
        raise MesobayesError(f"{Path.cwd()} holds no Snakefile: change to the folder of the workflow")
    return Path.cwd()


def registry() -> Registry:
    """Return the targets of the workflow in this folder."""
    return read_registry("workflow/figures.yaml")


def scale_of(asked: str | None) -> str:
    """Return the scale that was asked for, or that of `config.yaml`."""
    return asked or str(yaml.safe_load(Path("config.yaml").read_text(encoding="utf-8"))["scale"])


def outputs_of(targets: Sequence[str], scale: str) -> list[Output]:
    """Ask Snakemake for the state of everything that some targets need; it runs nothing.

    Raises:
        MesobayesError: Snakemake cannot read the workflow; with its last line.
    """
    command = snakemake("--summary", *targets, "--config", f"scale={scale}")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise MesobayesError(lines[-1].removeprefix("error: ") if lines else "snakemake failed")
    return read_summary(done.stdout)


def read_summary(text: str) -> list[Output]:
    """Read the table that `snakemake --summary` prints."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith(_HEADER)), len(lines))
    rows = csv.DictReader(lines[start:], delimiter="\t")
    return [
        Output(row["output_file"], row["rule"], row["status"], row["plan"] != "no update") for row in rows
    ]


def jobs(outputs: Iterable[Output]) -> list[Output]:
    """Return one output of each job.

    Files of a job differ by what follows the first dot of their names; a figure or a table is one job.
    """
    found: dict[tuple[str, ...], Output] = {}
    for output in outputs:
        path = Path(output.file)
        alone = output.rule.startswith(("fig_", "table_"))
        key = (output.rule,) if alone else (output.rule, str(path.with_name(path.name.partition(".")[0])))
        found.setdefault(key, output)
    return list(found.values())


def in_progress(folder: Path = Path(".snakemake/incomplete")) -> list[str]:
    """Return the files that jobs are writing now, or were when they were killed.

    Snakemake keeps a marker for each, named by the file's path in base 64.
    """
    found = []
    for marker in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = "".join(marker.relative_to(folder).parts).replace("@", "")
        try:
            found.append(base64.b64decode(name, altchars=b"-_", validate=False).decode())
        except (binascii.Error, UnicodeDecodeError):
            continue
    return found


def drivers() -> list[int]:
    """Return the processes of Snakemake that work in this folder; empty where the system does not say.

    A job of a cluster may run on this machine too, by a Snakemake of its own: it is no driver.
    """
    here, found = Path.cwd(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = process.joinpath("cmdline").read_bytes().split(b"\0")
            inside = process.joinpath("cwd").resolve() == here
        except OSError:
            continue
        named = any(Path(word.decode(errors="replace")).name == "snakemake" for word in words[:4])
        if inside and named and b"--mode" not in words:
            found.append(int(process.name))
    return sorted(set(found) - {os.getpid()})


def times_of_rules(scale: str) -> dict[str, float]:
    """Return the mean wall time in seconds of the jobs of each rule that have run at a scale."""
    folder, found = Path("results") / scale / "benchmarks", defaultdict(list)
    for path in folder.rglob("*.tsv") if folder.is_dir() else []:
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        if rows:
            found[path.relative_to(folder).parts[0].removesuffix(".tsv")].append(float(rows[0]["s"]))
    return {rule: sum(times) / len(times) for rule, times in found.items()}
