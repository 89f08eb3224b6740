# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the repository whose jobs go through Slurm, and what Slurm remembers of them."""

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable

from mesobayes.command.slurm import prefix_of
from workflow.copies import SMOKE, Checkout, Run, environment

# a cluster of one's own may be asked more often
PROFILE = ("--profile", "profiles/site", "--slurm-status-command", "squeue")
OFTEN = ("--slurm-init-seconds-before-status-checks", "1", "--max-status-checks-per-second", "5")
QUICK = (*PROFILE, *OFTEN, "--latency-wait", "5", *SMOKE)
WAIT = """\
    import os, pathlib, time
    while os.environ["MESOBAYES_ATTEMPT"] == "1" and not pathlib.Path("go").exists(){condition}:
        time.sleep(0.1)
"""


class ClusterCopy(Checkout):
    """A copy of the repository with a profile for the Slurm of this machine."""

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
        """Make a stage wait before a line of it, at its first attempt, until there is a file `go`."""
        self.replace(name, line, WAIT.format(condition=condition) + line)

    def start_word(self, *words: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "mesobayes.command.main", *words]
        return subprocess.Popen(
            command, cwd=self.path, env=environment() | {"PYTHONPATH": "src"}, stdout=subprocess.DEVNULL
        )

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
