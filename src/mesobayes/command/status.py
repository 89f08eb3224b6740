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
    print(running_line(in_progress(), drivers()))
    failed = failures({output.rule for output in pending}, Path("logs") / scale)
    for path, sentence in failed:
        print(f"failed: {sentence}\n        the whole log: {path}")
    print(time_left(pending, times_of_rules(scale), os.cpu_count() or 1))
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


def failures(rules: Collection[str], logs: Path) -> list[tuple[Path, str]]:
    """Logs of some rules that end with an error, and its sentence; a job that runs again writes them anew."""
    found = []
    for path in sorted(logs.rglob("*.log")):
        if path.relative_to(logs).parts[0].removesuffix(".log") in rules:
            last = path.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
            sentence = next((line for line in reversed(last) if line.startswith("error: ")), None)
            if sentence is not None:
                found.append((path, sentence.removeprefix("error: ")))
    return found


def time_left(pending: Sequence[Output], seconds: Mapping[str, float], cores: int) -> str:
    """Wall time by the mean of each rule's jobs done so far, as if all cores were busy until the end."""
    timed = [seconds[output.rule] for output in pending if output.rule in seconds]
    untimed = {output.rule for output in pending if output.rule not in seconds}
    if not pending:
        return "time left: none"
    known = f"about {in_words(sum(timed) / cores)} on {cores} cores" if timed else "unknown"
    text = f"time left: {known}"
    if untimed:
        count = sum(output.rule in untimed for output in pending)
        text += f"; not counted, as none has run yet: {count} jobs of {', '.join(sorted(untimed))}"
    return text


def in_words(seconds: float) -> str:
    """Seconds, minutes or hours, whichever reads best."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.1f} {unit}" if seconds < 10 * size else f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
