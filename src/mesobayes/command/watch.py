# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run says beside Snakemake's own words: the time left, and last one sentence for each failed job."""

from __future__ import annotations

import csv
import logging
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from mesobayes.command.status import last_sentence, time_left
from mesobayes.command.workflow import times_of_rules
from mesobayes.record.job import Job

_FAILED_SHOWN = 5


class Watch(logging.Handler):
    """Listens to the events of Snakemake's logger.

    Args:
        scale: whose jobs, done before, tell how long others take.
        cores: how many jobs work at once.
    """

    def __init__(self, scale: str, cores: int):
        super().__init__()
        self.scale, self.cores = scale, cores
        self.means: dict[str, float] = {}
        self.left = Counter[str]()
        self.started: dict[int, dict[str, Any]] = {}
        self.failed: dict[int, dict[str, Any]] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Follow one event; say the time left after each job that is done."""
        facts = vars(record)
        event = str(getattr(facts.get("event"), "value", ""))
        if event == "run_info":
            self.means = times_of_rules(self.scale)
            self.left = Counter({rule: count for rule, count in facts["stats"].items() if rule != "total"})
        elif event == "job_info":
            self.started[facts["jobid"]] = facts
            self.failed.pop(facts["jobid"], None)
        elif event == "job_error":
            self.failed[facts["jobid"]] = facts
        elif event == "job_finished":
            self.finish(self.started.get(facts["job_id"], {}))
        elif event == "progress" and self.left.total():
            logging.getLogger(record.name).info(time_left(self.left, self.means, self.cores))

    def finish(self, job: dict[str, Any]) -> None:
        """Count a job as done; the time that it took stands for all jobs of its rule from now on."""
        rule = job.get("rule_name", "")
        self.left = self.left - Counter([rule])
        seconds = seconds_of(job.get("benchmark"))
        if seconds is not None:
            self.means[rule] = seconds if rule not in self.means else (self.means[rule] + seconds) / 2

    def say_failures(self) -> None:
        """Write one sentence for each failed job, and where its whole log is."""
        for line in failure_lines(list(self.failed.values())):
            print(line, file=sys.stderr)


def failure_lines(failed: list[dict[str, Any]]) -> list[str]:
    """Return the last words about the jobs that failed; none where none did."""
    lines = []
    for job in failed[:_FAILED_SHOWN]:
        log = Path(job["log"][0]) if job["log"] else None
        said = last_sentence(log) if log is not None else None
        name = Job(log, 1).name if log is not None else job["rule_name"]
        if log is not None:
            lines.append(f"the whole log of {name}: {log}")
        lines.append(f"error: {name}: {(said or 'ended without a word').removeprefix('error: ')}")
    if len(failed) > _FAILED_SHOWN:
        lines.append(f"and {len(failed) - _FAILED_SHOWN} more; `mesobayes status` lists them")
    return lines


def seconds_of(benchmark: str | None) -> float | None:
    """Return the wall time in a benchmark file of Snakemake; None where there is none."""
    try:
        with open(str(benchmark), encoding="utf-8", newline="") as file:
            return float(next(csv.DictReader(file, delimiter="\t"))["s"])
    except (OSError, StopIteration, KeyError, ValueError):
        return None
