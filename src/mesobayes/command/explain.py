# SPDX-License-Identifier: GPL-3.0-or-later
"""`mesobayes explain <target>`: what it shows, what it needs, and what it costs at each scale."""

from __future__ import annotations

import re
import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from mesobayes.command.status import in_words
from mesobayes.command.workflow import Output, jobs, outputs_of, registry, times_of_rules
from mesobayes.drawing.registry import PrintedValue, Registry, Target
from mesobayes.record.errors import MesobayesError
from mesobayes.record.settings import nearest
from mesobayes.studies.configuration import SCALES


def explain(name: str) -> int:
    """Print everything that is known of a target."""
    known = registry()
    target = find_target(name, known)
    paper = known.papers[target.paper]
    print(f"{target.rule}: {target.title}")
    print(f"{target.label} of {paper['authors']} {paper['year']}, {paper['title']}\n")
    print(textwrap.fill(" ".join(target.caption.split()), 100))
    if target.printed:
        print("\nWhat the paper says, and how ours is compared:")
        for value in target.printed:
            print(f"  {printed_line(value)}")
    print(f"\nFiles: {', '.join(target.files)}")
    for scale in SCALES:
        for line in cost_lines(scale, outputs_of([target.files[0]], scale)):
            print(line)
    return 0


def find_target(name: str, known: Registry) -> Target:
    """Return the target of a slug, a rule or a file. Raises MesobayesError with the nearest name."""
    slug = re.sub(r"^(fig|table)_", "", Path(name).name.split(".")[0])
    for target in known.targets:
        if target.slug == slug:
            return target
    slugs = [target.slug for target in known.targets]
    raise MesobayesError(f"there is no target {name!r}{nearest(slug, slugs)}")


def printed_line(value: PrintedValue) -> str:
    """One printed value and what is compared with it."""
    how = {
        "within": "ours has to be within its tolerance",
        "at_least": "as printed or more",
        "at_most": "as printed or less",
        "equals": "equal",
        "trend": f"a trend, {value.sign}",
        "setting": "a setting of the paper, not compared",
        "misprint": f"a misprint: {value.because}",
        "calibrated": "ours was chosen to meet it, so it is no evidence",
        "hardware": "a time on somebody's machine, not compared",
    }[value.compare]
    number = f" ({value.number})" if value.number else ""
    return f"{value.key} = {value.value}: {how}{number}"


def cost_lines(scale: str, outputs: Sequence[Output]) -> Iterator[str]:
    """Jobs by rule, how many are done, and the time that those of their rules took here."""
    everything = jobs(outputs)
    done = sum(not output.pending for output in everything)
    rules = Counter(output.rule for output in everything)
    yield f"\nscale {scale}: {len(everything)} jobs, {done} done"
    yield textwrap.fill(
        ", ".join(f"{rule} {count}" for rule, count in rules.most_common()),
        100,
        initial_indent="  ",
        subsequent_indent="  ",
    )
    seconds = times_of_rules(scale)
    timed = [seconds[output.rule] for output in everything if output.rule in seconds]
    if timed:
        share = f" for {len(timed)} of them" if len(timed) < len(everything) else ""
        yield f"  measured on this machine: {in_words(sum(timed))} on one core{share}"
    else:
        yield "  no job of it has run in this folder, so no time is known"
