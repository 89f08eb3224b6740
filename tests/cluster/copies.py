# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the repository whose jobs go through Slurm, and what Slurm remembers of them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from mesobayes.command.slurm import cancel, prefix_of, queue_of
from workflow.copies import SMOKE, Checkout, Run, environment

# a cluster of one's own may be asked more often
PROFILE = ("--profile", "profiles/site", "--slurm-status-command", "squeue")
OFTEN = ("--slurm-init-seconds-before-status-checks", "1", "--max-status-checks-per-second", "5")
QUICK = (*PROFILE, *OFTEN, "--latency-wait", "5", *SMOKE)
WAIT = """\
import pathlib, time
begun = pathlib.Path("begun_" + __name__)
first = not begun.exists(){condition}
if first:
    begun.touch()
while first and not pathlib.Path("go").exists():
    time.sleep(0.1)
"""


@dataclass(frozen=True)
class ClusterCopy(Checkout):
    """A copy of the repository with a profile for the Slurm of this machine.

    Attributes:
        started: processes that were started in it.
    """

    started: list[subprocess.Popen] = field(default_factory=list)

    def start(self, *arguments: str) -> subprocess.Popen:
        self.started.append(super().start(*arguments))
        return self.started[-1]

    def stop(self) -> None:
        """End what was started here, and its jobs."""
        for process in self.started:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        cancel(queue_of(self.path))

    def mesobayes(self, *words: str) -> Run:
        command = [sys.executable, "-m", "mesobayes.command.main", *words]
        variables = environment() | {"PYTHONPATH": "src"}
        done = subprocess.run(
            command, cwd=self.path, env=variables, capture_output=True, text=True, timeout=900
        )
        return Run(done.returncode, done.stdout + done.stderr)

    def make_profile(self) -> None:
        made = self.mesobayes("site", "--account", "mine", "--partition", "cpu")
        assert made.code == 0, made.text

    def take_results_of(self, other: Checkout) -> None:
        for name in ("results", ".snakemake"):
            shutil.copytree(other.path / name, self.path / name, symlinks=True)

    def replace(self, name: str, old: str, new: str) -> None:
        """Replace a piece of text that stands in a file once."""
        path = self.path / name
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands in {name} {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def wait_at(self, name: str, line: str, condition: str = "") -> None:
        """Make a stage wait before a line of it, at its first call, until there is a file `go`."""
        margin = line[: len(line) - len(line.lstrip())]
        self.replace(name, line, textwrap.indent(WAIT.format(condition=condition), margin) + line)

    def waits(self, name: str) -> bool:
        """Whether the stage in a file waits, or has waited, for `go`."""
        module = name.removeprefix("src/").removesuffix(".py").replace("/", ".")
        return (self.path / f"begun_{module}").exists()

    def start_word(self, *words: str) -> subprocess.Popen:
        """Start a word of the command `mesobayes` in a session of its own."""
        command = [sys.executable, "-m", "mesobayes.command.main", *words]
        variables = environment() | {"PYTHONPATH": "src"}
        self.started.append(
            subprocess.Popen(
                command, cwd=self.path, env=variables, start_new_session=True, stdout=subprocess.DEVNULL
            )
        )
        return self.started[-1]

    @property
    def jobs(self) -> list[tuple[int, str, str]]:
        """Number, rule and state of all jobs that this copy ever submitted, in order."""
        command = ["squeue", "--noheader", "--states=all", "--format", "%i|%T|%k|%j"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rows = [line.split("|") for line in said.splitlines()]
        mine = [row for row in rows if row[-1].startswith(prefix_of(self.path))]
        return sorted((int(row[0]), re.sub(r"^rule_|_wildcards.*", "", row[2]), row[1]) for row in mine)

    @property
    def states(self) -> list[str]:
        return [state for _, _, state in self.jobs]

    @property
    def queue(self) -> list[str]:
        """States of the jobs that wait or run."""
        return [state for state in self.states if state in ("PENDING", "RUNNING")]


def shown(copy: Checkout, figure: str) -> dict:
    """Return what a figure shows and the settings and code it was made with, without times."""
    content = json.loads((copy.path / figure).with_suffix(".json").read_text("utf-8"))
    return {key: content[key] for key in ("panels", "drawn", "printed", "config_hash", "code_hash")}


def wait_for(condition: Callable[[], object], process: subprocess.Popen, seconds: float = 600.0) -> None:
    """Wait until something holds, as long as a process runs."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.2)
