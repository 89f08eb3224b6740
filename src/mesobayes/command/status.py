# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes status`: what is made, stale and why, running, failed with its last line, and the time left."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from mesobayes.command.workflow import (
    Output,
    drivers,
    in_progress,
    jobs,
    outputs_of,
    registry,
    scale_of,
    times_of_rules,
)
from mesobayes.drawing.registry import Registry
from mesobayes.record.job import BEGUN, DONE

_RULES_NAMED = 6


def status(targets: Sequence[str], scale: str | None) -> int:
    """Print the state of some targets, of all by default; 1 if a job has failed."""
    scale = scale_of(scale)
    outputs = outputs_of(targets, scale)
    for line in target_lines(outputs, registry()):
        print(line)
    pending = jobs(output for output in outputs if output.pending)
    print(f"\nscale {scale}: {len(jobs(outputs)) - len(pending)} of {len(jobs(outputs))} jobs done")
    for line in reasons(pending):
        print(line)
    processes = drivers()
    print(running_line(in_progress(), processes))
    failed = failures({output.rule for output in pending}, Path("logs") / scale, bool(processes))
    for path, sentence in failed:
        print(f"failed: {sentence}\n        the whole log: {path}")
    rules = Counter(output.rule for output in pending)
    print(time_left(rules, times_of_rules(scale), os.cpu_count() or 1))
    return 1 if failed else 0


def target_lines(outputs: Sequence[Output], known: Registry) -> list[str]:
    """One line for every target, by paper, and their counts."""
    states = {output.file: output for output in outputs}
    lines, counts = [], Counter[str]()
    for paper, facts in known.papers.items():
        chosen = [
            (target, states[target.files[0]])
            for target in known.targets
            if target.paper == paper and target.files[0] in states
        ]
        if chosen:
            lines += ["", f"{facts['authors']} {facts['year']}"]
        for target, output in chosen:
            what = "made" if not output.pending else "missing" if output.missing else "stale"
            why = f" ({output.status})" if what == "stale" and output.status != "ok" else ""
            lines.append(f"  {what:8s}{target.label:18s}{target.rule}{why}")
            counts[what] += 1
    if not counts:
        return lines
    return [*lines, "", "targets: " + ", ".join(f"{counts[what]} {what}" for what in sorted(counts))]


def reasons(pending: Sequence[Output]) -> list[str]:
    """How many jobs of each rule are to be run, and what has changed for those that were made before."""
    if not pending:
        return ["nothing to be done"]
    rules = Counter(output.rule for output in pending)
    changed = Counter(output.status for output in pending if output.status not in ("ok", "missing"))
    lines = ["to run: " + ", ".join(f"{rule} {count}" for rule, count in rules.most_common())]
    return lines + [f"stale: {status}, {count} jobs" for status, count in changed.most_common()]


def running_line(files: Sequence[str], processes: Sequence[int]) -> str:
    """What is being written, and whether anybody still does."""
    if not files:
        return "running: nothing" + (f" yet (snakemake {processes[0]} is at work)" if processes else "")
    some = ", ".join(files[:4]) + (f" and {len(files) - 4} more" if len(files) > 4 else "")
    if processes:
        return f"running: {some}"
    return f"interrupted: {some}; `mesobayes resume` goes on"


def failures(rules: Collection[str], logs: Path, at_work: bool) -> list[tuple[Path, str]]:
    """Logs of some rules that end with an error, and its sentence; a job that runs again writes them anew.

    A log without an end, while nobody is at work, is that of a job that was killed with the process that
    writes its log.
    """
    found = []
    for path in sorted(logs.rglob("*.log")):
        if path.relative_to(logs).parts[0].removesuffix(".log") in rules:
            sentence = last_sentence(path)
            if sentence is not None:
                found.append((path, sentence.removeprefix("error: ")))
            elif not at_work and was_begun_only(path):
                found.append(
                    (path, "killed with its log's writer: by kill -9, for its memory or time, or a crash")
                )
    return found


def lines_of(log: Path) -> list[str]:
    """The lines of a log, none where there is no such file."""
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def last_sentence(log: Path) -> str | None:
    """The sentence with which a job failed."""
    return next((line for line in reversed(lines_of(log)[-3:]) if line.startswith("error: ")), None)


def was_begun_only(log: Path) -> bool:
    """Whether a log has a beginning and no end."""
    lines = lines_of(log)
    return bool(lines) and lines[0].startswith(BEGUN) and not lines[-1].startswith((DONE, "error: "))


def time_left(left: Mapping[str, int], seconds: Mapping[str, float], cores: int) -> str:
    """Wall time of so many jobs of each rule, by the mean of those done so far, as if all cores were busy.

    A figure or table that was never drawn counts as the mean of all others.
    """
    drawn = [time for rule, time in seconds.items() if is_drawn(rule)]
    usual = {rule: sum(drawn) / len(drawn) for rule in left if drawn and is_drawn(rule)} | dict(seconds)
    timed = sum(count * usual[rule] for rule, count in left.items() if rule in usual)
    untimed = {rule: count for rule, count in left.items() if rule not in usual}
    if not left:
        return "time left: none"
    known = (
        f"about {in_words(timed / cores)} on {cores} core{'s' if cores > 1 else ''}" if timed else "unknown"
    )
    if not untimed:
        return f"time left: {known}"
    count = sum(untimed.values())
    rules = ", ".join(sorted(untimed)[:_RULES_NAMED]) + (", ..." if len(untimed) > _RULES_NAMED else "")
    some = f"{count} job{'s' if count > 1 else ''} of {rules}"
    return f"time left: {known}; not counted, as none has run yet: {some}"


def is_drawn(rule: str) -> bool:
    """Whether a rule draws a figure or a table."""
    return rule.startswith(("fig_", "table_"))


def in_words(seconds: float) -> str:
    """Seconds, minutes or hours, whichever reads best."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}" if seconds < 10 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
